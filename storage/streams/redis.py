"""The stream of many nodes: one Redis stream that carries how far the log reaches.

Redis is transport, never truth. While it can't be reached nothing is lost: each node looks at the
log itself, and says in its health that it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import structlog

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = structlog.get_logger(__name__)

# What XREAD returns while the client's `protocol` is left unset.
Entry = tuple[bytes, dict[bytes, bytes]]
Answer = list[tuple[bytes, list[Entry]]]
KEY = "triggerhub:log"
KEEP = 1_000  # entries kept in the stream; only the newest matters
BLOCK_MS = 1_000
RETRY = 1.0  # seconds before a lost Redis is asked again


def key_of(epoch: str) -> str:
    """The stream of the log of this name: two hubs may share one Redis."""
    return f"{KEY}:{epoch}"


class _Unreadable(Exception):
    """Somebody else's entry: what it hides isn't known, so the stream counts as lost."""


def _seq(fields: dict[bytes, bytes]) -> int:
    try:
        return int(fields[b"seq"])
    except (KeyError, ValueError):
        raise _Unreadable("an entry of the stream is none of this hub's") from None


class RedisStream:
    """`url`: redis://host:port/db; `key`: one per log (`key_of`), which all its nodes share."""

    def __init__(self, url: str, *, key: str = KEY) -> None:
        self._url = url
        self._key = key
        self._newest = 0
        self._wake = asyncio.Event()
        self._redis: Redis | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._healthy = False
        self._stopping = False  # the client may swallow a cancellation that meets an answer

    @property
    def healthy(self) -> bool:
        return self._healthy

    async def start(self, heard: Callable[[int], None]) -> None:
        from redis.asyncio import Redis

        self._stopping = False
        self._redis = Redis.from_url(self._url, socket_connect_timeout=2)
        self._tasks = [
            asyncio.create_task(self._listen(heard), name="stream-listen"),
            asyncio.create_task(self._tell(), name="stream-tell"),
        ]

    def announce(self, seq: int) -> None:
        """Told soon; announcements in between are folded into the newest."""
        self._newest = max(self._newest, seq)
        self._wake.set()

    async def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._redis is not None:
            await self._redis.aclose()
            self._redis = None

    async def _tell(self) -> None:
        from redis.exceptions import RedisError

        assert self._redis is not None
        told = 0
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            if self._newest <= told:
                continue
            newest = self._newest
            try:
                await self._redis.xadd(
                    self._key, {"seq": str(newest)}, maxlen=KEEP, approximate=True
                )
                told = newest
            except (RedisError, OSError) as error:
                self._lost(error)
                await asyncio.sleep(RETRY)
                self._wake.set()

    async def _listen(self, heard: Callable[[int], None]) -> None:
        from redis.exceptions import RedisError

        assert self._redis is not None
        after: str | None = None  # where we are in the stream; not known after a loss
        while not self._stopping:
            try:
                if after is None:
                    after, newest = await self._newest_entry()
                    heard(newest)
                    log.info("stream.connected")
                    self._healthy = True
                answer = await self._redis.xread({self._key: after}, count=100, block=BLOCK_MS)
                for _key, entries in cast("Answer", answer or []):
                    after = entries[-1][0].decode()
                    heard(max(_seq(fields) for _id, fields in entries))
            except (RedisError, OSError, _Unreadable) as error:
                self._lost(error)
                after = None
                await asyncio.sleep(RETRY)

    async def _newest_entry(self) -> tuple[str, int]:
        """(id, position of the log) of what was told last; what comes after it isn't missed."""
        assert self._redis is not None
        found = cast("list[Entry]", await self._redis.xrevrange(self._key, count=1))
        return (found[0][0].decode(), _seq(found[0][1])) if found else ("0", 0)

    def _lost(self, error: Exception) -> None:
        if self._healthy:
            log.warning("stream.lost", error=str(error))
        self._healthy = False

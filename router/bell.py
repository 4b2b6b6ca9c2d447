"""Wakes a loop of the router when the log brings what it waits for, or when its time has come.

Owns the listening to the log's tail. Must not know what the loop does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import structlog

from triggerhub.domain.errors import Unavailable
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.ports import LogTail

log = structlog.get_logger(__name__)

SHORTEST = 0.001  # seconds; a loop that is always due lets others run


class Bell:
    """Rings for the loop of this `name` after every batch that holds one `of` these types (None:
    after every one) and, if that isn't enough, an event that is `wanted`.

    `heard` is given each batch of these types before it rings, and None where some were missed.
    """

    def __init__(
        self,
        name: str,
        tail: LogTail,
        *,
        of: Iterable[type[Fact]] | None = None,
        wanted: Callable[[Recorded], bool] | None = None,
        heard: Callable[[Sequence[Recorded] | None], None] | None = None,
    ) -> None:
        self._name = name
        self._tail = tail
        self._of = None if of is None else frozenset(of)
        self._wanted = wanted
        self._heard = heard
        self._rung = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Let the loop look at once."""
        self._rung.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """While inside, what the log brings rings."""
        listener = asyncio.create_task(self._listen(), name=f"{self._name}-listen")
        self._listener = listener
        try:
            yield
        finally:
            self._listener = None
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    async def pause(self, longest: float) -> None:
        """Until it rings, or `longest` seconds. Raises what ended the listening, if anything."""
        try:
            async with asyncio.timeout(max(longest, SHORTEST)):
                await self._rung.wait()
        except TimeoutError:
            pass
        self._rung.clear()
        if self._listener is not None and self._listener.done():
            self._listener.result()

    async def _listen(self) -> None:
        """Until the tail stops; a listener that fell behind looks once and listens on."""
        while True:
            try:
                async for batch in self._tail.subscribe(of=self._of):
                    if self._heard is not None:
                        self._heard(batch)
                    if self._wanted is None or any(map(self._wanted, batch)):
                        self._rung.set()
                return
            except Unavailable as error:
                log.warning("router.missed_events", loop=self._name, reason=str(error))
                if self._heard is not None:
                    self._heard(None)
            # What was missed isn't known. The new subscription is made before the loop can look:
            # nothing is awaited in between.
            self._rung.set()

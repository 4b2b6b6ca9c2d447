"""The line between the two processes of one hub: calls, answers and tidings.

Both ends are the same program, started by one user, and a socket pair is within nobody else's
reach: that is why what goes over it may be pickled. Knows nothing of what is asked.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import structlog

from triggerhub.domain.errors import STOPPING, HubError, Unavailable

log = structlog.get_logger(__name__)

_SIZE = struct.Struct("!Q")
_MANY = 16  # pieces that wait until the loop's turn ends; the other end begins with what is more
_CALL, _ANSWER, _ERROR, _TIDING = range(4)
_Message = tuple[Any, ...]


class Link(asyncio.Protocol):
    """One end. `rooms`: objects whose coroutine methods the other end may call, by name.

    What both ends send in one turn of their loop goes out together.
    """

    def __init__(
        self,
        rooms: Mapping[str, object] | None = None,
        *,
        on_tiding: Callable[[str, Any], None] | None = None,
    ) -> None:
        self.rooms: dict[str, object] = dict(rooms or {})
        self.lost = asyncio.Event()
        self._on_tiding = on_tiding
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._received = bytearray()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._numbers = 0
        self._full = False

    async def call(self, room: str, method: str, *args: Any, **named: Any) -> Any:
        """What `method` of the other end's `room` returns.

        Raises what it raised of ours (HubError, OSError); Unavailable when the line is lost, and
        then it isn't known whether it was carried out; RuntimeError for a bug on the other end.
        """
        if self.lost.is_set():
            raise Unavailable("the hub is stopping", code=STOPPING)
        self._numbers += 1
        number = self._numbers
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._send((_CALL, number, room, method, args, named))
        self._waiting[number] = answer
        try:
            return await answer
        finally:
            self._waiting.pop(number, None)
            # An error's traceback holds this frame, which holds the error: a circle that would
            # keep what was asked with it.
            del answer

    def tell(self, topic: str, value: Any) -> bool:
        """Say it to the other end, unless more waits to be sent than it takes; whether it was."""
        if self._full or self.lost.is_set():
            return False
        self._send((_TIDING, topic, value))
        return True

    def close(self) -> None:
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _send(self, message: _Message) -> None:
        packed = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out += (_SIZE.pack(len(packed)), packed)
        if len(self._out) >= _MANY:
            self._flush()

    def _flush(self) -> None:
        if self._transport is None:
            return  # not yet: it goes with the first that comes after
        out, self._out = self._out, []
        if out and not self._transport.is_closing():
            self._transport.write(b"".join(out))

    # --- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._flush()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        at = 0
        while len(received) - at >= _SIZE.size:
            begin = at + _SIZE.size
            end = begin + _SIZE.unpack_from(received, at)[0]
            if len(received) < end:
                break
            with memoryview(received) as whole:
                message = pickle.loads(whole[begin:end])  # noqa: S301 - see above
            at = end
            self._take(message)
        if at:
            del received[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(Unavailable("the hub is stopping", code=STOPPING))

    def _take(self, message: _Message) -> None:
        kind = message[0]
        if kind == _CALL:
            task = self._loop.create_task(self._serve(*message[1:]))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        elif kind == _TIDING:
            if self._on_tiding is not None:
                self._on_tiding(message[1], message[2])
        else:
            answer = self._waiting.get(message[1])
            if answer is not None and not answer.done():
                if kind == _ANSWER:
                    answer.set_result(message[2])
                else:
                    answer.set_exception(message[2])

    async def _serve(
        self, number: int, room: str, method: str, args: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        try:
            value = await getattr(self.rooms[room], method)(*args, **named)
            self._send((_ANSWER, number, value))
        except (HubError, OSError) as error:
            self._send((_ERROR, number, error))
        except Exception:
            # A bug is logged here, where its traceback is; who asked learns that there was one.
            log.exception("link.call_failed", room=room, method=method)
            self._send((_ERROR, number, RuntimeError(f"{room}.{method} failed")))


class FarRoom:
    """Stands for a room of the other end: whatever coroutine method is called is called there."""

    def __init__(self, link: Link, room: str) -> None:
        self._ask = partial(link.call, room)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._ask, method)

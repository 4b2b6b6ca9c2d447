"""The line between the two processes: what is asked is answered, whatever happens on it."""

from __future__ import annotations

import asyncio
import pickle
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from triggerhub.apart.link import FarRoom, Link
from triggerhub.domain.errors import Conflict, HubError, Invalid, TooMany, Unavailable


@dataclass
class Room:
    going: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[Any] = field(default_factory=list)

    async def echo(self, *args: Any, **named: Any) -> Any:
        self.asked.append((args, named))
        return args, named

    async def fail(self, error: Exception) -> None:
        raise error

    async def wait(self) -> str:
        await self.going.wait()
        return "gone"

    async def unsendable(self) -> Any:
        return lambda: None


@asynccontextmanager
async def joined(
    room: Room, heard: Callable[[str, Any], None] | None = None
) -> AsyncIterator[tuple[Link, Link]]:
    """(the end that asks, the end that has the room)"""
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    near, far = Link(on_tiding=heard), Link({"room": room})
    await loop.create_unix_connection(lambda: near, sock=ours)
    await loop.create_unix_connection(lambda: far, sock=theirs)
    try:
        yield near, far
    finally:
        near.close()
        far.close()


async def test_many_calls_at_once_each_get_their_own_answer() -> None:
    room = Room()
    async with joined(room) as (near, _):
        far = FarRoom(near, "room")
        slow = asyncio.create_task(far.wait())
        answers = await asyncio.gather(*(far.echo(i, key=str(i)) for i in range(500)))
        assert answers == [((i,), {"key": str(i)}) for i in range(500)]
        assert not slow.done()
        room.going.set()
        assert await slow == "gone"


@pytest.mark.parametrize("size", [0, 1, 65_536, 31 * 1024 * 1024])
async def test_content_of_any_size_comes_through(size: int) -> None:
    async with joined(Room()) as (near, _):
        ((back,), _named) = await near.call("room", "echo", b"x" * size)
        assert back == b"x" * size


@pytest.mark.parametrize(
    "error",
    [
        Conflict("gone", code="not_pending"),
        Invalid("no", errors=[("name", "missing")]),
        Unavailable("later", retry_after=timedelta(seconds=7)),
        FileNotFoundError(2, "No such file", "/x"),
    ],
)
async def test_a_refusal_is_raised_as_it_was(error: Exception) -> None:
    async with joined(Room()) as (near, _):
        with pytest.raises(type(error)) as raised:
            await near.call("room", "fail", error)
    assert vars(raised.value) == vars(error)
    assert raised.value.args == error.args


async def test_a_limit_keeps_its_time() -> None:
    async with joined(Room()) as (near, _):
        with pytest.raises(TooMany) as raised:
            await near.call("room", "fail", TooMany("slowly", retry_after=timedelta(seconds=3)))
    assert raised.value.retry_after == timedelta(seconds=3)


@pytest.mark.parametrize(
    ("room", "method", "args"),
    [("room", "fail", (KeyError("bug"),)), ("room", "nothing", ()), ("none", "echo", ()),
     ("room", "unsendable", ())],
)  # fmt: skip
async def test_a_bug_is_logged_where_it_is_and_said_to_who_asked(
    room: str, method: str, args: tuple[Any, ...]
) -> None:
    async with joined(Room()) as (near, _):
        with capture_logs() as lines, pytest.raises(RuntimeError):
            await near.call(room, method, *args)
        assert [line["event"] for line in lines] == ["link.call_failed"]
        assert await near.call("room", "echo", 1) == ((1,), {})


async def test_what_cannot_be_sent_is_refused_at_once_and_hurts_nobody() -> None:
    async with joined(Room()) as (near, _):
        other = asyncio.create_task(near.call("room", "echo", 1))
        with pytest.raises((pickle.PicklingError, AttributeError)):
            await near.call("room", "echo", lambda: None)
        assert await other == ((1,), {})


async def test_whoever_waits_learns_that_the_line_is_lost() -> None:
    async with joined(Room()) as (near, far):
        waiting = asyncio.create_task(near.call("room", "wait"))
        await near.call("room", "echo")
        far.close()
        with pytest.raises(Unavailable):
            await waiting
        assert near.lost.is_set()
        with pytest.raises(Unavailable):
            await near.call("room", "echo")
        assert not near.tell("topic", 1)


async def test_who_stops_waiting_leaves_nothing_behind() -> None:
    room = Room()
    async with joined(room) as (near, _):
        waiting = asyncio.create_task(near.call("room", "wait"))
        await near.call("room", "echo")
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        room.going.set()
        assert await near.call("room", "echo", 2) == ((2,), {})


async def test_tidings_come_in_their_order_among_the_answers() -> None:
    heard: list[tuple[str, Any]] = []
    async with joined(Room(), lambda topic, value: heard.append((topic, value))) as (near, far):
        for number in range(100):
            assert far.tell("committed", number)
        await near.call("room", "echo")
        assert heard == [("committed", number) for number in range(100)]


async def test_an_end_that_is_too_slow_misses_tidings_and_no_answer() -> None:
    heard: list[Any] = []
    async with joined(Room(), lambda _topic, value: heard.append(value)) as (near, far):
        far.pause_writing()
        assert not far.tell("committed", 1)
        assert await near.call("room", "echo") == ((), {})
        far.resume_writing()
        assert far.tell("committed", 2)
        await near.call("room", "echo")
        assert heard == [2]


@given(st.lists(st.binary(max_size=300), max_size=8), st.randoms(use_true_random=False))
def test_pieces_of_any_length_make_the_same_messages(bodies: list[bytes], rng: Any) -> None:
    async def check() -> None:
        heard: list[Any] = []
        sender, receiver = Link(), Link(on_tiding=lambda _topic, value: heard.append(value))
        for body in bodies:
            sender.tell("topic", body)
        stream = b"".join(sender._out)
        while stream:
            size = rng.randint(1, 50)
            receiver.data_received(stream[:size])
            stream = stream[size:]
        assert heard == bodies

    asyncio.run(check())


def test_every_error_of_the_house_can_be_sent() -> None:
    def kinds(kind: type[HubError]) -> list[type[HubError]]:
        return [kind, *(found for sub in kind.__subclasses__() for found in kinds(sub))]

    for kind in kinds(HubError):
        error = kind.__new__(kind)
        HubError.__init__(error, "words", code="special")
        back = pickle.loads(pickle.dumps(error))
        assert (type(back), str(back), back.code) == (kind, "words", "special")

"""What wakes the router's loops, and that it goes on doing so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from router.bell import Bell
from storage import tail
from tests.unit.router.world import World
from triggerhub.domain import events as ev
from triggerhub.domain.events import Fact, Recorded


async def test_a_listener_that_fell_behind_looks_once_and_listens_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "MAX_BACKLOG", 3)
    bell = Bell("test", world.store)
    async with bell.listening():
        await bell.pause(0)
        for _ in range(2):
            configured = [world.user(f"user{n}") for n in range(5)]
            await world.append(*configured)  # one batch, above what a listener may lag
            async with asyncio.timeout(20):
                await bell.pause(3600)
        await world.sms("+15550101")
        async with asyncio.timeout(20):
            await bell.pause(3600)


async def test_what_nobody_wants_wakes_nobody(world: World) -> None:
    heard: list[Sequence[Recorded] | None] = []
    bell = Bell("test", world.store, of=(ev.MessageReceived,), heard=heard.append)
    async with bell.listening():
        await bell.pause(0)
        await world.append(world.user("ann"))
        await world.sms("+15550101")
        async with asyncio.timeout(20):
            await bell.pause(3600)
    (batch,) = heard
    assert batch is not None
    assert [type(item.fact) for item in batch] == [ev.MessageReceived]


class BrokenTail:
    def subscribe(
        self, after: int | None = None, *, of: frozenset[type[Fact]] | None = None
    ) -> AsyncIterator[Sequence[Recorded]]:
        raise KeyError("nobody foresaw this")


async def test_what_ends_the_listening_is_told_to_the_loop() -> None:
    bell = Bell("test", BrokenTail())
    async with bell.listening():
        with pytest.raises(KeyError):
            await bell.pause(0.1)

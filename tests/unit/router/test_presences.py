"""Who is connected when the lead changes hands: nobody's presence dies with another's node."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from router.leader import LEASE, Leader
from router.presences import RouterPresences
from router.resolve.step import Resolver
from tests.unit.router.world import World
from triggerhub.domain import events as ev


def node(world: World, name: str) -> tuple[Leader, RouterPresences]:
    presences = RouterPresences(world.store, world.store)
    leader = Leader(
        world.store, world.store, Resolver(world.channels, world.ids), clock=world.clock,
        ids=world.ids, node=name, on_taking_over=presences.nobody_is_here,
    )  # fmt: skip
    return leader, presences


async def here(world: World) -> set[str]:
    return {u.login for u in await world.store.read(lambda r: r.users()) if u.connected}


async def hired(world: World) -> None:
    await world.hire("ann", "bob", available=False)


async def test_the_first_to_lead_finds_nobody_there(world: World) -> None:
    await hired(world)
    await world.come("user_ann")
    leader, _ = node(world, "a")
    assert await leader.take()
    assert await here(world) == set()
    [gone] = await world.log(ev.AgentDisconnected)
    assert gone.grace_until_at == world.clock.now() + timedelta(seconds=60)


async def test_once_only(world: World) -> None:
    await hired(world)
    leader, presences = node(world, "a")
    assert await leader.take()
    await presences.connected("user_ann")
    assert await leader.step()
    assert await leader.take()
    world.clock.advance(timedelta(seconds=5))
    assert await leader.step()
    assert await here(world) == {"ann"}


async def test_a_node_that_follows_sends_nobody_away(world: World) -> None:
    await hired(world)
    first, at_first = node(world, "a")
    assert await first.take()
    await at_first.connected("user_ann")
    second, _ = node(world, "b")
    assert not await second.take()
    assert not await second.step()
    assert await here(world) == {"ann"}


async def test_who_is_with_a_living_node_is_back_when_another_takes_over(world: World) -> None:
    """Ann's node died with her console, Bob's took over the lead."""
    await hired(world)
    first, at_first = node(world, "a")
    assert await first.take()
    await at_first.connected("user_ann")
    second, at_second = node(world, "b")
    await at_second.connected("user_bob")
    running = asyncio.create_task(at_second.run())
    world.clock.advance(LEASE + timedelta(seconds=1))
    assert await second.step()
    async with asyncio.timeout(20):
        async for _batch in world.store.subscribe(0):
            if [f.agent_id for f in await world.log(ev.AgentConnected)].count("user_bob") == 2:
                break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await here(world) == {"bob"}


async def test_who_left_here_is_not_brought_back(world: World) -> None:
    await hired(world)
    _, presences = node(world, "a")
    await presences.connected("user_ann")
    await presences.disconnected("user_ann")
    await presences._say_who_is_here()
    assert await here(world) == set()


@pytest.mark.parametrize("times", [1, 2])
async def test_the_same_again_is_no_news(world: World, times: int) -> None:
    await hired(world)
    _, presences = node(world, "a")
    before: list[Any] = await world.log(ev.AgentConnected)
    for _ in range(times):
        await presences.connected("user_ann")
    assert len(await world.log(ev.AgentConnected)) == len(before) + 1

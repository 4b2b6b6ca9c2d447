"""Who is connected when the lead changes hands: nobody's presence dies with another's node."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from router.leader import LEASE as LEAD
from router.leader import Leader
from router.presences import LEASE, RouterPresences
from router.resolve.step import Resolver
from tests.unit.router.world import World
from triggerhub.domain import events as ev


def node(world: World, name: str) -> tuple[Leader, RouterPresences]:
    presences = RouterPresences(world.store, world.store, clock=world.clock, node=name)
    leader = Leader(
        world.store, world.store, Resolver(world.channels, world.ids), clock=world.clock,
        ids=world.ids, node=name, on_taking_over=presences.take_stock,
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


async def gone(world: World) -> list[str]:
    """Whoever was marked as gone, each time."""
    return [fact.agent_id for fact in await world.log(ev.AgentDisconnected)]


async def test_who_is_with_a_living_node_stays_when_it_takes_over(world: World) -> None:
    """Ann's node died with her console, Bob's took over the lead."""
    await hired(world)
    first, at_first = node(world, "a")
    assert await first.take()
    await at_first.connected("user_ann")
    second, at_second = node(world, "b")
    await at_second.connected("user_bob")
    world.clock.advance(LEAD + timedelta(seconds=1))
    await at_second._look()
    assert await second.step()
    assert await gone(world) == [], "Ann's node may still live"
    world.clock.advance(LEASE - LEAD)
    await at_second._look()
    assert await gone(world) == ["user_ann"]
    assert await here(world) == {"bob"}


async def test_who_is_with_another_node_stays_when_its_leader_dies(world: World) -> None:
    await hired(world)
    first, at_first = node(world, "a")
    assert await first.take()
    await at_first.connected("user_ann")
    second, at_second = node(world, "b")
    third, _ = node(world, "c")
    await at_second.connected("user_bob")
    world.clock.advance(LEASE + timedelta(seconds=1))
    await at_second._look()
    assert await gone(world) == ["user_ann"]
    assert await third.step()
    assert not await second.step()
    assert await gone(world) == ["user_ann"]
    assert await here(world) == {"bob"}


async def test_a_follower_that_dies_is_noticed_without_a_change_of_lead(world: World) -> None:
    await hired(world)
    first, at_first = node(world, "a")
    assert await first.take()
    _, at_second = node(world, "b")
    await at_second.connected("user_bob")
    for _ in range(3):
        assert await here(world) == {"bob"}
        await at_first._look()
        world.clock.advance(timedelta(seconds=5))
    await at_first._look()
    assert await gone(world) == ["user_bob"]
    assert await world.store.read(lambda reading: reading.consoles()) == []


async def test_who_has_consoles_on_two_nodes_stays_until_both_are_gone(world: World) -> None:
    await hired(world)
    _, at_first = node(world, "a")
    _, at_second = node(world, "b")
    await at_first.connected("user_ann")
    await at_second.connected("user_ann")
    await at_first.disconnected("user_ann")
    assert await here(world) == {"ann"}
    await at_second.disconnected("user_ann")
    assert await gone(world) == ["user_ann"]


async def test_what_a_former_run_of_the_same_name_wrote_holds_nobody(world: World) -> None:
    """One hub on SQLite, killed and started again before its lease has run out."""
    await hired(world)
    first, at_first = node(world, "sqlite")
    assert await first.take()
    await at_first.connected("user_ann")
    again, at_again = node(world, "sqlite")
    assert await again.take()
    assert await here(world) == set()
    await at_again.connected("user_ann")
    assert await again.take()
    assert await here(world) == {"ann"}


async def test_a_node_that_was_taken_for_dead_says_who_is_here(world: World) -> None:
    await hired(world)
    _, at_first = node(world, "a")
    _, at_second = node(world, "b")
    await at_first.connected("user_ann")
    world.clock.advance(LEASE + timedelta(seconds=1))
    await at_second._look()
    assert await here(world) == set()
    running = asyncio.create_task(at_first.run())
    async with asyncio.timeout(20):
        async for _batch in world.store.subscribe(0):
            if len(await world.log(ev.AgentConnected)) == 2:
                break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await here(world) == {"ann"}


async def test_a_node_that_stops_is_not_waited_for(world: World) -> None:
    await hired(world)
    _, at_first = node(world, "a")
    _, at_second = node(world, "b")
    await at_first.connected("user_ann")
    await at_first.release()
    await at_second._look()
    assert await gone(world) == ["user_ann"]


async def test_who_left_here_is_not_brought_back(world: World) -> None:
    await hired(world)
    _, presences = node(world, "a")
    await presences.connected("user_ann")
    await presences.disconnected("user_ann")
    await presences._look()
    assert await here(world) == set()


@pytest.mark.parametrize("times", [1, 2])
async def test_the_same_again_is_no_news(world: World, times: int) -> None:
    await hired(world)
    _, presences = node(world, "a")
    before: list[Any] = await world.log(ev.AgentConnected)
    for _ in range(times):
        await presences.connected("user_ann")
    assert len(await world.log(ev.AgentConnected)) == len(before) + 1


async def test_after_an_outage_nobody_is_sent_away_before_their_node_could_speak(
    world: World,
) -> None:
    """No node could write for a while: all leases have run out, and all nodes live."""
    await hired(world)
    leader, at_first = node(world, "a")
    _, at_second = node(world, "b")
    await at_first.connected("user_ann")
    await at_second.connected("user_bob")
    await at_first._look()
    await at_second._look()
    world.clock.advance(LEASE + timedelta(seconds=1))
    await at_first._look()
    assert await leader.take()
    assert await here(world) == {"ann", "bob"}
    world.clock.advance(timedelta(seconds=5))
    await at_second._look()
    await at_first._look()
    assert await gone(world) == []


async def test_whose_node_died_in_an_outage_is_noticed_at_the_next_look(world: World) -> None:
    await hired(world)
    _, at_first = node(world, "a")
    _, at_second = node(world, "b")
    await at_first.connected("user_ann")
    await at_second.connected("user_bob")
    await at_first._look()
    world.clock.advance(LEASE + timedelta(seconds=1))
    await at_first._look()
    assert await gone(world) == []
    world.clock.advance(timedelta(seconds=5))
    await at_first._look()
    assert await gone(world) == ["user_bob"]

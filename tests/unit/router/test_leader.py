"""One leader, whatever crashes: nothing repeated, nothing skipped, never two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router import reading
from router.leader import Leader
from router.resolve.step import Resolver
from storage.transaction import Transaction
from tests.unit.router.world import MANY, SUPERVISOR, World, world_in
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict


class Killed(Exception):
    """The process ended here."""


async def each_once(world: World) -> None:
    """Every accepted message was resolved exactly once, and its work queued once."""
    received = [f.message_id for f in await world.log(ev.MessageReceived)]
    resolved = [f.message_id for f in await world.log(ev.MessageResolved)]
    assert sorted(resolved) == sorted(received)
    created = [f.interaction_id for f in await world.log(ev.InteractionCreated)]
    queued = await world.log(ev.InteractionQueued)
    assert [f.interaction_id for f in queued if f.reason == "new"] == created


async def test_a_crash_between_any_two_statements_repeats_and_skips_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.hire("ann", "bob")
    await world.settle()
    for number in range(4):
        await world.sms(f"+1555010{number % 3}")
    before = await world.views.head()
    insert = Transaction._insert
    survived = 0
    while True:
        left = survived

        def dying(self: Transaction, *args: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return insert(self, *args)

        monkeypatch.setattr(Transaction, "_insert", dying)
        leader = world.new_leader("n1")
        try:
            await leader.step()
        except Killed:
            assert await world.views.head() == before, "a step is whole or not at all"
            survived += 1
            continue
        finally:
            monkeypatch.setattr(Transaction, "_insert", insert)
        break
    assert survived > 10
    world.leader = world.new_leader("n1")
    await world.settle()
    await each_once(world)
    assert len(await world.offers()) == 2


async def test_a_crash_after_the_commit_repeats_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The position has moved with the facts: whoever starts next goes on from there."""
    await world.hire("ann")
    for number in range(3):
        await world.sms(f"+1555010{number}")
        leader = world.new_leader("n1")
        await leader.step()
    await world.settle()
    await each_once(world)
    assert len(await world.offers()) == 1


@pytest.mark.parametrize("batch", [1, 3, 7])
async def test_a_backlog_larger_than_a_batch(
    world: World, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("router.leader.BATCH", batch)
    await asyncio.gather(*(world.sms(f"+155501{n % 10:02}") for n in range(25)))
    await world.hire("ann", "bob", "cat")
    await world.settle()
    await world.settle()
    received = [f.message_id for f in await world.log(ev.MessageReceived)]
    resolved = [f.message_id for f in await world.log(ev.MessageResolved)]
    assert resolved == received
    assert len(await world.log(ev.InteractionCreated)) == 10
    assert len(await world.offers()) == 3


async def test_a_batch_that_ends_at_the_head_is_decided_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.sms("+15550100")
    await world.settle()
    monkeypatch.setattr("router.leader.BATCH", 3)
    await world.hire("ann")  # three events: configured, connected, presence
    await world.settle()
    await world.leader.step()
    assert len(await world.offers()) == 1


def on_another_node(world: World) -> Leader:
    return Leader(
        world.store, world.store, Resolver(world.channels, world.ids), clock=world.clock,
        ids=world.ids, node="n2",
    )  # fmt: skip


async def test_the_second_waits_while_the_first_leads(world: World) -> None:
    other = on_another_node(world)
    assert await world.leader.step()
    assert not await other.step()
    assert not other.leading.is_set()
    assert other.following
    world.clock.advance(timedelta(seconds=9))
    assert await world.leader.step(), "renews in time"
    world.clock.advance(timedelta(seconds=9))
    assert not await other.step()


async def test_a_leader_that_slept_through_its_lease_is_fenced(world: World) -> None:
    await world.hire("ann")
    await world.settle()
    other = on_another_node(world)
    world.leader._renewed_at = world.clock.now() + timedelta(hours=1)  # it sleeps: no renewal
    world.clock.advance(timedelta(seconds=11))
    assert await other.step()
    await world.sms("+15550100")
    with pytest.raises(Conflict) as refused:
        await world.leader.step()
    assert refused.value.code == "fenced"
    assert await world.log(ev.MessageResolved) == []
    assert await other.step()
    await each_once(world)
    assert len(await world.offers()) == 1


async def test_the_lead_goes_back_and_forth_without_harm(world: World) -> None:
    await world.hire("ann", "bob", "cat")
    nodes = [world.leader, on_another_node(world)]
    for number in range(12):
        await world.sms(f"+155501{number:02}")
        world.clock.advance(timedelta(seconds=1))
        leads = nodes[number % 2]
        await nodes[1 - number % 2].release()
        assert await leads.step()
    await each_once(world)
    assert len(await world.offers()) == 3


@pytest.mark.parametrize("led_by", ["the same node", "another node meanwhile"])
async def test_an_account_that_moves_to_another_queue_is_followed(
    world: World, led_by: str
) -> None:
    """What leads keeps what is configured in memory."""
    await world.sms("+15550100")
    await world.settle()
    other = on_another_node(world)
    if led_by != "the same node":
        await world.leader.release()
        assert await other.step()
    (before,) = [f for f in await world.log(ev.AccountConfigured) if f.account_id == "ac_sms"]
    (queue_id,) = {f.queue_id for f in await world.log(ev.QueueConfigured)} - {before.queue_id}
    await world.append(replace(before, queue_id=queue_id))
    if led_by != "the same node":
        assert await other.step()
        await other.release()
    assert await world.leader.step()
    await world.sms("+15550101")
    assert await world.leader.step()
    queued = [f.queue_id for f in await world.log(ev.InteractionQueued)]
    assert queued == [before.queue_id, queue_id]


async def test_two_leaders_at_once_on_one_database(world: World) -> None:
    """Both run for real, and take over from each other while messages come in."""
    await world.hire("ann", "bob")
    async with world.house.store(ids=world.ids) as second:
        nodes = [
            Leader(
                store, store, Resolver(world.channels, world.ids), clock=world.clock,
                ids=world.ids, node=f"n{n}",
            )
            for n, store in enumerate((world.store, second))
        ]  # fmt: skip
        running = [asyncio.create_task(node.run()) for node in nodes]
        for number in range(30):
            await world.sms(f"+155501{number:02}")
            if number % 10 == 9:
                world.clock.advance(timedelta(seconds=11))
        await _until(world, lambda facts: len(facts) == 30)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    await each_once(world)


async def _until(world: World, done: Callable[[list[Any]], bool]) -> None:
    async with asyncio.timeout(20):
        async for _batch in world.store.subscribe(0):
            if done(await world.log(ev.MessageResolved)):
                return


async def test_a_release_lets_another_lead_at_once(world: World) -> None:
    await world.leader.step()
    await world.leader.release()
    assert await on_another_node(world).step()


async def test_nothing_new_costs_no_event(world: World) -> None:
    await world.hire("ann")
    await world.sms("+15550100")
    await world.settle()
    head = await world.views.head()
    for _ in range(5):
        world.clock.advance(timedelta(seconds=4))
        await world.leader.step()
    assert await world.views.head() == head


async def test_what_was_unreadable_is_shown_and_can_be_read_again(world: World) -> None:
    """A short message that could not be read, replayed: resolved once, by the leader alone."""
    channel = world.channels.pop("sms")
    await world.sms("+15550100")
    await world.settle()
    [unparseable] = await world.log(ev.MessageUnparseable)
    assert await world.views.attention_count() == 1
    world.channels["sms"] = channel
    await world.do(SUPERVISOR, cmd.ReplayAttention(attention_id=unparseable.attention_id))
    assert await world.store.read(lambda r: r.pending(MANY)) == []
    await world.settle()
    await each_once(world)
    assert await world.views.attention_count() == 0


async def test_a_mail_read_by_two_nodes_is_recorded_once(world: World) -> None:
    await world.deliver("email", "ac_mail", {"from": "carol@customer.example"})
    [row] = await world.store.read(lambda r: r.pending(MANY))
    await world.read_mails()
    message = world.channels["email"].read(
        b'{"from": "carol@customer.example"}', None, {"external_id": "ext-1"}
    )
    await reading.record(world.store, row, message)
    await world.settle()
    assert len(await world.log(ev.MessageParsed)) == 1
    await each_once(world)


async def heard(world: World, after: int) -> int:
    """The leader hears what was appended after `after`; up to where."""
    fresh = await world.store.read(lambda r: r.events_after(after, MANY))
    world.leader._hear(fresh)
    return fresh[-1].seq if fresh else after


async def a_day(world: World, *, hears: bool) -> list[tuple[str, str]]:
    """What the leader decided in a day of two agents; a leader that hears reads less."""
    up_to = noted = 0

    async def settle() -> None:
        nonlocal up_to, noted
        while True:
            if hears:
                up_to = await heard(world, up_to)
            assert await world.leader.step()
            noted += world.leader.position > world.leader._kept
            if world.leader.position >= await world.views.head():
                return

    ann, bob = await world.hire("ann", "bob")
    await settle()
    for number in range(3):
        await world.sms(f"+1555010{number}")
        await settle()
    mine = await world.take(ann)
    await settle()
    await world.do(bob, cmd.SetPresence(presence="break"))
    await settle()
    world.clock.advance(timedelta(seconds=1))
    await world.do(ann, cmd.CloseInteraction(interaction_id=mine))
    await settle()
    world.clock.advance(timedelta(seconds=31))
    await settle()
    await world.sms("+15550100")
    await world.sms("+15550109")
    await settle()
    assert hears == (noted > 0)
    return [(fact.TYPE, getattr(fact, "agent_id", "")) for fact in await world.log()]


async def test_a_leader_that_hears_decides_as_one_that_reads(tmp_path: Path) -> None:
    async with world_in(tmp_path / "reads") as reading_one:
        read = await a_day(reading_one, hears=False)
    async with world_in(tmp_path / "hears") as hearing_one:
        assert await a_day(hearing_one, hears=True) == read


async def test_what_the_leader_missed_is_read(world: World) -> None:
    """Its listener fell behind: what it heard before says nothing about the rest."""
    await world.settle()
    await heard(world, 0)
    await world.sms("+15550100")
    world.leader._hear(None)
    assert await world.leader.step()
    await each_once(world)


async def test_a_gap_in_what_was_heard_is_read(world: World) -> None:
    await world.settle()
    await heard(world, await world.views.head())
    await world.sms("+15550100")
    before = await world.views.head()
    await world.hire("ann")
    await world.sms("+15550101")
    await heard(world, before)
    assert await world.leader.step()
    await each_once(world)

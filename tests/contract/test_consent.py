"""Who wants no more messages of an account gets none: by their own word, or by the carrier's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agent_console.live.touched import touched
from storage.rebuild import rebuild
from tests.contract.houses import House
from tests.unit.router.world import World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, OptedOut
from triggerhub.domain.permissions import Actor

CUSTOMER = "+447700900123"
SECOND = ev.AccountConfigured(
    account_id="ac_sms2", channel="sms", name="ac_sms2", addresses=("+15550198",),
    queue_id="q_sales", options={}, secret_content=None, managed_by="test",
)  # fmt: skip


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


async def in_hand(world: World) -> tuple[Actor, Any]:
    """An agent, and the piece of work of a customer who has written to two of our numbers."""
    await world.append(SECOND)
    [ann] = await world.hire("ann", capacity={"sms": 2})
    await world.deliver("sms", "ac_sms2", {"from": CUSTOMER, "text": "Hello"})
    await world.sms(CUSTOMER)
    await world.settle()
    for offer in await world.offers():
        await world.do(ann, cmd.AcceptOffer(offer_id=offer.id))
    [row] = [row for row in await world.open() if row.account_id == "ac_sms"]
    return ann, row


async def write(world: World, ann: Actor, row: Any, account_id: str = "ac_sms") -> str:
    command = cmd.SendMessage(
        interaction_id=row.id, channel="sms", account_id=account_id, identity_id=row.identity_id,
        text="Soon.",
    )  # fmt: skip
    return str((await world.do(ann, command))["message_id"])


async def ways(world: World, row: Any) -> dict[str, str | None]:
    """Why each account's way is closed, None where it is open."""
    card = await world.views.card(row.customer_id)
    assert card is not None
    assert all(way["open"] == (way["reason"] is None) for way in card["reply_ways"])
    return {
        way["account_id"]: way["reason"] for way in card["reply_ways"] if way["channel"] == "sms"
    }


async def refused(world: World, ann: Actor, command: cmd.Command) -> str:
    with pytest.raises(Conflict) as caught:
        await world.do(ann, command)
    return caught.value.code


async def test_stop_closes_the_way_and_start_opens_it(world: World) -> None:
    ann, row = await in_hand(world)
    assert await ways(world, row) == {"ac_sms": None, "ac_sms2": None}
    head = await world.views.head()
    for _ in range(2):
        await world.sms(CUSTOMER, "STOP", consent="stop")
    await world.settle()
    assert await ways(world, row) == {"ac_sms": "opted_out", "ac_sms2": None}
    assert row.customer_id in touched(await world.views.facts(head, 100)).cards
    with pytest.raises(Conflict) as caught:
        await write(world, ann, row)
    assert caught.value.code == "opted_out"
    await write(world, ann, row, account_id="ac_sms2")
    await world.sms(CUSTOMER, "START", consent="start")
    await world.settle()
    assert await ways(world, row) == {"ac_sms": None, "ac_sms2": None}
    await write(world, ann, row)
    facts = await world.log(ev.IdentityOptedOut, ev.IdentityOptedIn)
    assert [(type(f), f.identity_id, f.account_id, f.why) for f in facts] == [
        (ev.IdentityOptedOut, row.identity_id, "ac_sms", "stop"),
        (ev.IdentityOptedIn, row.identity_id, "ac_sms", "start"),
    ]


async def test_both_words_in_one_batch_are_taken_in_their_order(world: World) -> None:
    _ann, row = await in_hand(world)
    for consent in ("stop", "start", "stop"):
        await world.sms(CUSTOMER, consent, consent=consent)
    await world.settle()
    assert await ways(world, row) == {"ac_sms": "opted_out", "ac_sms2": None}
    assert len(await world.log(ev.IdentityOptedOut)) == 2


@pytest.mark.parametrize("first", ["report", "start"])
async def test_a_carriers_word_and_a_start_in_one_batch_are_taken_in_their_order(
    world: World, first: str
) -> None:
    ann, row = await in_hand(world)
    message_id = await write(world, ann, row)
    await world.send()

    async def reported() -> None:
        await world.report(f"ref-{message_id}-1", "failed", opted_out=True)

    async def started() -> None:
        await world.sms(CUSTOMER, "START", consent="start")

    for step in (reported, started) if first == "report" else (started, reported):
        await step()
    await world.settle()
    closed = "opted_out" if first == "start" else None
    assert await ways(world, row) == {"ac_sms": closed, "ac_sms2": None}
    facts = await world.log(ev.IdentityOptedOut, ev.IdentityOptedIn)
    assert [fact.why for fact in facts] == (["carrier"] if closed else ["carrier", "start"])


async def test_a_carriers_word_after_a_stop_and_before_a_start_changes_nothing(
    world: World,
) -> None:
    ann, row = await in_hand(world)
    message_id = await write(world, ann, row)
    await world.send()
    await world.sms(CUSTOMER, "STOP", consent="stop")
    await world.report(f"ref-{message_id}-1", "failed", opted_out=True)
    await world.sms(CUSTOMER, "START", consent="start")
    await world.settle()
    assert await ways(world, row) == {"ac_sms": None, "ac_sms2": None}
    facts = await world.log(ev.IdentityOptedOut, ev.IdentityOptedIn)
    assert [fact.why for fact in facts] == ["stop", "start"]


async def test_a_start_without_a_stop_changes_nothing(world: World) -> None:
    await in_hand(world)
    await world.sms(CUSTOMER, "Yes", consent="start")
    await world.settle()
    assert await world.log(ev.IdentityOptedOut, ev.IdentityOptedIn) == []


async def test_a_word_that_is_not_proven_closes_nothing(world: World) -> None:
    _ann, row = await in_hand(world)
    await world.sms(CUSTOMER, "STOP", consent="stop", proof="")
    await world.settle()
    assert await ways(world, row) == {"ac_sms": None, "ac_sms2": None}


@pytest.mark.parametrize("how", ["refused", "reported"])
async def test_the_carriers_refusal_closes_the_way(world: World, how: str) -> None:
    ann, row = await in_hand(world)
    message_id = await write(world, ann, row)
    if how == "refused":
        world.channels["sms"].outcomes.append(OptedOut("unsubscribed", code="twilio.21610"))
    await world.send()
    if how == "reported":
        await world.report(f"ref-{message_id}-1", "failed", opted_out=True)
        await world.settle()
    assert await ways(world, row) == {"ac_sms": "opted_out", "ac_sms2": None}
    [fact] = await world.log(ev.IdentityOptedOut)
    assert (fact.account_id, fact.why) == ("ac_sms", "carrier")
    assert await refused(world, ann, cmd.RetryMessage(message_id=message_id)) == "opted_out"


async def test_what_was_on_its_way_closes_it_once(world: World) -> None:
    ann, row = await in_hand(world)
    await write(world, ann, row)
    await write(world, ann, row)
    world.channels["sms"].outcomes += [OptedOut("unsubscribed"), OptedOut("unsubscribed")]
    await world.send()
    assert len(await world.log(ev.MessageFailed)) == 2
    assert len(await world.log(ev.IdentityOptedOut)) == 1


async def test_a_fold_of_the_log_gives_the_same(world: World) -> None:
    _ann, row = await in_hand(world)
    await world.sms(CUSTOMER, "STOP", consent="stop")
    await world.deliver("sms", "ac_sms2", {"from": CUSTOMER, "text": "STOP", "consent": "stop"})
    await world.settle()
    await world.sms(CUSTOMER, "START", consent="start")
    await world.settle()
    assert await ways(world, row) == {"ac_sms": None, "ac_sms2": "opted_out"}
    report = await asyncio.to_thread(rebuild, world.house.database(), world.store.kit)
    assert report.differences == ()

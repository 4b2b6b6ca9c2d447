"""What agents send leaves once: `sending` before the attempt, its end after it, nothing resent."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from router.delivery.outbox import WAITS
from tests.unit.router.sending import attempt, in_hand, outbox_of, shown, state, write
from tests.unit.router.world import World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Ambiguous, Conflict, HubError, Rejected, Unavailable
from triggerhub.domain.model.message import Account, OutboundMessage, SendOutcome


async def test_a_message_waits_for_the_undo_then_leaves_once(world: World) -> None:
    message_id = await write(world, *await in_hand(world))
    outbox = await outbox_of(world)
    await attempt(world, outbox)
    assert world.channels["sms"].sent == []
    world.clock.advance(timedelta(seconds=5))
    await attempt(world, outbox)
    await attempt(world, outbox)
    [sent] = world.channels["sms"].sent
    assert (sent.message_id, sent.attempt, sent.text) == (message_id, 1, "On its way.")
    assert (sent.to.kind, sent.to.address) == ("phone", "+15550100")
    assert await state(world, message_id) == "sent"
    assert (await shown(world, message_id))["state"] == "sent"


async def test_sending_is_committed_before_the_attempt(world: World) -> None:
    message_id = await write(world, *await in_hand(world))
    seen: list[str | None] = []

    async def send(message: OutboundMessage, account: Account) -> SendOutcome:
        seen.append(await state(world, message.message_id))
        assert (await world.log(ev.MessageSending))[-1].message_id == message_id
        return SendOutcome(reference="r")

    world.channels["sms"].send = send  # type: ignore[method-assign]
    world.clock.advance(timedelta(seconds=5))
    await attempt(world, await outbox_of(world))
    assert seen == ["sending"]


@pytest.mark.parametrize(
    ("outcome", "ends", "attention"),
    [
        (SendOutcome(reference="r"), "sent", None),
        (SendOutcome(reference="r", state="delivered"), "delivered", None),
        (Rejected("no such number", code="21211"), "failed", "send_failed"),
        (Ambiguous("connection lost after DATA"), "unknown", "send_unknown"),
        (Unavailable("busy"), "queued", None),
    ],
)
async def test_how_an_attempt_can_end(
    world: World, outcome: SendOutcome | HubError, ends: str, attention: str | None
) -> None:
    message_id = await write(world, *await in_hand(world))
    world.channels["sms"].outcomes.append(outcome)
    world.clock.advance(timedelta(seconds=5))
    await attempt(world, await outbox_of(world))
    assert await state(world, message_id) == ends
    entry = await shown(world, message_id)
    assert entry["state"] == ends
    items = (await world.views.attention(state="open", after=None, limit=10))["items"]
    assert [item["kind"] for item in items] == ([attention] if attention else [])


async def test_the_times_between_attempts_grow_and_end(world: World) -> None:
    message_id = await write(world, *await in_hand(world))
    outbox = await outbox_of(world)
    world.clock.advance(timedelta(seconds=5))
    for number, wait in enumerate(WAITS):
        world.channels["sms"].outcomes.append(Unavailable("busy"))
        await attempt(world, outbox)
        assert len(world.channels["sms"].sent) == number + 1
        world.clock.advance(wait - timedelta(seconds=1))
        await attempt(world, outbox)
        assert len(world.channels["sms"].sent) == number + 1, "not before its time"
        world.clock.advance(timedelta(seconds=1))
    world.clock.advance(timedelta(hours=24))
    world.channels["sms"].outcomes.append(Unavailable("busy"))
    await attempt(world, outbox)
    assert await state(world, message_id) == "failed"
    attempts = [f.attempt for f in await world.log(ev.MessageSending)]
    assert attempts == list(range(1, len(WAITS) + 2))


async def test_a_provider_may_ask_for_more_patience(world: World) -> None:
    message_id = await write(world, *await in_hand(world))
    world.clock.advance(timedelta(seconds=5))
    world.channels["sms"].outcomes.append(
        Unavailable("slow down", retry_after=timedelta(minutes=7))
    )
    await attempt(world, await outbox_of(world))
    row = await world.store.read(lambda r: r.outbox(message_id))
    assert row is not None
    assert row.next_at == world.clock.now() + timedelta(minutes=7)


async def crash_while_sending(world: World) -> str:
    """The claim commits, then the process is gone."""
    message_id = await write(world, *await in_hand(world))
    world.clock.advance(timedelta(seconds=5))
    await world.store.run(
        lambda unit: unit.append(
            ev.MessageSending(message_id=message_id, attempt=1), actor="system:delivery"
        )
    )
    return message_id


async def test_after_a_crash_an_attempt_is_unknown_and_never_resent(world: World) -> None:
    message_id = await crash_while_sending(world)
    outbox = await outbox_of(world)
    await outbox._reconcile()
    assert await state(world, message_id) == "unknown"
    world.clock.advance(timedelta(hours=5))
    await attempt(world, outbox)
    assert world.channels["sms"].sent == []
    assert await world.views.attention_count() == 1


async def test_after_a_crash_the_provider_is_asked(world: World) -> None:
    message_id = await crash_while_sending(world)
    world.channels["sms"].found = SendOutcome(reference="SM77", state="delivered")
    await (await outbox_of(world))._reconcile()
    assert await state(world, message_id) == "delivered"
    assert world.channels["sms"].sent == []


async def test_reconciling_leaves_attempts_under_way_alone(world: World) -> None:
    message_id = await write(world, *await in_hand(world))
    outbox = await outbox_of(world)
    go = asyncio.Event()

    async def send(message: OutboundMessage, account: Account) -> SendOutcome:
        await go.wait()
        return SendOutcome(reference="r")

    world.channels["sms"].send = send  # type: ignore[method-assign]
    world.clock.advance(timedelta(seconds=5))
    await outbox._send_due()
    await outbox._reconcile()
    assert await state(world, message_id) == "sending"
    go.set()
    await outbox.drain()
    assert await state(world, message_id) == "sent"


async def test_an_unknown_end_is_settled_by_a_report(world: World) -> None:
    message_id = await crash_while_sending(world)
    await (await outbox_of(world))._reconcile()
    await world.report("SM9", "delivered", message_id=message_id)
    await world.settle()
    assert await state(world, message_id) == "delivered"


async def sent(world: World) -> tuple[str, str]:
    message_id = await write(world, *await in_hand(world))
    world.clock.advance(timedelta(seconds=5))
    await attempt(world, await outbox_of(world))
    return message_id, f"ref-{message_id}-1"


async def test_reports_move_a_message_forward_never_back(world: World) -> None:
    message_id, reference = await sent(world)
    states = []
    for word in ("delivered", "sent", "sending", "read", "delivered", "failed"):
        await world.report(reference, word)
        await world.settle()
        states.append(await state(world, message_id))
    assert states == ["delivered", "delivered", "delivered", "read", "read", "read"]
    rules = [f.rule for f in await world.log(ev.StatusSetAside)]
    assert rules == ["not_news"] * 4


async def test_reports_in_one_batch_are_taken_in_order(world: World) -> None:
    message_id, reference = await sent(world)
    for word in ("read", "delivered", "sent"):
        await world.report(reference, word)
    await world.settle()
    assert await state(world, message_id) == "read"


async def test_a_report_may_overtake_the_answer_to_our_request(world: World) -> None:
    message_id = await write(world, *await in_hand(world))

    async def send(message: OutboundMessage, account: Account) -> SendOutcome:
        await world.report("SM5", "delivered", message_id=message_id)
        await world.settle()
        return SendOutcome(reference="SM5")

    world.channels["sms"].send = send  # type: ignore[method-assign]
    world.clock.advance(timedelta(seconds=5))
    await attempt(world, await outbox_of(world))
    assert await state(world, message_id) == "delivered"
    await world.report("SM5", "read")
    await world.settle()
    assert await state(world, message_id) == "read"


@pytest.mark.parametrize("error", [Unavailable("busy"), Ambiguous("lost"), Rejected("no")])
async def test_what_is_known_as_delivered_is_not_sent_again(world: World, error: HubError) -> None:
    """The provider's word during the attempt stands, whatever the attempt itself says."""
    message_id = await write(world, *await in_hand(world))

    async def send(message: OutboundMessage, account: Account) -> SendOutcome:
        await world.report("SM5", "delivered", message_id=message_id)
        await world.settle()
        raise error

    world.channels["sms"].send = send  # type: ignore[method-assign]
    world.clock.advance(timedelta(seconds=5))
    outbox = await outbox_of(world)
    await attempt(world, outbox)
    world.clock.advance(timedelta(days=1))
    await attempt(world, outbox)
    assert await state(world, message_id) == "delivered"
    assert len(await world.log(ev.MessageSending)) == 1


async def test_a_report_on_nothing_of_ours_is_set_aside(world: World) -> None:
    await world.report("SM404", "delivered")
    await world.settle()
    assert [f.rule for f in await world.log(ev.StatusSetAside)] == ["unknown_message"]


async def test_a_cancelled_message_never_leaves(world: World) -> None:
    agent, interaction_id, identity_id = await in_hand(world)
    message_id = await write(world, agent, interaction_id, identity_id)
    world.clock.advance(timedelta(seconds=4))
    await world.do(agent, cmd.CancelMessage(message_id=message_id))
    world.clock.advance(timedelta(hours=1))
    await attempt(world, await outbox_of(world))
    assert world.channels["sms"].sent == []
    card = await world.views.conversation((await shown(world, message_id))["conversation_id"])
    assert card is not None
    assert message_id not in [e["id"] for e in card["entries"]["items"]]


async def test_what_is_on_its_way_cannot_be_cancelled(world: World) -> None:
    agent, interaction_id, identity_id = await in_hand(world)
    message_id = await write(world, agent, interaction_id, identity_id)
    world.clock.advance(timedelta(seconds=5))
    await attempt(world, await outbox_of(world))
    with pytest.raises(Conflict) as refused:
        await world.do(agent, cmd.CancelMessage(message_id=message_id))
    assert refused.value.code == "already_sending"


async def test_a_retry_is_a_message_of_its_own(world: World) -> None:
    agent, interaction_id, identity_id = await in_hand(world)
    message_id = await write(world, agent, interaction_id, identity_id)
    world.channels["sms"].outcomes.append(Rejected("no"))
    world.clock.advance(timedelta(seconds=5))
    outbox = await outbox_of(world)
    await attempt(world, outbox)
    result = await world.do(agent, cmd.RetryMessage(message_id=message_id))
    await attempt(world, outbox)
    assert await state(world, message_id) == "failed"
    assert await state(world, result["message_id"]) == "sent"
    assert await world.views.attention_count() == 0


async def test_a_note_can_never_be_sent(world: World) -> None:
    """No sender knows notes: nothing in the outbox, nothing sent, retried or cancelled."""
    agent, _interaction_id, _identity_id = await in_hand(world)
    [row] = await world.open()
    result = await world.do(
        agent, cmd.AddNote(conversation_id=row.conversation_id, text="VIP, be kind")
    )
    world.clock.advance(timedelta(days=1))
    await attempt(world, await outbox_of(world))
    assert world.channels["sms"].sent == []
    for command in (
        cmd.RetryMessage(message_id=result["entry_id"]),
        cmd.CancelMessage(message_id=result["entry_id"]),
    ):
        with pytest.raises(HubError):
            await world.do(agent, command)
    entry = await shown(world, result["entry_id"])
    assert (entry["kind"], entry["direction"], entry["state"]) == ("note", "none", "recorded")
    assert await world.log(ev.MessageQueued) == []


async def test_it_runs_by_itself_when_something_is_due(world: World) -> None:
    agent, interaction_id, identity_id = await in_hand(world)
    outbox = await outbox_of(world)
    running = asyncio.create_task(outbox.run())
    world.clock.advance(timedelta(seconds=10))
    world.desk._options = type(world.desk._options)(undo=timedelta())
    async with asyncio.timeout(10):
        message_id = await write(world, agent, interaction_id, identity_id)
        async for batch in world.store.subscribe(0):
            if any(isinstance(r.fact, ev.MessageSent) for r in batch):
                break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await state(world, message_id) == "sent"

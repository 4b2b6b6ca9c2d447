"""What people ask for: allowed, possible, and done once."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from router.desk import HANDLERS
from tests.unit.router.world import SUPERVISOR, World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.commands import command_names, command_type
from triggerhub.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from triggerhub.domain.permissions import Actor, Role

NOBODY = Actor(id="token:1", role="integration")


def test_every_command_has_a_handler() -> None:
    assert {command_type(name) for name in command_names()} == set(HANDLERS)


async def in_hand(world: World) -> tuple[Actor, Actor, Any]:
    """(the holder, an agent of another queue, the interaction)."""
    [ann] = await world.hire("ann", queues=("q_sales",))
    [eve] = await world.hire("eve", queues=("q_help",))
    await world.sms("+15550101")
    await world.settle()
    work = await world.take(ann)
    return ann, eve, next(row for row in await world.open() if row.id == work)


def about(row: Any) -> list[cmd.Command]:
    """Every command on one interaction."""
    i = row.id
    return [
        cmd.WrapUp(interaction_id=i),
        cmd.Hold(interaction_id=i),
        cmd.Unhold(interaction_id=i),
        cmd.CloseInteraction(interaction_id=i),
        cmd.ParkInteraction(interaction_id=i),
        cmd.ResumeInteraction(interaction_id=i),
        cmd.TransferInteraction(interaction_id=i, queue_id="q_help"),
        cmd.SetAside(interaction_id=i, rule="spam"),
        cmd.MarkRead(interaction_id=i, seq=1),
        cmd.SendMessage(
            interaction_id=i, channel="sms", account_id="ac_sms", identity_id=row.identity_id,
            text="x",
        ),
    ]  # fmt: skip


async def test_foreign_work_does_not_exist(world: World) -> None:
    _ann, eve, row = await in_hand(world)
    head = await world.views.head()
    for command in [*about(row), cmd.AddNote(conversation_id=row.conversation_id, text="x")]:
        with pytest.raises(NotFound):
            await world.do(eve, command)
        with pytest.raises(NotFound):
            await world.do(eve, type(command)(**_elsewhere(command)))
    assert await world.views.head() == head


def _elsewhere(command: cmd.Command) -> dict[str, Any]:
    """The same about something that isn't there: the answer must not differ."""
    values = {f.name: getattr(command, f.name) for f in fields(command)}
    key = "interaction_id" if "interaction_id" in values else "conversation_id"
    return {**values, key: "in_404"}


async def test_a_colleague_of_the_same_queue_reads_but_does_not_act(world: World) -> None:
    _ann, _eve, row = await in_hand(world)
    [bob] = await world.hire("bob", queues=("q_sales",))
    for command in about(row):
        with pytest.raises(Forbidden):
            await world.do(bob, command)


async def test_only_supervisors_steer(world: World) -> None:
    ann, _eve, row = await in_hand(world)
    for command in (
        cmd.AssignInteraction(interaction_id=row.id, agent_id=ann.id),
        cmd.RequeueInteraction(interaction_id=row.id),
        cmd.SetAgentPresence(agent_id=ann.id, presence="break"),
        cmd.DismissAttention(attention_id="at_1"),
        cmd.ReplayAttention(attention_id="at_1"),
    ):
        for actor in (ann, NOBODY):
            with pytest.raises(Forbidden):
                await world.do(actor, command)


async def test_an_integration_acts_on_nothing(world: World) -> None:
    _ann, _eve, row = await in_hand(world)
    for command in [*about(row), cmd.SetPresence(presence="available"), cmd.TakeNext()]:
        with pytest.raises(Forbidden):
            await world.do(NOBODY, command)


@pytest.mark.parametrize("role", ["supervisor", "admin", "integration"])
async def test_a_token_is_nobody_who_writes_or_is_present(world: World, role: Role) -> None:
    """Plainly refused, and not told of an agent who isn't there."""
    _ann, _eve, row = await in_hand(world)
    token = Actor(id="token:tok_1", role=role)
    note = cmd.AddNote(conversation_id=row.conversation_id, text="Careful")
    own = [cmd.SetPresence(presence="available"), cmd.ClearStatus(), cmd.TakeNext()]
    for command in (note, *own, about(row)[-1]):
        with pytest.raises(Forbidden) as refused:
            await world.do(token, command)
        if role != "integration" or command is note:
            assert refused.value.code == "needs_person", command


async def test_closed_work_is_left_alone(world: World) -> None:
    ann, _eve, row = await in_hand(world)
    await world.do(ann, cmd.CloseInteraction(interaction_id=row.id, code="solved"))
    for command in about(row):
        if isinstance(command, cmd.MarkRead):
            continue
        with pytest.raises(Conflict):
            await world.do(ann, command)
    for steering in (
        cmd.AssignInteraction(interaction_id=row.id, agent_id=ann.id),
        cmd.RequeueInteraction(interaction_id=row.id),
    ):
        with pytest.raises(Conflict):
            await world.do(SUPERVISOR, steering)


@pytest.mark.parametrize("answers", [("accept", "accept"), ("decline", "accept")])
async def test_an_offer_is_answered_once(world: World, answers: tuple[str, str]) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550101")
    await world.settle()
    [offer] = await world.offers()
    kinds = {"accept": cmd.AcceptOffer, "decline": cmd.DeclineOffer}
    await world.do(ann, kinds[answers[0]](offer_id=offer.id))
    with pytest.raises(Conflict):
        await world.do(ann, kinds[answers[1]](offer_id=offer.id))


@pytest.mark.parametrize("answer", [cmd.AcceptOffer, cmd.DeclineOffer])
async def test_a_missed_offer_takes_nothing_from_whom_it_was_made_to_next(
    world: World, answer: type[cmd.AcceptOffer | cmd.DeclineOffer]
) -> None:
    """The work is offered again, so only the offer itself tells that its time is over."""
    await world.hire("ann", "bob")
    await world.sms("+15550101")
    await world.settle()
    [missed] = await world.offers()
    await world.pass_time(seconds=60)
    [now] = await world.offers()
    assert now.agent_id != missed.agent_id
    late = Actor(id=missed.agent_id, role="agent")
    with pytest.raises(Conflict):
        await world.do(late, answer(offer_id=missed.id))
    assert [offer.id for offer in await world.offers()] == [now.id]


async def test_nobody_answers_for_another(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550101")
    await world.settle()
    [offer] = await world.offers()
    assert offer.agent_id == ann.id
    for actor in (Actor(id="user_bob", role="agent"), SUPERVISOR, NOBODY):
        with pytest.raises(NotFound):
            await world.do(actor, cmd.AcceptOffer(offer_id=offer.id))


async def test_a_transfer_renews_the_age_and_moves_the_reach(world: World) -> None:
    ann, eve, row = await in_hand(world)
    first = row.enqueued_at
    world.clock.advance(timedelta(minutes=3))
    await world.do(
        ann, cmd.TransferInteraction(interaction_id=row.id, queue_id="q_help", note="Please help")
    )
    [moved] = [r for r in await world.open() if r.id == row.id]
    assert (moved.queue_id, moved.state, moved.owner_id) == ("q_help", "queued", None)
    assert moved.enqueued_at == world.clock.now()
    assert moved.first_enqueued_at == first
    with pytest.raises(NotFound):
        await world.do(ann, cmd.CloseInteraction(interaction_id=row.id))
    await world.settle()
    assert await world.take(eve) == row.id
    [note] = await world.log(ev.NoteAdded)
    assert note.author == ann.id


async def test_a_supervisor_gives_and_takes_back(world: World) -> None:
    ann, eve, row = await in_hand(world)
    await world.do(SUPERVISOR, cmd.AssignInteraction(interaction_id=row.id, agent_id=eve.id))
    with pytest.raises(Forbidden):
        await world.do(ann, cmd.CloseInteraction(interaction_id=row.id))
    await world.do(eve, cmd.Hold(interaction_id=row.id))
    await world.do(SUPERVISOR, cmd.RequeueInteraction(interaction_id=row.id))
    [again] = await world.open()
    assert (again.state, again.enqueued_at) == ("queued", row.enqueued_at)
    legs = [f.previous_id for f in await world.log(ev.AssignmentStarted)]
    assert legs == [None, (await world.log(ev.AssignmentStarted))[0].assignment_id]


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": " "},
        {"account_id": "ac_404"},
        {"account_id": "ac_mail", "channel": "email"},
        {"identity_id": "id_404"},
        {"text": "x" * 1601},
        {"upload_ids": ("up_404",)},
    ],
)
async def test_what_cannot_be_sent_is_refused(world: World, wrong: dict[str, Any]) -> None:
    ann, _eve, row = await in_hand(world)
    right: dict[str, Any] = {
        "interaction_id": row.id, "channel": "sms", "account_id": "ac_sms",
        "identity_id": row.identity_id, "text": "x",
    }  # fmt: skip
    with pytest.raises((Invalid, TooLarge)):
        await world.do(ann, cmd.SendMessage(**{**right, **wrong}))
    assert await world.log(ev.MessageQueued) == []


async def test_a_reply_goes_only_to_the_customer_of_this_work(world: World) -> None:
    ann, _eve, row = await in_hand(world)
    await world.sms("+15550177")
    await world.settle()
    other = next(r for r in await world.open() if r.id != row.id)
    with pytest.raises(Invalid) as refused:
        await world.do(
            ann,
            cmd.SendMessage(
                interaction_id=row.id, channel="sms", account_id="ac_sms",
                identity_id=other.identity_id, text="x",
            ),
        )  # fmt: skip
    assert refused.value.code == "foreign_identity"


async def test_a_reply_takes_the_way_that_it_names(world: World) -> None:
    """What was written as an SMS doesn't leave as a WhatsApp message, to the same number."""
    ann, _eve, row = await in_hand(world)
    with pytest.raises(Invalid) as refused:
        await world.do(
            ann,
            cmd.SendMessage(
                interaction_id=row.id, channel="whatsapp", account_id="ac_sms",
                identity_id=row.identity_id, text="x",
            ),
        )  # fmt: skip
    assert refused.value.code == "no_account"


async def test_the_same_key_is_answered_and_not_repeated(world: World) -> None:
    ann, _eve, row = await in_hand(world)
    send = about(row)[-1]
    assert isinstance(send, cmd.SendMessage)
    one = await world.do(ann, send, key="c17")
    head = await world.views.head()
    two = await world.do(ann, send, key="c17")
    assert one == two
    assert await world.views.head() == head == one["seq"]
    with pytest.raises(Invalid) as refused:
        await world.do(ann, replace(send, text="Something else"), key="c17")
    assert refused.value.code == "key_reused"
    note = cmd.AddNote(conversation_id=row.conversation_id, text="x")
    await world.do(ann, note, key="c17")
    assert len(await world.log(ev.MessageQueued, ev.NoteAdded)) == 2
    third = await world.do(SUPERVISOR, send, key="c17")
    assert third["message_id"] != one["message_id"]


async def test_a_refusal_is_not_remembered(world: World) -> None:
    ann, _eve, row = await in_hand(world)
    with pytest.raises(Conflict):
        await world.do(ann, cmd.Unhold(interaction_id=row.id), key="k")
    await world.do(ann, cmd.Hold(interaction_id=row.id))
    await world.do(ann, cmd.Unhold(interaction_id=row.id), key="k")


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_key_has_a_length(world: World, key: str) -> None:
    with pytest.raises(Invalid):
        await world.do(SUPERVISOR, cmd.TakeNext(), key=key)


async def test_take_next_takes_the_oldest_of_ones_own_queues(world: World) -> None:
    await world.sms("+15550101")
    await world.settle()
    world.clock.advance(timedelta(seconds=1))
    await world.mail("carol@customer.example", proof="dkim")
    await world.settle()
    [eve] = await world.hire("eve", queues=("q_help",), available=False)
    taken = await world.do(eve, cmd.TakeNext())
    row = await world.store.read(lambda r: r.interaction(taken["interaction_id"]))
    assert row is not None
    assert (row.queue_id, row.owner_id) == ("q_help", eve.id)
    assert (await world.do(eve, cmd.TakeNext()))["interaction_id"] is None


@pytest.mark.parametrize("code", ["x" * 101])
async def test_a_wrap_up_code_has_a_length(world: World, code: str) -> None:
    ann, _eve, row = await in_hand(world)
    with pytest.raises(Invalid):
        await world.do(ann, cmd.CloseInteraction(interaction_id=row.id, code=code))


async def test_a_presence_must_be_known(world: World) -> None:
    [ann] = await world.hire("ann")
    with pytest.raises(Invalid):
        await world.do(ann, cmd.SetPresence(presence="asleep"))
    with pytest.raises(Conflict):
        await world.do(ann, cmd.ClearStatus())


async def test_a_company_has_presences_of_its_own(world: World) -> None:
    [ann] = await world.hire("ann")
    coaching = cmd.SetPresence(presence="Coaching")
    with pytest.raises(Invalid) as refused:
        await world.do(ann, coaching)
    assert refused.value.code == "wrong_presence"
    await world.append(
        ev.HubConfigured(
            name="Hub", timezone="UTC", default_region="US", language="en",
            presences=("Coaching", "外出"),
        )
    )  # fmt: skip
    await world.do(ann, coaching)
    await world.do(SUPERVISOR, cmd.SetAgentPresence(agent_id=ann.id, presence="外出"))
    [user] = await world.store.read(lambda r: r.users([ann.id]))
    assert (user.presence, user.status) == ("外出", "off_queue")
    _seq, snapshot = await world.views.snapshot(ann)
    assert snapshot["presences"][-2:] == ["Coaching", "外出"]
    assert "available" in snapshot["presences"]


async def test_who_goes_away_gives_back_what_is_offered_and_has_missed_nothing(
    world: World,
) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550101")
    await world.settle()
    [offer] = await world.offers()
    await world.do(ann, cmd.SetPresence(presence="break"))
    assert await world.offers() == []
    [back] = await world.log(ev.OfferRescinded)
    assert (back.offer_id, back.reason) == (offer.id, "presence")
    await world.pass_time(minutes=2)
    assert await world.log(ev.OfferTimedOut) == []
    await world.do(ann, cmd.SetPresence(presence="available"))
    await world.settle()
    assert await world.take(ann) == offer.interaction_id


async def test_who_says_that_they_are_available_is_back(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550101")
    await world.settle()
    await world.pass_time(minutes=1)
    [user] = await world.store.read(lambda r: r.users([ann.id]))
    assert user.not_responding
    await world.do(SUPERVISOR, cmd.SetAgentPresence(agent_id=ann.id, presence="available"))
    [user] = await world.store.read(lambda r: r.users([ann.id]))
    assert user.not_responding, "nobody else can say it"
    await world.do(ann, cmd.SetPresence(presence="available"))
    [user] = await world.store.read(lambda r: r.users([ann.id]))
    assert not user.not_responding

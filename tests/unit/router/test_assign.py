"""Work meets agents: whose turn it is, what a slot is, what time brings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.router.world import World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.permissions import Actor


async def offered_to(world: World) -> list[str]:
    return [o.agent_id for o in await world.offers()]


async def test_the_longest_idle_agent_is_asked_first(world: World) -> None:
    ann, bob, cat = await world.hire("ann", "bob", "cat")
    for number in range(3):
        await world.sms(f"+1555010{number}")
        await world.settle()
        world.clock.advance(timedelta(seconds=1))
    assert [o.agent_id for o in await world.log(ev.OfferMade)] == [ann.id, bob.id, cat.id]
    first = await world.take(bob)
    await world.do(bob, cmd.CloseInteraction(interaction_id=first))
    world.clock.advance(timedelta(seconds=1))
    second = await world.take(ann)
    await world.do(ann, cmd.CloseInteraction(interaction_id=second))
    await world.sms("+15550110")
    await world.settle()
    assert (await offered_to(world)).count(bob.id) == 1


async def test_an_offer_says_who_else_was_there_and_why_not(world: World) -> None:
    ann, bob = await world.hire("ann", "bob")
    await world.hire("off", available=False)
    [cat] = await world.hire("cat")
    await world.append(ev.PresenceChanged(agent_id=cat.id, presence="meal", next_presence=None))
    await world.sms("+15550100")
    await world.settle()
    [made] = await world.log(ev.OfferMade)
    assert made.candidates == (ann.id, bob.id)
    assert made.refused == {"disconnected": 1, "presence": 1}
    assert made.queue_id == "q_sales"
    assert made.expires_at == world.clock.now() + timedelta(seconds=30)
    assert made.configuration > 0
    assert made.configuration <= made.log_position < await world.views.head()


async def test_a_slot_is_held_from_offer_through_wrap_up(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550101")
    await world.sms("+15550102")
    await world.settle()
    assert await offered_to(world) == [ann.id]
    first = await world.take(ann)
    await world.settle()
    assert await offered_to(world) == []
    await world.do(ann, cmd.WrapUp(interaction_id=first))
    await world.settle()
    assert await offered_to(world) == []
    await world.do(ann, cmd.CloseInteraction(interaction_id=first))
    await world.settle()
    assert await offered_to(world) == [ann.id]


async def test_each_channel_has_a_capacity_of_its_own(world: World) -> None:
    await world.hire("ann", capacity={"sms": 2, "email": 0})
    for number in range(3):
        await world.sms(f"+1555010{number}")
    await world.mail("carol@customer.example")
    await world.settle()
    [one, two] = await world.offers()
    assert {one.queue_id, two.queue_id} == {"q_sales"}


async def test_an_agent_serves_only_their_queues(world: World) -> None:
    [ann] = await world.hire("ann", queues=("q_help",))
    await world.sms("+15550100")
    await world.settle()
    assert await offered_to(world) == []
    await world.mail("carol@customer.example")
    await world.settle()
    assert await offered_to(world) == [ann.id]


async def test_of_two_queues_the_one_that_waits_longer_comes_first(world: World) -> None:
    """The older contact waits in the queue whose id sorts last."""
    await world.mail("carol@customer.example", account="ac_mail2")
    await world.settle()
    await world.pass_time(seconds=30)
    await world.mail("dave@customer.example", account="ac_mail")
    await world.settle()
    [ann] = await world.hire("ann")
    await world.settle()
    [offer] = await world.offers()
    assert offer.queue_id == "q_sales"
    first = await world.take(ann)
    await world.do(ann, cmd.CloseInteraction(interaction_id=first))
    await world.settle()
    [offer] = await world.offers()
    assert offer.queue_id == "q_help"


async def test_who_refused_the_oldest_gets_the_next_of_another_queue(world: World) -> None:
    await world.mail("carol@customer.example", account="ac_mail2")
    await world.settle()
    await world.pass_time(seconds=1)
    await world.mail("dave@customer.example", account="ac_mail")
    [ann] = await world.hire("ann")
    await world.settle()
    [offer] = await world.offers()
    await world.do(ann, cmd.DeclineOffer(offer_id=offer.id))
    await world.settle()
    [offer] = await world.offers()
    assert (offer.queue_id, offer.agent_id) == ("q_help", ann.id)


async def test_a_missed_offer_goes_back_with_its_age(world: World) -> None:
    ann, bob = await world.hire("ann", "bob")
    await world.sms("+15550100")
    await world.settle()
    enqueued = world.clock.now()
    await world.pass_time(seconds=29)
    assert await offered_to(world) == [ann.id]
    await world.pass_time(seconds=1)
    assert await offered_to(world) == [bob.id]
    [user] = await world.store.read(lambda r: r.users([ann.id]))
    assert user.not_responding
    assert user.status == "not_responding"
    [row] = await world.open()
    assert row.enqueued_at == row.first_enqueued_at == enqueued
    queued = await world.log(ev.InteractionQueued)
    assert [q.reason for q in queued] == ["new", "missed"]


async def test_who_missed_gets_nothing_until_they_clear_it(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550100")
    await world.settle()
    await world.pass_time(seconds=30)
    await world.pass_time(minutes=10)
    assert await offered_to(world) == []
    await world.do(ann, cmd.ClearStatus())
    await world.settle()
    assert await offered_to(world) == [ann.id]


async def test_who_declined_is_left_out_for_a_minute(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550100")
    await world.settle()
    [offer] = await world.offers()
    await world.do(ann, cmd.DeclineOffer(offer_id=offer.id))
    await world.settle()
    assert await offered_to(world) == []
    await world.pass_time(seconds=59)
    assert await offered_to(world) == []
    await world.sms("+15550101")
    await world.settle()
    assert await offered_to(world) == [ann.id], "other work is not affected"
    other = await world.take(ann)
    await world.do(ann, cmd.CloseInteraction(interaction_id=other))
    await world.pass_time(seconds=1)
    assert await offered_to(world) == [ann.id]


async def test_a_lost_connection_returns_offers_at_once(world: World) -> None:
    ann, bob = await world.hire("ann", "bob")
    await world.sms("+15550100")
    await world.settle()
    until = world.clock.now() + timedelta(seconds=60)
    await world.append(ev.AgentDisconnected(agent_id=ann.id, grace_until_at=until))
    await world.settle()
    assert await offered_to(world) == [bob.id]
    [rescinded] = await world.log(ev.OfferRescinded)
    assert rescinded.reason == "disconnected"


async def lose(world: World, agent: Actor) -> None:
    until = world.clock.now() + timedelta(seconds=60)
    await world.append(ev.AgentDisconnected(agent_id=agent.id, grace_until_at=until))


@pytest.mark.parametrize("restarts", [False, True])
async def test_after_the_grace_offline_and_later_the_work_goes_back(
    world: World, restarts: bool
) -> None:
    ann, bob = await world.hire("ann", "bob")
    await world.sms("+15550100")
    await world.settle()
    work = await world.take(ann)
    await lose(world, ann)
    await world.pass_time(seconds=59)
    [user] = await world.store.read(lambda r: r.users([ann.id]))
    assert user.presence == "available"
    await world.pass_time(seconds=1)
    [user] = await world.store.read(lambda r: r.users([ann.id]))
    assert user.presence == "offline"
    assert await world.state(work) == "active", "accepted work stays owned"
    await world.pass_time(minutes=29)
    assert await world.state(work) == "active"
    if restarts:
        world.leader = world.new_leader("n1")
    await world.pass_time(minutes=1)
    assert await offered_to(world) == [bob.id]
    [raised] = await world.log(ev.AttentionRaised)
    assert (raised.kind, raised.interaction_id) == ("returned", work)
    assert await world.views.attention_count() == 1


async def test_who_comes_back_in_time_keeps_their_work(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550100")
    await world.settle()
    work = await world.take(ann)
    await lose(world, ann)
    await world.pass_time(seconds=61)
    await world.come(ann.id)
    await world.pass_time(hours=2)
    assert await world.state(work) == "active"
    assert await world.log(ev.AttentionRaised) == []


async def test_who_goes_offline_by_themselves_and_leaves_gives_back_too(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550100")
    await world.settle()
    work = await world.take(ann)
    await world.do(ann, cmd.SetPresence(presence="offline"))
    await world.pass_time(hours=1)
    assert await world.state(work) == "active", "their console is open"
    await lose(world, ann)
    await world.pass_time(minutes=30)
    assert await world.state(work) == "active"
    await world.pass_time(minutes=1)
    assert await world.state(work) == "queued"


async def test_the_next_presence_comes_when_the_work_is_done(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550100")
    await world.settle()
    work = await world.take(ann)
    await world.do(ann, cmd.SetPresence(presence="available", next_presence="break"))
    await world.mail("carol@customer.example")
    await world.settle()
    assert await offered_to(world) == [], "no new work on the way out"
    await world.do(ann, cmd.CloseInteraction(interaction_id=work))
    world.leader = world.new_leader("n1")
    await world.settle()
    [user] = await world.store.read(lambda r: r.users([ann.id]))
    assert (user.presence, user.next_presence) == ("break", None)


async def test_parked_work_takes_no_slot_and_comes_back_when_due(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550100")
    await world.sms("+15550101")
    await world.settle()
    first = await world.take(ann)
    due = world.clock.now() + timedelta(hours=1)
    await world.do(ann, cmd.ParkInteraction(interaction_id=first, until=due))
    [user] = await world.store.read(lambda r: r.users([ann.id]))
    assert user.status == "idle"
    await world.settle()
    assert await offered_to(world) == [ann.id]
    await world.take(ann)
    await world.pass_time(hours=1)
    assert await world.state(first) == "active"
    [resumed] = await world.log(ev.InteractionResumed)
    assert resumed.reason == "due"


async def test_parked_work_that_changed_hands_is_not_resumed_again(world: World) -> None:
    ann, bob = await world.hire("ann", "bob")
    await world.sms("+15550100")
    await world.settle()
    work = await world.take(ann)
    due = world.clock.now() + timedelta(hours=1)
    await world.do(ann, cmd.ParkInteraction(interaction_id=work, until=due))
    await world.do(
        Actor(id="user_boss", role="supervisor"),
        cmd.AssignInteraction(interaction_id=work, agent_id=bob.id),
    )
    await world.pass_time(hours=2)
    assert await world.log(ev.InteractionResumed) == []
    world.leader = world.new_leader("n1")
    await world.pass_time(hours=2)
    assert await world.log(ev.InteractionResumed) == []


async def test_a_customers_word_brings_parked_work_back_to_its_owner(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550100")
    await world.settle()
    work = await world.take(ann)
    await world.do(ann, cmd.ParkInteraction(interaction_id=work))
    await world.sms("+15550100", "one more thing")
    await world.settle()
    assert await world.state(work) == "active"
    [resumed] = await world.log(ev.InteractionResumed)
    assert resumed.reason == "customer"


async def test_priority_is_minutes_of_waiting(world: World) -> None:
    await world.sms("+15550100")
    await world.settle()
    await world.pass_time(seconds=61)
    await world.append(
        ev.InteractionCreated(
            interaction_id="in_vip", conversation_id="cv_x", channel="sms", account_id="ac_sms",
            identity_id="id_x", customer_id="cu_x", priority=1, proof="verified",
        ),
        ev.InteractionQueued(
            interaction_id="in_vip", queue_id="q_sales", enqueued_at=world.clock.now(),
            first_enqueued_at=world.clock.now(), reason="new",
        ),
    )  # fmt: skip
    [_ann] = await world.hire("ann")
    await world.settle()
    [first] = await world.offers()
    assert first.interaction_id != "in_vip", "61 seconds of waiting are more than one point"
    await world.hire("bob")
    await world.settle()
    assert {o.interaction_id for o in await world.offers()} == {first.interaction_id, "in_vip"}


async def test_a_queue_may_accept_for_its_agents(world: World) -> None:
    await world.furnish(auto_accept=True)
    [ann] = await world.hire("ann")
    await world.sms("+15550100")
    await world.settle()
    [row] = await world.open()
    assert (row.state, row.owner_id) == ("active", ann.id)
    assert await world.offers() == []


async def test_a_disabled_person_is_asked_nothing(world: World) -> None:
    [_ann] = await world.hire("ann")
    await world.append(world.user("ann", disabled=True))
    await world.sms("+15550100")
    await world.settle()
    assert await offered_to(world) == []


async def test_what_a_disabled_person_has_goes_back_at_once(world: World) -> None:
    [ann] = await world.hire("ann", capacity={"sms": 2})
    await world.sms("+15550100")
    await world.settle()
    in_hand = await world.take(ann)
    await world.sms("+15550101")
    await world.settle()
    asleep = await world.take(ann)
    await world.do(ann, cmd.ParkInteraction(interaction_id=asleep))
    [bob] = await world.hire("bob")
    await world.append(world.user("ann", disabled=True))
    await world.settle()
    assert await offered_to(world) == [bob.id]
    assert await world.take(bob) == in_hand
    assert {row.id: row.owner_id for row in await world.open()} == {in_hand: bob.id, asleep: ann.id}
    [told] = await world.log(ev.AttentionRaised)
    assert (told.reason, told.interaction_id) == ("agent_away", in_hand)
    # What is parked goes back when its customer writes.
    await world.sms("+15550101", "Anybody there?")
    await world.settle()
    assert {row.id: row.owner_id for row in await world.open()} == {in_hand: bob.id, asleep: None}

"""The interaction's machine, in words and over any sequence of facts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.strategies import AGENTS, INTERACTION, LEGS, QUEUES, START, fact, steps
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict
from triggerhub.domain.model import IllegalTransition
from triggerhub.domain.model.interaction import STATES, TRANSITIONS, Interaction

LATER = START + timedelta(minutes=5)


def queued(
    queue_id: str = QUEUES[0],
    *,
    at: datetime = START,
    first: datetime = START,
    reason: str = "new",
) -> ev.InteractionQueued:
    return ev.InteractionQueued(
        interaction_id=INTERACTION,
        queue_id=queue_id,
        enqueued_at=at,
        first_enqueued_at=first,
        reason=reason,
    )


def offered(offer_id: str = "off_1", agent_id: str = AGENTS[0]) -> ev.OfferMade:
    return ev.OfferMade(
        offer_id=offer_id,
        interaction_id=INTERACTION,
        queue_id=QUEUES[0],
        agent_id=agent_id,
        expires_at=START + timedelta(seconds=20),
        candidates=(agent_id,),
        refused={},
        log_position=1,
        configuration=1,
    )


def accepted(offer_id: str = "off_1", agent_id: str = AGENTS[0]) -> ev.OfferAccepted:
    return ev.OfferAccepted(
        offer_id=offer_id, interaction_id=INTERACTION, agent_id=agent_id, queue_id=QUEUES[0]
    )


def leg(number: int = 0, agent_id: str = AGENTS[0], role: str = "owner") -> ev.AssignmentStarted:
    return ev.AssignmentStarted(
        assignment_id=LEGS[number],
        interaction_id=INTERACTION,
        agent_id=agent_id,
        role=role,
        previous_id=None,
    )


def ended(number: int = 0, agent_id: str = AGENTS[0], reason: str = "closed") -> ev.AssignmentEnded:
    return ev.AssignmentEnded(
        assignment_id=LEGS[number], interaction_id=INTERACTION, agent_id=agent_id, reason=reason
    )


def closed(how: str = "handled") -> ev.InteractionClosed:
    return ev.InteractionClosed(interaction_id=INTERACTION, how=how, code=None, disposition=None)


def after(*facts: ev.Fact, at: datetime = START) -> Interaction:
    interaction = Interaction(id=INTERACTION)
    for item in facts:
        interaction = interaction.apply(item, at)
    return interaction


ACTIVE = (queued(), offered(), accepted(), leg())
PARKED = ev.InteractionParked(interaction_id=INTERACTION, until_at=None)
RESUMED = ev.InteractionResumed(interaction_id=INTERACTION, reason="customer")


def test_an_ordinary_day() -> None:
    assert after(*ACTIVE[:2]).state == "offered"
    active = after(*ACTIVE)
    assert (active.state, active.owner_id, active.assignment_id) == ("active", "usr_1", "asg_1")
    done = after(*ACTIVE, PARKED, RESUMED, closed(), ended())
    assert (done.state, done.closed_how, done.owner_id) == ("closed", "handled", None)


def test_a_declined_offer_keeps_the_age() -> None:
    declined = ev.OfferDeclined(offer_id="off_1", interaction_id=INTERACTION, agent_id=AGENTS[0])
    waiting = after(*ACTIVE[:2], declined, at=LATER)
    assert waiting.state == "queued"
    assert waiting.times(QUEUES[0], "declined", LATER) == (START, START)
    again = waiting.apply(queued(reason="declined"), LATER)
    assert (again.enqueued_at, again.first_enqueued_at) == (START, START)
    with pytest.raises(IllegalTransition, match="lose its age"):
        waiting.apply(queued(at=LATER, reason="declined"), LATER)


def test_only_a_transfer_to_another_queue_renews_the_age() -> None:
    active = after(*ACTIVE)
    moved = active.apply(queued(QUEUES[1], at=LATER, reason="transfer"), LATER)
    assert (moved.enqueued_at, moved.first_enqueued_at) == (LATER, START)
    assert (moved.owner_id, moved.assignment_id) == (None, None)
    # Overflow is not a transfer.
    assert after(queued()).times(QUEUES[1], "overflow", LATER) == (START, START)
    assert active.times(QUEUES[0], "transfer", LATER) == (START, START)


def test_wrap_up_outlives_a_transfer() -> None:
    moved = after(*ACTIVE, queued(QUEUES[1], reason="transfer"), offered("off_2", AGENTS[1]))
    assert moved.apply(ended(reason="transferred"), START) == moved


def test_one_owner_many_legs() -> None:
    active = after(*ACTIVE)
    assert active.apply(leg(1, AGENTS[1], "monitor"), START) == active
    with pytest.raises(IllegalTransition, match="has an owner"):
        active.apply(leg(1, AGENTS[1]), START)
    handed = ev.InteractionTransferred(
        interaction_id=INTERACTION, from_agent_id="usr_1", to_agent_id="usr_2", to_queue_id=None
    )
    assert after(*ACTIVE, handed, leg(1, AGENTS[1])).owner_id == "usr_2"
    with pytest.raises(IllegalTransition, match="accepted by somebody else"):
        after(*ACTIVE[:3], leg(0, AGENTS[1]))
    with pytest.raises(IllegalTransition, match="nobody can join"):
        after(queued(), leg(0, AGENTS[1], "barge"))


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ((queued(), accepted()), "is queued: offer.accepted is not possible"),
        ((queued(), offered(), accepted("off_2")), "another offer"),
        ((queued(), offered(), closed()), "is offered: interaction.closed"),
        ((queued(), PARKED, RESUMED), "without an owner"),
        ((queued(), closed("lost")), "can't be closed as 'lost'"),
        ((queued(), closed(), queued()), "is closed"),
        ((queued(at=START, first=LATER),), "never queued before"),
    ],
)
def test_refusals(facts: tuple[ev.Fact, ...], wrong: str) -> None:
    with pytest.raises(Conflict, match=wrong):
        after(*facts)


def test_a_fact_about_another_interaction_is_refused() -> None:
    with pytest.raises(IllegalTransition, match="something else"):
        Interaction(id="int_9").apply(queued(), START)


TYPES = (*dict.fromkeys(t for _, t in TRANSITIONS), ev.AssignmentHeld, ev.MessageSent)
# Queued with the times that the machine itself names, so that sequences get far.
FREE = steps(*(t for t in TYPES if t is not ev.InteractionQueued), ev.InteractionQueued)


@pytest.mark.thorough
@settings(max_examples=400, deadline=None)
@given(FREE, st.booleans())
def test_any_sequence_follows_the_table(facts: list[ev.Fact], aged: bool) -> None:
    now = Interaction(id=INTERACTION)
    for minute, item in enumerate(facts):
        at = START + timedelta(minutes=minute)
        if aged and isinstance(item, ev.InteractionQueued):
            reason = "transfer" if len(item.reason) % 2 else "missed"
            once, first = now.times(item.queue_id, reason, at)
            item = queued(item.queue_id, at=once, first=first, reason=reason)  # noqa: PLW2901
        try:
            then = now.apply(item, at)
        except IllegalTransition:
            continue
        assert then.state == TRANSITIONS[now.state, type(item)]
        assert (then.state == "offered") == (then.offer_id is not None)
        assert (then.state == "closed") == (then.closed_how is not None)
        assert then.assignment_id is None or then.owner_id is not None
        if then.state in ("queued", "offered"):
            assert then.owner_id is None
            assert then.queue_id is not None or now.queue_id is None
        if now.first_enqueued_at is not None:
            assert then.first_enqueued_at == now.first_enqueued_at
            assert then.enqueued_at is not None
            assert now.enqueued_at is not None
            assert then.enqueued_at >= now.enqueued_at
        now = then


@given(st.sampled_from(TYPES).flatmap(fact))
def test_closed_is_the_end(item: ev.Fact) -> None:
    end = Interaction(id=INTERACTION, state="closed", closed_how="handled")
    if isinstance(item, ev.AssignmentEnded):
        assert end.apply(item, START).state == "closed"
    else:
        with pytest.raises(IllegalTransition):
            end.apply(item, START)


def test_every_state_can_be_reached_and_left() -> None:
    reached = {to for (frm, _), to in TRANSITIONS.items() if frm != to} | {"new"}
    left = {frm for (frm, _), to in TRANSITIONS.items() if frm != to}
    assert reached == set(STATES)
    assert left == set(STATES) - {"closed"}

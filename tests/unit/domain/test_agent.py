"""Presence, status and next presence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given

from tests.unit.domain.strategies import START, steps
from tests.unit.domain.test_interaction import ended, leg
from triggerhub.domain import events as ev
from triggerhub.domain.model import IllegalTransition
from triggerhub.domain.model.agent import (
    FACTS,
    PRESENCES,
    STATUSES,
    Agent,
    Status,
    presence_due,
    status,
)


def present(presence: str, then: str | None = None) -> ev.PresenceChanged:
    return ev.PresenceChanged(agent_id="usr_1", presence=presence, next_presence=then)


MISSED = ev.OfferTimedOut(offer_id="off_1", interaction_id="int_1", agent_id="usr_1")


def after(*facts: ev.Fact) -> Agent:
    agent = Agent(id="usr_1")
    for item in facts:
        agent = agent.apply(item, START)
    return agent


@pytest.mark.parametrize(
    ("presence", "not_responding", "holds", "expected"),
    [
        ("available", False, 0, "idle"),
        ("available", False, 2, "interacting"),
        ("available", True, 0, "not_responding"),
        ("available", True, 1, "not_responding"),
        ("break", False, 1, "off_queue"),
        ("break", True, 0, "off_queue"),
        ("fire drill", False, 0, "off_queue"),
    ],
)
def test_status(presence: str, not_responding: bool, holds: int, expected: Status) -> None:
    assert status(presence, not_responding, holds) == expected
    assert status(presence, not_responding, ["x"] * holds) == expected


def test_every_presence_but_one_is_off_queue() -> None:
    assert [p for p in PRESENCES if status(p, False, 0) != "off_queue"] == ["available"]


def test_the_break_comes_when_the_work_is_done() -> None:
    busy = after(present("available"), leg(), present("available", "break"))
    assert (busy.status, busy.presence_due) == ("interacting", None)
    assert busy.apply(ended(), START).presence_due == "break"
    assert presence_due(None, 0) is None


def test_a_missed_offer_lasts_until_the_agent_clears_it() -> None:
    missed = after(present("available"), MISSED)
    assert missed.status == "not_responding"
    back = after(present("available"), MISSED, present("break"), present("available"))
    assert back.status == "not_responding"
    cleared = back.apply(ev.AgentCleared(agent_id="usr_1"), START)
    assert cleared.status == "idle"
    with pytest.raises(IllegalTransition):
        cleared.apply(ev.AgentCleared(agent_id="usr_1"), START)


def test_the_grace() -> None:
    until = START + timedelta(seconds=60)
    lost = ev.AgentDisconnected(agent_id="usr_1", grace_until_at=until)
    agent = after(ev.AgentConnected(agent_id="usr_1"), lost)
    assert not agent.gone(START)
    assert agent.gone(until)
    assert not agent.apply(ev.AgentConnected(agent_id="usr_1"), START).gone(until)
    with pytest.raises(IllegalTransition, match="not connected"):
        agent.apply(lost, START)


def test_legs_are_held_once() -> None:
    with pytest.raises(IllegalTransition, match="holds asg_1"):
        after(leg(), leg())
    with pytest.raises(IllegalTransition, match="doesn't hold asg_1"):
        after(ended())
    with pytest.raises(IllegalTransition, match="somebody else"):
        after(leg(agent_id="usr_2"))
    with pytest.raises(IllegalTransition, match="changes nothing"):
        after(ev.MessageCancelled(message_id="msg_1"))


@given(steps(*FACTS))
def test_status_is_always_derived(facts: list[ev.Fact]) -> None:
    now = Agent(id="usr_1")
    for item in facts:
        try:
            now = now.apply(item, START)
        except IllegalTransition:
            continue
        assert now.status in STATUSES
        assert (now.status == "off_queue") == (now.presence != "available")
        assert now.status != "idle" or not now.holds
        assert now.presence_due is None or not now.holds

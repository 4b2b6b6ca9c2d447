"""A leg's states and the times that belong to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import START, steps
from tests.unit.domain.test_interaction import ended, leg
from triggerhub.domain import events as ev
from triggerhub.domain.model import IllegalTransition
from triggerhub.domain.model.assignment import STATES, TRANSITIONS, Assignment

MINUTE = timedelta(minutes=1)
HELD = ev.AssignmentHeld(assignment_id="asg_1", interaction_id="int_1")
UNHELD = ev.AssignmentUnheld(assignment_id="asg_1", interaction_id="int_1")
WRAPPING = ev.AssignmentWrapUpStarted(assignment_id="asg_1", interaction_id="int_1")


def test_hold_wrap_up_and_end() -> None:
    now = Assignment.of(leg(), START)
    for minute, item in enumerate([HELD, UNHELD, HELD, WRAPPING, ended()], start=1):
        now = now.apply(item, START + minute * MINUTE)
    assert now.state == "done"
    assert now.held_for == 2 * MINUTE
    assert now.wrap_up_since == START + 4 * MINUTE
    assert now.ended_at == START + 5 * MINUTE


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(IllegalTransition, match="no role"):
        Assignment.of(leg(role="lurker"), START)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(IllegalTransition, match="not started"):
        Assignment.of(leg(), START).apply(HELD, START - MINUTE)


@given(steps(*(t for _, t in TRANSITIONS)), st.lists(st.integers(0, 600), min_size=25, max_size=25))
def test_any_sequence_follows_the_table(facts: list[ev.Fact], gaps: list[int]) -> None:
    now, at = Assignment.of(leg(), START), START
    for item, gap in zip(facts, gaps, strict=False):
        at += timedelta(seconds=gap)
        try:
            then = now.apply(item, at)
        except IllegalTransition:
            continue
        assert then.state == TRANSITIONS[now.state, type(item)]
        assert (then.held_since is None) == (then.state != "held")
        assert (then.ended_at is None) == (then.state != "done")
        assert now.held_for <= then.held_for <= at - then.started_at
        now = then


def test_the_table_names_every_state() -> None:
    assert {"connected", *TRANSITIONS.values()} == set(STATES)
    assert not [key for key in TRANSITIONS if key[0] == "done"]

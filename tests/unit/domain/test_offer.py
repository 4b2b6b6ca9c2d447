"""An offer is answered once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import START, steps
from tests.unit.domain.test_interaction import accepted, offered
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict
from triggerhub.domain.model.offer import STATES, TRANSITIONS, Offer

PENDING = Offer.of(offered())
LATE = START + timedelta(minutes=1)


def test_accepting_twice_is_a_conflict() -> None:
    taken = PENDING.apply(accepted(), START)
    assert taken.state == "accepted"
    with pytest.raises(Conflict, match="is accepted"):
        taken.apply(accepted(), START)


def test_only_its_agent_answers() -> None:
    with pytest.raises(Conflict, match="something else"):
        PENDING.apply(accepted(agent_id="usr_2"), START)


def test_it_runs_out_on_time_and_a_late_answer_that_was_faster_counts() -> None:
    missed = ev.OfferTimedOut(offer_id="off_1", interaction_id="int_1", agent_id="usr_1")
    with pytest.raises(Conflict, match="not run out"):
        PENDING.apply(missed, START)
    assert PENDING.apply(missed, PENDING.expires_at).state == "timed_out"
    assert PENDING.apply(accepted(), LATE).state == "accepted"


@given(steps(*(t for _, t in TRANSITIONS)), st.sampled_from([START, LATE]))
def test_it_ends_at_most_once(facts: list[ev.Fact], at: object) -> None:
    now, ends = PENDING, 0
    for item in facts:
        try:
            now = now.apply(item, LATE if at == LATE else START)
        except Conflict:
            continue
        ends += 1
    assert ends <= 1
    assert (now.state == "pending") == (ends == 0)


def test_the_table_names_every_state() -> None:
    assert {"pending", *TRANSITIONS.values()} == set(STATES)

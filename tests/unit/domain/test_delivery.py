"""States of sending never go backwards."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.strategies import START, steps
from triggerhub.domain import events as ev
from triggerhub.domain.model import IllegalTransition
from triggerhub.domain.model.delivery import (
    DEFINITE,
    FINAL,
    STATES,
    TRANSITIONS,
    Delivery,
    advances,
    rank,
)

ANY_STATE = st.sampled_from(STATES)


@pytest.mark.parametrize(
    ("old", "new", "news"),
    [
        ("queued", "sending", True),
        ("sending", "sent", True),
        ("sent", "delivered", True),
        ("delivered", "read", True),
        ("sending", "read", True),
        ("delivered", "sent", False),
        ("delivered", "delivered", False),
        ("sent", "failed", True),
        ("delivered", "failed", False),
        ("read", "failed", False),
        ("failed", "delivered", False),
        ("sending", "unknown", True),
        ("sent", "unknown", False),
        ("unknown", "sending", False),
        ("unknown", "queued", False),
        ("queued", "cancelled", True),
        ("sending", "cancelled", False),
        ("queued", "delivered", True),
    ],
)
def test_news(old: str, new: str, news: bool) -> None:
    assert advances(old, new) is news


@given(st.sampled_from(sorted(DEFINITE)))
def test_any_definite_word_resolves_unknown(word: str) -> None:
    assert advances("unknown", word)


@given(ANY_STATE, ANY_STATE)
def test_never_backwards(old: str, new: str) -> None:
    if advances(old, new):
        assert rank(new) > rank(old)
        assert old not in FINAL
        assert not advances(new, old)


@given(st.permutations(["sent", "delivered", "read", "sent", "delivered"]))
def test_reports_in_any_order_end_alike(reports: list[str]) -> None:
    state = "sending"
    for report in reports:
        if advances(state, report):
            state = report
    assert state == "read"


def test_the_only_step_back_is_ours() -> None:
    back = {key for key, to in TRANSITIONS.items() if rank(to) <= rank(key[0])}
    assert back == {("sending", ev.MessageDeferred)}


def test_attempts_are_counted() -> None:
    message = Delivery(id="msg_1")
    first = message.apply(ev.MessageSending(message_id="msg_1", attempt=1), START)
    deferred = ev.MessageDeferred(message_id="msg_1", attempt=1, reason="421", next_at=START)
    waiting = first.apply(deferred, START)
    assert (waiting.state, waiting.attempt) == ("queued", 1)
    with pytest.raises(IllegalTransition, match="attempt 1 after 1"):
        waiting.apply(ev.MessageSending(message_id="msg_1", attempt=1), START)
    second = waiting.apply(ev.MessageSending(message_id="msg_1", attempt=2), START)
    with pytest.raises(IllegalTransition, match="not the current"):
        second.apply(deferred, START)
    with pytest.raises(IllegalTransition, match="something else"):
        second.apply(ev.MessageDelivered(message_id="msg_2"), START)


@settings(max_examples=200)
@given(steps(*dict.fromkeys(t for _, t in TRANSITIONS)))
def test_any_sequence_follows_the_table(facts: list[ev.Fact]) -> None:
    now = Delivery(id="msg_1")
    for item in facts:
        try:
            then = now.apply(item, START)
        except IllegalTransition:
            continue
        assert then.state == TRANSITIONS[now.state, type(item)]
        assert then.attempt >= now.attempt
        now = then

"""The subject of an answer, where it is queued and where it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggerhub.domain.model.subject import MAX_SUBJECT, answering


@pytest.mark.parametrize(
    ("subject", "answered"),
    [
        ("Order", "Re: Order"),
        (" RE: re[2]: AW: Order ", "Re: Order"),
        ("回复：回复: 订单", "Re: 订单"),
        ("Regarding: x", "Re: Regarding: x"),
        ("", "Re:"),
    ],
)
def test_one_mark_however_many_there_were(subject: str, answered: str) -> None:
    assert answering(subject) == answered


def test_a_very_long_one_still_leaves() -> None:
    assert len(answering("x" * 5000)) == MAX_SUBJECT


@given(st.text())
def test_asked_twice_it_says_the_same(subject: str) -> None:
    assert answering(answering(subject)) == answering(subject)

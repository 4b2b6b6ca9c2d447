"""Facts about a small world (two agents, two queues, few ids), so that sequences meet often."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from triggerhub.domain import events as ev

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
INTERACTION = "int_1"
AGENTS = ("usr_1", "usr_2")
QUEUES = ("que_1", "que_2")
OFFERS = ("off_1", "off_2")
LEGS = ("asg_1", "asg_2", "asg_3")

_NAMED: dict[str, st.SearchStrategy[Any]] = {
    "interaction_id": st.just(INTERACTION),
    "agent_id": st.sampled_from(AGENTS),
    "to_agent_id": st.sampled_from(AGENTS),
    "queue_id": st.sampled_from(QUEUES),
    "offer_id": st.sampled_from(OFFERS),
    "assignment_id": st.sampled_from(LEGS),
    "role": st.sampled_from(("owner", "owner", "owner", "consult", "barge")),
    "how": st.sampled_from(("handled", "abandoned", "set_aside")),
    "message_id": st.just("msg_1"),
    "attempt": st.integers(1, 3),
    "presence": st.sampled_from(("available", "break", "offline", "lunch walk")),
}
_TIMES = st.integers(0, 3_600_000).map(lambda ms: START + timedelta(milliseconds=ms))
_WORDS = st.text(max_size=8)


def _of_type(kind: Any) -> st.SearchStrategy[Any]:
    if kind is str:
        return _WORDS
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(-(2**53), 2**53)
    if kind is datetime:
        return _TIMES
    if get_origin(kind) is tuple:
        return st.lists(_WORDS, max_size=3).map(tuple)
    if get_origin(kind) is dict:
        return st.dictionaries(_WORDS, _of_type(get_args(kind)[1]), max_size=3)
    return st.one_of(*(st.none() if part is type(None) else _of_type(part)
                       for part in get_args(kind)))  # fmt: skip


def fact(cls: type[ev.Fact], *, named: bool = True) -> st.SearchStrategy[ev.Fact]:
    """Any fact of this type; `named`: with ids of the small world."""
    hints = get_type_hints(cls)
    parts = {
        f.name: _NAMED[f.name] if named and f.name in _NAMED else _of_type(hints[f.name])
        for f in dataclasses.fields(cls)
    }
    return st.builds(cls, **parts)


def steps(*types: type[ev.Fact], most: int = 25) -> st.SearchStrategy[list[ev.Fact]]:
    return st.lists(st.one_of(*(fact(t) for t in types)), max_size=most)

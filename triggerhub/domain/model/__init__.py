"""The nouns: messages, customers, interactions, offers, assignments, agents; pure state machines.

Each machine is a frozen value with a constant table of what leads where, `(state, fact) → state`,
and `apply(fact, at)`, which returns the next value or raises `IllegalTransition`. The machines
hold only what their transitions depend on; they know no storage and take the time as an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from triggerhub.domain.errors import Conflict
from triggerhub.domain.events import Fact

S = TypeVar("S", bound=str)


class IllegalTransition(Conflict):
    """The thing's state doesn't allow this fact (a Conflict: somebody else was faster)."""

    code = "illegal_transition"


def target(table: Mapping[tuple[S, type[Fact]], S], what: str, state: S, fact: Fact) -> S:
    """Where `fact` leads from `state`; raises IllegalTransition where the table has no answer."""
    try:
        return table[state, type(fact)]
    except KeyError:
        raise IllegalTransition(f"{what} is {state}: {fact.TYPE} is not possible") from None

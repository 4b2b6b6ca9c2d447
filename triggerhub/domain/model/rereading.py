"""What became of a message that was to be read again, as the log tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from triggerhub.domain.events import (
    Fact,
    MessageResolved,
    MessageSetAside,
    MessageUnparseable,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`reason`: why it failed again, or the rule that set it aside. Whose it is, if it was read."""

    outcome: Literal["read", "set_aside", "failed"]
    reason: str = ""
    customer_id: str | None = None


def outcome(message_id: str, facts: Iterable[Fact]) -> Outcome | None:
    """Of the first of `facts` that settles it; None where none does."""
    for fact in facts:
        match fact:
            case MessageResolved(message_id=found) if found == message_id:
                return Outcome(outcome="read", customer_id=fact.customer_id)
            case MessageSetAside(message_id=found) if found == message_id:
                return Outcome(outcome="set_aside", reason=fact.rule)
            case MessageUnparseable(message_id=found) if found == message_id:
                return Outcome(outcome="failed", reason=fact.reason)
    return None

"""What became of a message that we send: states with ranks, which never go backwards.

    queued → sending → sent → delivered → read        queued → cancelled
             sending → failed | unknown               sent → failed

Rules, decided here once:
- Providers repeat themselves and arrive out of order: what ranks no higher is not news.
- `delivered` and `read` are believed over a later `failed`; a provider's `failed` is believed over
  a later `delivered`: it is final, the agent has been told and may have sent again.
- `unknown` (an attempt without an end, after a crash or a lost connection) is not a verdict: any
  definite word of the provider resolves it, also `failed`. No other state becomes `unknown` than
  `sending`.
- The only step back is our own: `message.deferred`, sending → queued, an attempt that surely did
  not reach the customer.
- A word that arrives while a deferred message waits for its next attempt is believed, so that
  what has arrived isn't sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Self, get_args

from triggerhub.domain.events import (
    Fact,
    MessageCancelled,
    MessageDeferred,
    MessageDelivered,
    MessageFailed,
    MessageQueued,
    MessageRead,
    MessageSending,
    MessageSent,
    MessageUnknown,
)
from triggerhub.domain.model import IllegalTransition, target

DeliveryState = Literal[
    "queued", "sending", "sent", "delivered", "read", "failed", "unknown", "cancelled"
]
STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)
FINAL: frozenset[DeliveryState] = frozenset({"read", "failed", "cancelled"})
DEFINITE: frozenset[DeliveryState] = frozenset({"sent", "delivered", "read", "failed"})

_RANKS: dict[str, int] = {
    "queued": 0,
    "sending": 1,
    "unknown": 2,
    "sent": 3,
    "delivered": 4,
    "read": 5,
    "failed": 6,
    "cancelled": 6,
}


def rank(state: str) -> int:
    """How far a message has come: 0 (queued) to 5 (read); 6 is an end that is no success."""
    return _RANKS[state]


def advances(old: str, new: str) -> bool:
    """Whether `new` is news about a message whose state is `old`. Never backwards."""
    if old in FINAL:
        return False
    if new == "cancelled":
        return old == "queued"
    if new == "unknown":
        return old == "sending"
    if new == "failed":
        return old != "delivered"
    return rank(new) > rank(old)


RESULTS: dict[type[Fact], DeliveryState] = {
    MessageCancelled: "cancelled",
    MessageSending: "sending",
    MessageSent: "sent",
    MessageDelivered: "delivered",
    MessageRead: "read",
    MessageFailed: "failed",
    MessageUnknown: "unknown",
}
TRANSITIONS: dict[tuple[DeliveryState, type[Fact]], DeliveryState] = {
    ("sending", MessageDeferred): "queued",
    **{(old, fact): new for old in STATES for fact, new in RESULTS.items() if advances(old, new)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way. `attempt`: the number of the attempt that was begun last."""

    id: str
    state: DeliveryState = "queued"
    attempt: int = 0

    @classmethod
    def of(cls, fact: MessageQueued) -> Self:
        return cls(id=fact.message_id)

    def apply(self, fact: Fact, at: datetime) -> Self:
        """The message after `fact`; raises IllegalTransition for what is no news.

        Callers with a provider's word ask `advances` first, and drop what isn't.
        """
        what = f"message {self.id}"
        if getattr(fact, "message_id", None) != self.id:
            raise IllegalTransition(f"{what}: {fact.TYPE} is about something else")
        state = target(TRANSITIONS, what, self.state, fact)
        match fact:
            case MessageSending() if fact.attempt != self.attempt + 1:
                raise IllegalTransition(f"{what}: attempt {fact.attempt} after {self.attempt}")
            case MessageSending():
                return replace(self, state=state, attempt=fact.attempt)
            case MessageDeferred() if fact.attempt != self.attempt:
                raise IllegalTransition(f"{what}: attempt {fact.attempt} is not the current one")
            case _:
                return replace(self, state=state)

"""An agent's three axes: the presence they chose, the status that follows, what comes next.

Owns how a routing status is derived. Must not know queues, skills or capacity (router).
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Self, get_args

from triggerhub.domain.events import (
    AgentCleared,
    AgentConnected,
    AgentDisconnected,
    AssignmentEnded,
    AssignmentStarted,
    Fact,
    OfferTimedOut,
    PresenceChanged,
)
from triggerhub.domain.model import IllegalTransition

Presence = Literal["offline", "available", "break", "meal", "meeting", "training", "busy"]
Status = Literal["off_queue", "idle", "interacting", "not_responding"]
PRESENCES: tuple[Presence, ...] = get_args(Presence)
STATUSES: tuple[Status, ...] = get_args(Status)
FACTS: tuple[type[Fact], ...] = (
    PresenceChanged, AgentCleared, AgentConnected, AgentDisconnected, OfferTimedOut,
    AssignmentStarted, AssignmentEnded,
)  # fmt: skip


def status(presence: str, not_responding: bool, holds: Sized | int) -> Status:
    """The routing status. `holds`: the legs in hand, wrap-up included (or their number).

    Only `available` takes new work; every other presence, custom ones too, is off queue whatever
    is still in hand. A missed offer shows before the work in hand: until it is cleared, nothing
    new is offered.
    """
    if presence != "available":
        return "off_queue"
    if not_responding:
        return "not_responding"
    in_hand = holds if isinstance(holds, int) else len(holds)
    return "interacting" if in_hand else "idle"


def presence_due(next_presence: str | None, holds: Sized | int) -> str | None:
    """The presence to change to now: the next one, as soon as the work in hand is done."""
    in_hand = holds if isinstance(holds, int) else len(holds)
    return None if in_hand else next_presence


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """`holds`: ids of the legs that are not done. `grace_until`: when a lost console counts."""

    id: str
    presence: str = "offline"
    next_presence: str | None = None
    not_responding: bool = False
    connected: bool = False
    grace_until: datetime | None = None
    holds: frozenset[str] = field(default_factory=frozenset)

    @property
    def status(self) -> Status:
        return status(self.presence, self.not_responding, self.holds)

    @property
    def presence_due(self) -> str | None:
        return presence_due(self.next_presence, self.holds)

    def gone(self, now: datetime) -> bool:
        """The connection was lost and the grace is over: offline from here on."""
        return not self.connected and self.grace_until is not None and now >= self.grace_until

    def apply(self, fact: Fact, at: datetime) -> Self:
        """The agent after `fact`; raises IllegalTransition.

        Presences are the agent's free choice, so any may follow any. A presence does not clear
        `not_responding`: that is the agent's own act.
        """
        if getattr(fact, "agent_id", self.id) != self.id:
            raise IllegalTransition(f"agent {self.id}: {fact.TYPE} is about somebody else")
        match fact:
            case PresenceChanged():
                return replace(self, presence=fact.presence, next_presence=fact.next_presence)
            case OfferTimedOut():
                return replace(self, not_responding=True)
            case AgentCleared() if not self.not_responding:
                raise IllegalTransition(f"agent {self.id} is not marked as not responding")
            case AgentCleared():
                return replace(self, not_responding=False)
            case AgentConnected():
                return replace(self, connected=True, grace_until=None)
            case AgentDisconnected() if not self.connected:
                raise IllegalTransition(f"agent {self.id} was not connected")
            case AgentDisconnected():
                return replace(self, connected=False, grace_until=fact.grace_until_at)
            case AssignmentStarted() | AssignmentEnded():
                return self._leg(fact)
            case _:
                raise IllegalTransition(f"agent {self.id}: {fact.TYPE} changes nothing there")

    def _leg(self, fact: AssignmentStarted | AssignmentEnded) -> Self:
        started = isinstance(fact, AssignmentStarted)
        if started == (fact.assignment_id in self.holds):
            word = "holds" if started else "doesn't hold"
            raise IllegalTransition(f"agent {self.id} {word} {fact.assignment_id}")
        return replace(self, holds=self.holds ^ {fact.assignment_id})

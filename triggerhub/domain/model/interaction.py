"""One routed piece of work, from queue to closing: what may follow what.

Owns the interaction's states, its owner and its two ages. Must not know how an agent is chosen
(router) nor how long somebody held it (assignment).

    new → scheduled | queued → offered → active ⇄ parked → closed (handled | abandoned | set_aside)

Order inside one append: an offer ends before the interaction is queued again, parked or closed;
a leg ends, or the interaction is transferred or queued, before another owner's leg starts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Self, get_args

from triggerhub.domain.events import (
    AssignmentEnded,
    AssignmentStarted,
    Fact,
    InteractionClosed,
    InteractionCreated,
    InteractionParked,
    InteractionQueued,
    InteractionResumed,
    InteractionScheduled,
    InteractionTransferred,
    OfferAccepted,
    OfferCancelled,
    OfferDeclined,
    OfferMade,
    OfferRescinded,
    OfferTimedOut,
)
from triggerhub.domain.model import IllegalTransition, target

InteractionState = Literal[
    "new", "scheduled", "queued", "offered", "active", "parked", "closed"
]  # fmt: skip
ClosedHow = Literal["handled", "abandoned", "set_aside"]
STATES: tuple[InteractionState, ...] = get_args(InteractionState)
CLOSED_HOW: tuple[ClosedHow, ...] = get_args(ClosedHow)

TRANSITIONS: dict[tuple[InteractionState, type[Fact]], InteractionState] = {
    ("new", InteractionScheduled): "scheduled",
    ("new", InteractionQueued): "queued",
    ("new", AssignmentStarted): "active",
    ("new", InteractionClosed): "closed",
    ("scheduled", InteractionScheduled): "scheduled",
    ("scheduled", InteractionQueued): "queued",
    ("scheduled", AssignmentStarted): "active",
    ("scheduled", InteractionTransferred): "scheduled",
    ("scheduled", InteractionClosed): "closed",
    ("queued", InteractionQueued): "queued",
    ("queued", OfferMade): "offered",
    ("queued", AssignmentStarted): "active",
    ("queued", InteractionTransferred): "queued",
    ("queued", InteractionParked): "parked",
    ("queued", InteractionClosed): "closed",
    ("offered", OfferAccepted): "active",
    ("offered", OfferDeclined): "queued",
    ("offered", OfferTimedOut): "queued",
    ("offered", OfferCancelled): "queued",
    ("offered", OfferRescinded): "queued",
    ("active", AssignmentStarted): "active",
    ("active", InteractionTransferred): "active",
    ("active", InteractionQueued): "queued",
    ("active", InteractionParked): "parked",
    ("active", InteractionClosed): "closed",
    ("parked", InteractionParked): "parked",
    ("parked", InteractionResumed): "active",
    ("parked", AssignmentStarted): "active",
    ("parked", InteractionTransferred): "parked",
    ("parked", InteractionQueued): "queued",
    ("parked", InteractionClosed): "closed",
    # A leg may end later than its ownership: wrap-up outlives a transfer and the closing.
    **{(state, AssignmentEnded): state for state in STATES},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """`owner_id`, `assignment_id`: the owner's leg; `offer_id`: the pending offer, if offered.

    Between `offer.accepted` and `assignment.started` of the same append there is an owner
    without a leg.
    """

    id: str
    state: InteractionState = "new"
    queue_id: str | None = None
    enqueued_at: datetime | None = None
    first_enqueued_at: datetime | None = None
    owner_id: str | None = None
    assignment_id: str | None = None
    offer_id: str | None = None
    closed_how: str | None = None

    @classmethod
    def of(cls, fact: InteractionCreated) -> Self:
        return cls(id=fact.interaction_id)

    def times(self, queue_id: str, reason: str, at: datetime) -> tuple[datetime, datetime]:
        """(enqueued_at, first_enqueued_at) for queueing now.

        Requeueing keeps both ages; only a transfer to another queue renews the first of them.
        """
        if self.enqueued_at is None or self.first_enqueued_at is None:
            return at, at
        if reason == "transfer" and queue_id != self.queue_id:
            return at, self.first_enqueued_at
        return self.enqueued_at, self.first_enqueued_at

    def apply(self, fact: Fact, at: datetime) -> Self:
        """The interaction after `fact`; raises IllegalTransition and then nothing has changed."""
        what = f"interaction {self.id}"
        if getattr(fact, "interaction_id", None) != self.id:
            raise IllegalTransition(f"{what}: {fact.TYPE} is about something else")
        state = target(TRANSITIONS, what, self.state, fact)
        match fact:
            case InteractionQueued():
                return self._queued(fact, at)
            case OfferMade():
                return replace(self, state=state, offer_id=fact.offer_id)
            case AssignmentStarted():
                return self._started(fact, state)
            case AssignmentEnded():
                if fact.assignment_id != self.assignment_id:
                    return self
                return replace(self, owner_id=None, assignment_id=None)
            case InteractionTransferred():
                return replace(self, owner_id=None, assignment_id=None)
            case InteractionResumed() if self.owner_id is None:
                raise IllegalTransition(f"{what} is parked without an owner: it can't be resumed")
            case InteractionClosed():
                if fact.how not in CLOSED_HOW:
                    raise IllegalTransition(f"{what} can't be closed as {fact.how!r}")
                return replace(self, state=state, closed_how=fact.how)
            case InteractionParked() | InteractionResumed() | InteractionScheduled():
                return replace(self, state=state)
            case _:
                return self._answered(fact, state)

    def _answered(self, fact: Fact, state: InteractionState) -> Self:
        if getattr(fact, "offer_id", None) != self.offer_id:
            raise IllegalTransition(f"interaction {self.id} is offered by another offer")
        taken_by = fact.agent_id if isinstance(fact, OfferAccepted) else None
        return replace(self, state=state, offer_id=None, owner_id=taken_by)

    def _queued(self, fact: InteractionQueued, at: datetime) -> Self:
        known = self.first_enqueued_at is not None
        renewed = self.times(fact.queue_id, fact.reason, at)
        if known and (fact.enqueued_at, fact.first_enqueued_at) != renewed:
            raise IllegalTransition(f"interaction {self.id} would lose its age in the queue")
        if fact.enqueued_at < fact.first_enqueued_at:
            raise IllegalTransition(f"interaction {self.id} was never queued before the first time")
        return replace(
            self,
            state="queued",
            queue_id=fact.queue_id,
            enqueued_at=fact.enqueued_at,
            first_enqueued_at=fact.first_enqueued_at,
            owner_id=None,
            assignment_id=None,
        )

    def _started(self, fact: AssignmentStarted, state: InteractionState) -> Self:
        what = f"interaction {self.id}"
        if fact.role != "owner":
            if self.state != "active":
                raise IllegalTransition(f"{what} is {self.state}: nobody can join it")
            return self
        if self.assignment_id is not None:
            raise IllegalTransition(f"{what} has an owner already")
        if self.owner_id not in (None, fact.agent_id):
            raise IllegalTransition(f"{what} was accepted by somebody else")
        return replace(self, state=state, owner_id=fact.agent_id, assignment_id=fact.assignment_id)

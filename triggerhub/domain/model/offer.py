"""An interaction held out to one agent for a limited time. Answered once, or not at all.

pending → accepted | declined | timed_out | cancelled | rescinded
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Self, get_args

from triggerhub.domain.events import (
    Fact,
    OfferAccepted,
    OfferCancelled,
    OfferDeclined,
    OfferMade,
    OfferRescinded,
    OfferTimedOut,
)
from triggerhub.domain.model import IllegalTransition, target

# An agent who refused or missed isn't asked for the same work again so soon.
LEFT_OUT = timedelta(seconds=60)

OfferState = Literal["pending", "accepted", "declined", "timed_out", "cancelled", "rescinded"]
STATES: tuple[OfferState, ...] = get_args(OfferState)

TRANSITIONS: dict[tuple[OfferState, type[Fact]], OfferState] = {
    ("pending", OfferAccepted): "accepted",
    ("pending", OfferDeclined): "declined",
    ("pending", OfferTimedOut): "timed_out",
    ("pending", OfferCancelled): "cancelled",
    ("pending", OfferRescinded): "rescinded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    id: str
    interaction_id: str
    agent_id: str
    expires_at: datetime
    state: OfferState = "pending"

    @classmethod
    def of(cls, fact: OfferMade) -> Self:
        return cls(
            id=fact.offer_id,
            interaction_id=fact.interaction_id,
            agent_id=fact.agent_id,
            expires_at=fact.expires_at,
        )

    def apply(self, fact: Fact, at: datetime) -> Self:
        """The offer after `fact`.

        Raises IllegalTransition if it is no longer pending, isn't this one or was made to another
        agent. An answer after `expires_at` still counts while no timeout was recorded: whichever
        is in the log first has happened.
        """
        what = f"offer {self.id}"
        parts = [getattr(fact, name, None) for name in ("offer_id", "interaction_id", "agent_id")]
        if parts != [self.id, self.interaction_id, self.agent_id]:
            raise IllegalTransition(f"{what}: {fact.TYPE} is about something else")
        state = target(TRANSITIONS, what, self.state, fact)
        if state == "timed_out" and at < self.expires_at:
            raise IllegalTransition(f"{what} has not run out yet")
        return replace(self, state=state)

"""One agent's leg in an interaction. Hold and wrap-up belong to it.

    connected ⇄ held → wrap_up → done

A leg that is closed at once goes to done without wrap-up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Self, get_args

from triggerhub.domain.events import (
    AssignmentEnded,
    AssignmentHeld,
    AssignmentStarted,
    AssignmentUnheld,
    AssignmentWrapUpStarted,
    Fact,
)
from triggerhub.domain.model import IllegalTransition, target

AssignmentState = Literal["connected", "held", "wrap_up", "done"]
Role = Literal["owner", "consult", "monitor", "whisper", "barge"]
STATES: tuple[AssignmentState, ...] = get_args(AssignmentState)
ROLES: tuple[Role, ...] = get_args(Role)

TRANSITIONS: dict[tuple[AssignmentState, type[Fact]], AssignmentState] = {
    ("connected", AssignmentHeld): "held",
    ("connected", AssignmentWrapUpStarted): "wrap_up",
    ("connected", AssignmentEnded): "done",
    ("held", AssignmentUnheld): "connected",
    ("held", AssignmentWrapUpStarted): "wrap_up",
    ("held", AssignmentEnded): "done",
    ("wrap_up", AssignmentEnded): "done",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """`held_for`: the sum of the holds that are over. `previous_id`: the leg before this one."""

    id: str
    interaction_id: str
    agent_id: str
    role: str
    started_at: datetime
    previous_id: str | None = None
    state: AssignmentState = "connected"
    held_since: datetime | None = None
    held_for: timedelta = timedelta()
    wrap_up_since: datetime | None = None
    ended_at: datetime | None = None

    @classmethod
    def of(cls, fact: AssignmentStarted, at: datetime) -> Self:
        if fact.role not in ROLES:
            raise IllegalTransition(f"assignment {fact.assignment_id}: no role {fact.role!r}")
        return cls(
            id=fact.assignment_id,
            interaction_id=fact.interaction_id,
            agent_id=fact.agent_id,
            role=fact.role,
            started_at=at,
            previous_id=fact.previous_id,
        )

    def apply(self, fact: Fact, at: datetime) -> Self:
        """The leg after `fact`; raises IllegalTransition."""
        what = f"assignment {self.id}"
        if getattr(fact, "assignment_id", None) != self.id:
            raise IllegalTransition(f"{what}: {fact.TYPE} is about something else")
        state = target(TRANSITIONS, what, self.state, fact)
        if at < self.started_at:
            raise IllegalTransition(f"{what} had not started then")
        held_for = self.held_for
        if self.held_since is not None:
            held_for += at - self.held_since
        return replace(
            self,
            state=state,
            held_since=at if state == "held" else None,
            held_for=held_for,
            wrap_up_since=at if state == "wrap_up" else self.wrap_up_since,
            ended_at=at if state == "done" else None,
        )

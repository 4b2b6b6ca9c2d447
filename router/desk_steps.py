"""What commands about work share: each step is checked by the state machine, then appended."""

from __future__ import annotations

from collections.abc import Sequence

from triggerhub.domain import events as ev
from triggerhub.domain.events import Fact
from triggerhub.domain.model.interaction import Interaction
from triggerhub.domain.permissions import Actor
from triggerhub.domain.rows import InteractionRow, OfferRow
from triggerhub.domain.work import Work


def machine_of(row: InteractionRow, offer: OfferRow | None = None) -> Interaction:
    return Interaction(
        id=row.id,
        state=row.state,  # type: ignore[arg-type]  # the column holds nothing else
        queue_id=row.queue_id,
        enqueued_at=row.enqueued_at,
        first_enqueued_at=row.first_enqueued_at,
        owner_id=row.owner_id,
        assignment_id=row.assignment_id if row.assignment_state is not None else None,
        offer_id=offer.id if offer is not None else None,
    )


def append_checked(work: Work, actor: Actor, machine: Interaction, facts: Sequence[Fact]) -> None:
    """Check each step against the state machine, then append all of them."""
    for fact in facts:
        if getattr(fact, "interaction_id", None) == machine.id and not isinstance(
            fact,
            ev.AssignmentHeld | ev.AssignmentUnheld | ev.AssignmentWrapUpStarted
            | ev.AttentionRaised,
        ):  # fmt: skip
            machine = machine.apply(fact, work.now)
    work.append(*facts, actor=actor.id)


def leg_for(work: Work, row: InteractionRow, agent_id: str) -> ev.AssignmentStarted:
    return ev.AssignmentStarted(
        assignment_id=work.new_id("as"),
        interaction_id=row.id,
        agent_id=agent_id,
        role="owner",
        previous_id=row.assignment_id,
    )


def requeued(
    work: Work, row: InteractionRow, reason: str, queue_id: str | None = None
) -> ev.InteractionQueued:
    target = queue_id or row.queue_id or ""
    enqueued_at, first = machine_of(row).times(target, reason, work.now)
    return ev.InteractionQueued(
        interaction_id=row.id,
        queue_id=target,
        enqueued_at=enqueued_at,
        first_enqueued_at=first,
        reason=reason,
    )

"""Commands about pieces of work: offers, wrap-up, closing, parking, handing on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from router import grant
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, Invalid, NotFound
from triggerhub.domain.events import Fact
from triggerhub.domain.model.assignment import Assignment
from triggerhub.domain.model.interaction import Interaction
from triggerhub.domain.model.offer import Offer
from triggerhub.domain.permissions import Actor, Subject, may
from triggerhub.domain.rows import InteractionRow, LegRow, OfferRow
from triggerhub.domain.work import Work

if TYPE_CHECKING:
    from router.desk import Options

Json = dict[str, Any]
CODE = re.compile(r"[a-z0-9_-]{1,100}")


def _machine(row: InteractionRow, offer: OfferRow | None = None) -> Interaction:
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


def _append(work: Work, actor: Actor, machine: Interaction, facts: Sequence[Fact]) -> None:
    """Check each step against the state machine, then append all of them."""
    for fact in facts:
        if getattr(fact, "interaction_id", None) == machine.id and not isinstance(
            fact,
            ev.AssignmentHeld | ev.AssignmentUnheld | ev.AssignmentWrapUpStarted
            | ev.AttentionRaised,
        ):  # fmt: skip
            machine = machine.apply(fact, work.now)
    work.append(*facts, actor=actor.id)


def _own_offer(work: Work, actor: Actor, offer_id: str) -> OfferRow:
    offer = work.offer(offer_id)
    if offer is None or not may(actor, "offer.answer", Subject(owner_id=offer.agent_id)):
        raise NotFound(f"there is no offer {offer_id}")
    return offer


def _check_pending(offer: OfferRow, fact: Fact, work: Work) -> None:
    Offer(
        id=offer.id,
        interaction_id=offer.interaction_id,
        agent_id=offer.agent_id,
        state=offer.state,  # type: ignore[arg-type]  # the column holds nothing else
        expires_at=offer.expires_at,
    ).apply(fact, work.now)


def accept_offer(work: Work, actor: Actor, command: cmd.AcceptOffer, options: Options) -> Json:
    offer = _own_offer(work, actor, command.offer_id)
    fact = ev.OfferAccepted(
        offer_id=offer.id,
        interaction_id=offer.interaction_id,
        agent_id=offer.agent_id,
        queue_id=offer.queue_id,
    )
    _check_pending(offer, fact, work)
    row = work.interaction(offer.interaction_id)
    assert row is not None
    _append(work, actor, _machine(row, offer), [fact, _leg(work, row.id, offer.agent_id, row)])
    return {"interaction_id": row.id}


def decline_offer(work: Work, actor: Actor, command: cmd.DeclineOffer, options: Options) -> Json:
    offer = _own_offer(work, actor, command.offer_id)
    fact = ev.OfferDeclined(
        offer_id=offer.id, interaction_id=offer.interaction_id, agent_id=offer.agent_id
    )
    _check_pending(offer, fact, work)
    row = work.interaction(offer.interaction_id)
    assert row is not None
    _append(work, actor, _machine(row, offer), [fact, _requeued(work, row, "declined")])
    return {}


def take_next(work: Work, actor: Actor, command: cmd.TakeNext, options: Options) -> Json:
    """The longest waiting of the actor's queues, at once, whatever the capacity says."""
    grant.require(actor, "work.take", Subject(owner_id=actor.id))
    grant.person(work, actor)
    waiting = [
        row
        for row in work.open_interactions()
        if row.state == "queued" and row.queue_id in actor.queue_ids and row.enqueued_at
    ]
    if not waiting:
        return {"interaction_id": None}
    row = min(
        waiting,
        key=lambda r: (r.enqueued_at.timestamp() - r.priority * 60 if r.enqueued_at else 0, r.id),
    )
    offer_id = work.new_id("of")
    assert row.queue_id is not None
    _append(
        work,
        actor,
        _machine(row),
        [
            ev.OfferMade(
                offer_id=offer_id,
                interaction_id=row.id,
                queue_id=row.queue_id,
                agent_id=actor.id,
                expires_at=work.now,
                candidates=(actor.id,),
                refused={},
                log_position=work.head,
                configuration=0,
                auto_accept=True,
            ),
            ev.OfferAccepted(
                offer_id=offer_id, interaction_id=row.id, agent_id=actor.id, queue_id=row.queue_id
            ),
            _leg(work, row.id, actor.id, row),
        ],
    )
    return {"interaction_id": row.id}


def _leg(
    work: Work, interaction_id: str, agent_id: str, row: InteractionRow
) -> ev.AssignmentStarted:
    return ev.AssignmentStarted(
        assignment_id=work.new_id("as"),
        interaction_id=interaction_id,
        agent_id=agent_id,
        role="owner",
        previous_id=row.assignment_id,
    )


def _requeued(
    work: Work, row: InteractionRow, reason: str, queue_id: str | None = None
) -> ev.InteractionQueued:
    target = queue_id or row.queue_id or ""
    enqueued_at, first = _machine(row).times(target, reason, work.now)
    return ev.InteractionQueued(
        interaction_id=row.id,
        queue_id=target,
        enqueued_at=enqueued_at,
        first_enqueued_at=first,
        reason=reason,
    )


def mark_read(work: Work, actor: Actor, command: cmd.MarkRead, options: Options) -> Json:
    row = grant.interaction(work, actor, command.interaction_id, "interaction.act")
    if command.seq < 0:
        raise Invalid("seq is a position in the log", code="wrong_field")
    work.append(ev.InteractionSeen(interaction_id=row.id, up_to=command.seq), actor=actor.id)
    return {}


def _owned(work: Work, actor: Actor, interaction_id: str) -> tuple[InteractionRow, LegRow]:
    """The interaction and its owner's leg. Raises Conflict where nobody has it."""
    row = grant.interaction(work, actor, interaction_id, "interaction.act")
    leg = work.leg(row.assignment_id) if row.assignment_id else None
    if leg is None or leg.state == "done" or row.owner_id is None:
        raise Conflict("nobody has this interaction in hand", code="not_in_hand")
    return row, leg


def _step_leg(work: Work, actor: Actor, leg: LegRow, fact: Fact) -> Json:
    Assignment(
        id=leg.id,
        interaction_id=leg.interaction_id,
        agent_id=leg.agent_id,
        state=leg.state,  # type: ignore[arg-type]  # the column holds nothing else
        role=leg.role,
        started_at=leg.started_at,
    ).apply(fact, work.now)
    work.append(fact, actor=actor.id)
    return {}


def wrap_up(work: Work, actor: Actor, command: cmd.WrapUp, options: Options) -> Json:
    row, leg = _owned(work, actor, command.interaction_id)
    return _step_leg(
        work, actor, leg, ev.AssignmentWrapUpStarted(assignment_id=leg.id, interaction_id=row.id)
    )


def hold(work: Work, actor: Actor, command: cmd.Hold, options: Options) -> Json:
    row, leg = _owned(work, actor, command.interaction_id)
    return _step_leg(
        work, actor, leg, ev.AssignmentHeld(assignment_id=leg.id, interaction_id=row.id)
    )


def unhold(work: Work, actor: Actor, command: cmd.Unhold, options: Options) -> Json:
    row, leg = _owned(work, actor, command.interaction_id)
    return _step_leg(
        work, actor, leg, ev.AssignmentUnheld(assignment_id=leg.id, interaction_id=row.id)
    )


def _without_owner(work: Work, row: InteractionRow, reason: str) -> list[Fact]:
    """What ends before the work can change hands: the pending offer, the owner's leg."""
    facts: list[Fact] = []
    offer = grant.pending_offer(work, row)
    if offer is not None:
        facts.append(
            ev.OfferRescinded(
                offer_id=offer.id, interaction_id=row.id, agent_id=offer.agent_id, reason=reason
            )
        )
    if row.assignment_id is not None and row.assignment_state is not None and row.owner_id:
        facts.append(
            ev.AssignmentEnded(
                assignment_id=row.assignment_id,
                interaction_id=row.id,
                agent_id=row.owner_id,
                reason=reason,
            )
        )
    return facts


def _close(
    work: Work, actor: Actor, row: InteractionRow, how: str, code: str | None, why: str | None
) -> Json:
    for given in (code, why):
        # It stands in the log for ever: what was said about people belongs in a note.
        if given is not None and CODE.fullmatch(given) is None:
            raise Invalid(
                "a code has 1 to 100 characters of a-z, 0-9, _ and -; write a note for words",
                code="wrong_field",
            )
    closed = ev.InteractionClosed(interaction_id=row.id, how=how, code=code, disposition=why)
    facts = [*_without_owner(work, row, "closed"), closed]
    _append(work, actor, _machine(row, grant.pending_offer(work, row)), facts)
    return {}


def close(work: Work, actor: Actor, command: cmd.CloseInteraction, options: Options) -> Json:
    row = grant.interaction(work, actor, command.interaction_id, "interaction.act")
    _close(work, actor, row, "handled", command.code, command.disposition)
    if command.follow_up_at is None:
        return {}
    return {"follow_up_id": _follow_up(work, actor, row, command.follow_up_at)}


def _follow_up(work: Work, actor: Actor, row: InteractionRow, due_at: datetime) -> str:
    """New work of the same conversation, which comes to its queue at that time. Its id."""
    if due_at <= work.now:
        raise Invalid("the time to follow up must lie ahead", code="wrong_field")
    identity = work.identity(row.identity_id)
    assert identity is not None
    created = ev.InteractionCreated(
        interaction_id=work.new_id("in"),
        conversation_id=row.conversation_id,
        channel=row.channel,
        account_id=row.account_id,
        identity_id=row.identity_id,
        customer_id=row.customer_id,
        priority=row.priority,
        proof=identity.standing,
    )
    work.append(created, actor=actor.id)
    scheduled = ev.InteractionScheduled(
        interaction_id=created.interaction_id,
        due_at=due_at,
        queue_id=row.queue_id or "",
        follow_up_of=row.id,
    )
    _append(work, actor, Interaction.of(created), [scheduled])
    return created.interaction_id


def set_aside(work: Work, actor: Actor, command: cmd.SetAside, options: Options) -> Json:
    row = grant.interaction(work, actor, command.interaction_id, "interaction.act")
    return _close(work, actor, row, "set_aside", command.rule, None)


def park(work: Work, actor: Actor, command: cmd.ParkInteraction, options: Options) -> Json:
    row, _leg_row = _owned(work, actor, command.interaction_id)
    if command.until is not None and command.until <= work.now:
        raise Invalid("the time to come back must lie ahead", code="wrong_field")
    parked = ev.InteractionParked(interaction_id=row.id, until_at=command.until)
    _append(work, actor, _machine(row), [parked])
    return {}


def resume(work: Work, actor: Actor, command: cmd.ResumeInteraction, options: Options) -> Json:
    row, _leg_row = _owned(work, actor, command.interaction_id)
    resumed = ev.InteractionResumed(interaction_id=row.id, reason="agent")
    _append(work, actor, _machine(row), [resumed])
    return {}


def transfer(work: Work, actor: Actor, command: cmd.TransferInteraction, options: Options) -> Json:
    """To a queue (waits there), or to an agent (whose it is at once)."""
    from router.desk_messages import note_facts

    if (command.queue_id is None) == (command.agent_id is None):
        raise Invalid("name a queue or an agent, one of them", code="wrong_target")
    row = grant.interaction(work, actor, command.interaction_id, "interaction.act")
    if command.note:
        note_facts(work, actor, row.conversation_id, row.id, command.note)
    _hand_on(work, actor, row, command.queue_id, command.agent_id, "transferred")
    return {}


def assign(work: Work, actor: Actor, command: cmd.AssignInteraction, options: Options) -> Json:
    grant.require(actor, "interaction.steer")
    row = grant.interaction(work, actor, command.interaction_id, "interaction.steer")
    _hand_on(work, actor, row, None, command.agent_id, "reassigned")
    return {}


def requeue(work: Work, actor: Actor, command: cmd.RequeueInteraction, options: Options) -> Json:
    grant.require(actor, "interaction.steer")
    row = grant.interaction(work, actor, command.interaction_id, "interaction.steer")
    _hand_on(work, actor, row, command.queue_id or row.queue_id, None, "reassigned")
    return {}


def _hand_on(
    work: Work,
    actor: Actor,
    row: InteractionRow,
    queue_id: str | None,
    agent_id: str | None,
    reason: str,
) -> None:
    facts = _without_owner(work, row, reason)
    facts.append(
        ev.InteractionTransferred(
            interaction_id=row.id,
            from_agent_id=row.owner_id,
            to_agent_id=agent_id,
            to_queue_id=queue_id,
        )
    )
    if agent_id is not None:
        target = grant.user(work, agent_id)
        if target.disabled or target.role not in ("agent", "supervisor", "admin"):
            raise Conflict("this person can't take work", code="cannot_take_work")
        if agent_id == row.owner_id and row.state == "active":
            raise Conflict("this agent already has it", code="already_theirs")
        facts.append(_leg(work, row.id, agent_id, row))
    else:
        if queue_id not in {queue.id for queue in work.queues()}:
            raise NotFound(f"there is no queue {queue_id}")
        moved = "transfer" if queue_id != row.queue_id else reason
        if row.state == "scheduled":
            moved = "due"
        facts.append(_requeued(work, row, moved, queue_id))
    _append(work, actor, _machine(row, grant.pending_offer(work, row)), facts)

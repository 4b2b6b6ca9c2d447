"""Commands about pieces of work: wrap-up, closing, following up, parking, handing on."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from router import grant
from router.desk_steps import append_checked, leg_for, machine_of, requeued
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, Invalid, NotFound
from triggerhub.domain.events import Fact
from triggerhub.domain.model.assignment import Assignment
from triggerhub.domain.model.interaction import Interaction
from triggerhub.domain.permissions import Actor
from triggerhub.domain.rows import InteractionRow, LegRow
from triggerhub.domain.work import Work

if TYPE_CHECKING:
    from router.desk import Options

Json = dict[str, Any]
LATEST = timedelta(days=366)  # until a follow-up
CODE = re.compile(r"[a-z0-9_-]{1,100}")


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
    append_checked(work, actor, machine_of(row, grant.pending_offer(work, row)), facts)
    return {}


def close(work: Work, actor: Actor, command: cmd.CloseInteraction, options: Options) -> Json:
    row = grant.interaction(work, actor, command.interaction_id, "interaction.act")
    _close(work, actor, row, "handled", command.code, command.disposition)
    if command.follow_up_at is None:
        return {}
    return {"follow_up_id": _follow_up(work, actor, row, command.follow_up_at)}


def _follow_up(work: Work, actor: Actor, row: InteractionRow, due_at: datetime) -> str:
    """New work of the same conversation, which comes to its queue at that time. Its id."""
    if not work.now < due_at <= work.now + LATEST:
        raise Invalid("a follow-up lies ahead, and within a year", code="wrong_field")
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
    append_checked(work, actor, Interaction.of(created), [scheduled])
    return created.interaction_id


def set_aside(work: Work, actor: Actor, command: cmd.SetAside, options: Options) -> Json:
    row = grant.interaction(work, actor, command.interaction_id, "interaction.act")
    return _close(work, actor, row, "set_aside", command.rule, None)


def park(work: Work, actor: Actor, command: cmd.ParkInteraction, options: Options) -> Json:
    row, _leg_row = _owned(work, actor, command.interaction_id)
    if command.until is not None and command.until <= work.now:
        raise Invalid("the time to come back must lie ahead", code="wrong_field")
    parked = ev.InteractionParked(interaction_id=row.id, until_at=command.until)
    append_checked(work, actor, machine_of(row), [parked])
    return {}


def resume(work: Work, actor: Actor, command: cmd.ResumeInteraction, options: Options) -> Json:
    row, _leg_row = _owned(work, actor, command.interaction_id)
    resumed = ev.InteractionResumed(interaction_id=row.id, reason="agent")
    append_checked(work, actor, machine_of(row), [resumed])
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
        facts.append(leg_for(work, row, agent_id))
    else:
        if queue_id not in {queue.id for queue in work.queues()}:
            raise NotFound(f"there is no queue {queue_id}")
        moved = "transfer" if queue_id != row.queue_id else reason
        if row.state == "scheduled":
            moved = "due"
        facts.append(requeued(work, row, moved, queue_id))
    append_checked(work, actor, machine_of(row, grant.pending_offer(work, row)), facts)

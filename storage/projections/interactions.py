"""Folds of pieces of work: from the queue to their closing, and the legs of agents in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.behind import First
from storage.projections.agent_status import refresh
from storage.projections.messages import iso, write_entry
from storage.projections.rows import ms
from triggerhub.domain import events as ev

if TYPE_CHECKING:
    from storage.transaction import Transaction

INTERVAL_MS = 15 * 60 * 1000  # the field's reporting interval; every time zone is a multiple


def count_interval(tx: Transaction, queue_id: str, at: int, column: str) -> None:
    """Add one to a queue's counter of the interval that `at` falls in."""
    tx.connection.count("intervals", column, queue_id=queue_id, start_at=at - at % INTERVAL_MS)


def _system_entry(tx: Transaction, r: ev.Recorded, interaction_id: str, **what: object) -> None:
    row = tx.connection.row(
        "interactions", interaction_id, "identity_id", "conversation_id", "channel", "account_id"
    )
    if row is not None:
        write_entry(
            tx,
            r,
            entry_id=r.id,
            identity_id=row[0],
            conversation_id=row[1],
            interaction_id=interaction_id,
            kind="system",
            direction="none",
            state="recorded",
            channel=row[2],
            account_id=row[3],
            text=None,
            author_id=r.actor if r.actor.startswith("user_") else None,
            system=what,
        )


def _created(tx: Transaction, r: ev.Recorded, f: ev.InteractionCreated) -> None:
    tx.connection.put(
        "interactions",
        f.interaction_id,
        {
            "id": f.interaction_id,
            "conversation_id": f.conversation_id,
            "identity_id": f.identity_id,
            "channel": f.channel,
            "account_id": f.account_id,
            "state": "new",
            "priority": f.priority,
            "proof": f.proof,
            "opened_at": ms(r.at),
            "preview": "",
        },
    )
    tx.connection.change("conversations", f.conversation_id, interaction_id=f.interaction_id)


def _scheduled(tx: Transaction, r: ev.Recorded, f: ev.InteractionScheduled) -> None:
    tx.connection.change(
        "interactions",
        f.interaction_id,
        state="scheduled",
        parked_until_at=ms(f.due_at),
        queue_id=f.queue_id or None,
        follow_up_of=f.follow_up_of,
    )
    _system_entry(tx, r, f.interaction_id, what="scheduled", due_at=iso(f.due_at))


def _queued(tx: Transaction, r: ev.Recorded, f: ev.InteractionQueued) -> None:
    tx.connection.change(
        "interactions",
        f.interaction_id,
        state="queued",
        queue_id=f.queue_id,
        enqueued_at=ms(f.enqueued_at),
        first_enqueued_at=ms(f.first_enqueued_at),
        owner_id=None,
        assignment_id=None,
        assignment_state=None,
        parked_until_at=None,
    )
    row = tx.connection.row("interactions", f.interaction_id, "conversation_id")
    if row is not None:
        tx.connection.change("conversations", row[0], queue_id=f.queue_id)
    if f.reason in ("new", "due", "transfer"):
        at = ms(r.at)
        assert at is not None
        count_interval(tx, f.queue_id, at, "offered")


def _parked(tx: Transaction, r: ev.Recorded, f: ev.InteractionParked) -> None:
    _turn_legs(tx, r, f.interaction_id, "parked")
    tx.connection.change(
        "interactions", f.interaction_id, state="parked", parked_until_at=ms(f.until_at)
    )


def _resumed(tx: Transaction, r: ev.Recorded, f: ev.InteractionResumed) -> None:
    _turn_legs(tx, r, f.interaction_id, "active")
    tx.connection.change("interactions", f.interaction_id, state="active", parked_until_at=None)


def _turn_legs(tx: Transaction, r: ev.Recorded, interaction_id: str, state: str) -> None:
    """Parked work is not in hand: its legs count again when it isn't parked any more."""
    was_parked = _is_parked(tx, interaction_id)
    if was_parked == (state == "parked"):
        return
    legs = tx.connection.all(
        "SELECT agent_id, COUNT(*) FROM assignments WHERE interaction_id = :id"
        " AND state <> 'done' GROUP BY agent_id ORDER BY agent_id",
        {"id": interaction_id},
    )
    for agent_id, number in legs:
        refresh(tx, agent_id, r.at, legs=number if was_parked else -number)


def _is_parked(tx: Transaction, interaction_id: str) -> bool:
    return tx.connection.row("interactions", interaction_id, "state") == ("parked",)


def _closed(tx: Transaction, r: ev.Recorded, f: ev.InteractionClosed) -> None:
    at = ms(r.at)
    assert at is not None
    row = tx.connection.row(
        "interactions", f.interaction_id, "queue_id", "account_id", "last_customer_at"
    )
    assert row is not None
    if f.how == "abandoned" and row[0]:
        count_interval(tx, row[0], at, "abandoned")
    if row[2] is not None:
        tx.connection.run(
            "UPDATE accounts SET last_in_at = :at WHERE id = :id"
            " AND (last_in_at IS NULL OR last_in_at < :at)",
            {"id": row[1], "at": row[2]},
        )
    tx.connection.change(
        "interactions",
        f.interaction_id,
        state="closed",
        closed_how=f.how,
        code=f.code,
        closed_at=at,
        assignment_state=None,
        unread=0,
    )
    _system_entry(tx, r, f.interaction_id, what="closed", how=f.how, code=f.code)


def _transferred(tx: Transaction, r: ev.Recorded, f: ev.InteractionTransferred) -> None:
    _system_entry(
        tx,
        r,
        f.interaction_id,
        what="transferred",
        from_agent_id=f.from_agent_id,
        to_agent_id=f.to_agent_id,
        to_queue_id=f.to_queue_id,
    )


def _seen(tx: Transaction, r: ev.Recorded, f: ev.InteractionSeen) -> None:
    tx.connection.run(
        "UPDATE interactions SET unread = (SELECT COUNT(*) FROM entries e"
        " WHERE e.identity_id = interactions.identity_id AND e.seq > :seq"
        " AND e.interaction_id = interactions.id AND e.direction = 'in') WHERE id = :id",
        {"id": f.interaction_id, "seq": min(f.up_to, r.seq)},
    )


def _started(tx: Transaction, r: ev.Recorded, f: ev.AssignmentStarted) -> None:
    at = ms(r.at)
    if f.role == "owner":
        _turn_legs(tx, r, f.interaction_id, "active")
    tx.connection.put(
        "assignments",
        f.assignment_id,
        {
            "id": f.assignment_id,
            "interaction_id": f.interaction_id,
            "agent_id": f.agent_id,
            "role": f.role,
            "state": "connected",
            "previous_id": f.previous_id,
            "started_at": at,
        },
    )
    if f.role == "owner":
        tx.connection.change(
            "interactions",
            f.interaction_id,
            state="active",
            owner_id=f.agent_id,
            assignment_id=f.assignment_id,
            assignment_state="connected",
            activated_at=First(at),
            wrap_up_at=None,
            parked_until_at=None,
        )
    in_hand = f.role == "owner" or not _is_parked(tx, f.interaction_id)
    refresh(tx, f.agent_id, r.at, legs=int(in_hand))


def _held(tx: Transaction, r: ev.Recorded, f: ev.AssignmentHeld) -> None:
    tx.connection.change("assignments", f.assignment_id, state="held", held_at=ms(r.at))
    _leg_state(tx, f.assignment_id, "held")


def _unheld(tx: Transaction, r: ev.Recorded, f: ev.AssignmentUnheld) -> None:
    tx.connection.run(
        "UPDATE assignments SET state = 'connected', held_ms = held_ms + (:at - held_at),"
        " held_at = NULL WHERE id = :id",
        {"id": f.assignment_id, "at": ms(r.at)},
    )
    _leg_state(tx, f.assignment_id, "connected")


def _leg_state(tx: Transaction, assignment_id: str, state: str) -> None:
    tx.connection.run(
        "UPDATE interactions SET assignment_state = :state WHERE id ="
        " (SELECT interaction_id FROM assignments WHERE id = :id) AND assignment_id = :id",
        {"id": assignment_id, "state": state},
    )


def _wrap_up(tx: Transaction, r: ev.Recorded, f: ev.AssignmentWrapUpStarted) -> None:
    at = ms(r.at)
    tx.connection.change("assignments", f.assignment_id, state="wrap_up", wrap_up_at=at)
    tx.connection.change(
        "interactions", f.interaction_id, assignment_state="wrap_up", wrap_up_at=at
    )


def _ended(tx: Transaction, r: ev.Recorded, f: ev.AssignmentEnded) -> None:
    tx.connection.change(
        "assignments", f.assignment_id, state="done", ended_at=ms(r.at), reason=f.reason
    )
    row = tx.connection.row("interactions", f.interaction_id, "assignment_id", "state")
    if row is not None and row[0] == f.assignment_id:
        tx.connection.change("interactions", f.interaction_id, assignment_state=None)
    refresh(tx, f.agent_id, r.at, legs=-int(row is None or row[1] != "parked"))


HANDLERS = {
    ev.InteractionCreated: _created,
    ev.InteractionScheduled: _scheduled,
    ev.InteractionQueued: _queued,
    ev.InteractionParked: _parked,
    ev.InteractionResumed: _resumed,
    ev.InteractionClosed: _closed,
    ev.InteractionTransferred: _transferred,
    ev.InteractionSeen: _seen,
    ev.AssignmentStarted: _started,
    ev.AssignmentHeld: _held,
    ev.AssignmentUnheld: _unheld,
    ev.AssignmentWrapUpStarted: _wrap_up,
    ev.AssignmentEnded: _ended,
}

"""Folds of sending: the outbox and the state that an entry shows. States never go backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.projections.conversations import remember_reference
from storage.projections.rows import ms, profile
from triggerhub.domain import events as ev
from triggerhub.domain.model.delivery import advances

if TYPE_CHECKING:
    from storage.transaction import Transaction

_LOOK_BACK = 500  # entries of each address among which an earlier answer is looked for


def _move(
    tx: Transaction, r: ev.Recorded, message_id: str, state: str, reason: str | None = None
) -> None:
    at = ms(r.at)
    tx.connection.run(
        "UPDATE outbox SET state = :state WHERE message_id = :id",
        {"id": message_id, "state": state},
    )
    tx.connection.run(
        "UPDATE entries SET state = :state, state_at = :at, reason = :reason WHERE id = :id",
        {"id": message_id, "state": state, "at": at, "reason": reason},
    )


def _cancelled(tx: Transaction, r: ev.Recorded, f: ev.MessageCancelled) -> None:
    """The undo: the outbox forgets it; timelines leave it out."""
    _move(tx, r, f.message_id, "cancelled")
    _answered_before(tx, f.message_id, f.interaction_id)
    tx.connection.run("DELETE FROM outbox WHERE message_id = :id", {"id": f.message_id})


def _sending(tx: Transaction, r: ev.Recorded, f: ev.MessageSending) -> None:
    _move(tx, r, f.message_id, "sending")
    tx.connection.run(
        "UPDATE outbox SET attempt = :attempt WHERE message_id = :id",
        {"id": f.message_id, "attempt": f.attempt},
    )


def _deferred(tx: Transaction, r: ev.Recorded, f: ev.MessageDeferred) -> None:
    _move(tx, r, f.message_id, "queued", f.reason)
    tx.connection.run(
        "UPDATE outbox SET next_at = :next WHERE message_id = :id",
        {"id": f.message_id, "next": ms(f.next_at)},
    )


def _sent(tx: Transaction, r: ev.Recorded, f: ev.MessageSent) -> None:
    reference = profile(tx.body(f.reference_content)).get("reference")
    row = tx.connection.one(
        "SELECT conversation_id, channel, account_id, state FROM outbox WHERE message_id = :id",
        {"id": f.message_id},
    )
    if row is None:
        return
    if advances(row[3], "sent"):  # a status report may have overtaken the answer to our request
        _move(tx, r, f.message_id, "sent")
    tx.connection.run(
        "UPDATE accounts SET last_out_at = :at WHERE id = :id", {"id": row[2], "at": ms(r.at)}
    )
    if reference:
        tx.connection.run(
            "UPDATE outbox SET reference = :reference WHERE message_id = :id",
            {"id": f.message_id, "reference": reference},
        )
        if row[1] == "email":
            remember_reference(tx, reference, row[0], f.message_id)


def _delivered(tx: Transaction, r: ev.Recorded, f: ev.MessageDelivered) -> None:
    _move(tx, r, f.message_id, "delivered")


def _read(tx: Transaction, r: ev.Recorded, f: ev.MessageRead) -> None:
    _move(tx, r, f.message_id, "read")


def _failed(tx: Transaction, r: ev.Recorded, f: ev.MessageFailed) -> None:
    reason = f"{f.code} {f.reason}".strip()
    _move(tx, r, f.message_id, "failed", reason)
    _answered_before(tx, f.message_id, f.interaction_id)
    _needs_attention(tx, r, f.attention_id, "send_failed", f.message_id, reason)


def _answered_before(tx: Transaction, message_id: str, interaction_id: str | None) -> None:
    """What never left was no answer: the customer waits since the last one that stands."""
    if interaction_id is None:
        return
    row = tx.connection.one(
        "SELECT a.customer_id FROM interactions i JOIN identities a ON a.id = i.identity_id"
        " JOIN outbox o ON o.message_id = :message"
        " WHERE i.id = :id AND i.last_agent_at = o.queued_at",
        {"id": interaction_id, "message": message_id},
    )
    if row is None:  # answered again since
        return
    found: list[int] = []
    for (identity_id,) in tx.connection.all(
        "SELECT id FROM identities WHERE customer_id = :id", {"id": row[0]}
    ):
        found += (
            at
            for (at,) in tx.connection.all(
                "SELECT o.queued_at FROM (SELECT e.id, e.interaction_id, e.direction FROM entries e"
                " WHERE e.identity_id = :identity ORDER BY e.seq DESC LIMIT :most) AS newest"
                " JOIN outbox o ON o.message_id = newest.id WHERE newest.interaction_id = :id"
                " AND newest.direction = 'out' AND o.state NOT IN ('failed','cancelled')",
                {"id": interaction_id, "identity": identity_id, "most": _LOOK_BACK},
            )
        )
    tx.connection.change("interactions", interaction_id, last_agent_at=max(found, default=None))


def _unknown(tx: Transaction, r: ev.Recorded, f: ev.MessageUnknown) -> None:
    _move(tx, r, f.message_id, "unknown", f.reason)
    _needs_attention(tx, r, f.attention_id, "send_unknown", f.message_id, f.reason)


def _needs_attention(
    tx: Transaction, r: ev.Recorded, attention_id: str, kind: str, message_id: str, reason: str
) -> None:
    tx.connection.run(
        "INSERT INTO attention (id, kind, state, at, channel, account_id, reason, message_id,"
        " interaction_id, seq) SELECT :id, :kind, 'open', :at, o.channel, o.account_id, :reason,"
        " o.message_id, e.interaction_id, :seq FROM outbox o JOIN entries e ON e.id = o.message_id"
        " WHERE o.message_id = :message",
        {
            "id": attention_id,
            "kind": kind,
            "at": ms(r.at),
            "reason": reason,
            "message": message_id,
            "seq": r.seq,
        },
    )


HANDLERS = {
    ev.MessageCancelled: _cancelled,
    ev.MessageSending: _sending,
    ev.MessageDeferred: _deferred,
    ev.MessageSent: _sent,
    ev.MessageDelivered: _delivered,
    ev.MessageRead: _read,
    ev.MessageFailed: _failed,
    ev.MessageUnknown: _unknown,
}

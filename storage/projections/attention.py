"""Folds of what needs a person: raised and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.projections.rows import ms
from triggerhub.domain import events as ev

if TYPE_CHECKING:
    from storage.transaction import Transaction


def _raised(tx: Transaction, r: ev.Recorded, f: ev.AttentionRaised) -> None:
    tx.connection.run(
        "INSERT INTO attention (id, kind, state, at, channel, account_id, reason, message_id,"
        " interaction_id, seq) VALUES (:id, :kind, 'open', :at, '', '', :reason, :message,"
        " :interaction, :seq)",
        {
            "id": f.attention_id,
            "kind": f.kind,
            "at": ms(r.at),
            "reason": f.reason,
            "message": f.message_id,
            "interaction": f.interaction_id,
            "seq": r.seq,
        },
    )


def _closed(tx: Transaction, r: ev.Recorded, f: ev.AttentionClosed) -> None:
    tx.connection.run(
        "UPDATE attention SET state = :how WHERE id = :id", {"id": f.attention_id, "how": f.how}
    )


HANDLERS = {ev.AttentionRaised: _raised, ev.AttentionClosed: _closed}

"""The one place where an agent's routing status is written; derived by the domain's rule."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from storage.projections.rows import ms
from triggerhub.domain.model.agent import status

if TYPE_CHECKING:
    from storage.transaction import Transaction


def refresh(tx: Transaction, agent_id: str, at: datetime) -> None:
    """Derive the status again; its time changes only when it does."""
    row = tx.connection.one(
        "SELECT presence, not_responding, status, (SELECT COUNT(*) FROM assignments s"
        " JOIN interactions i ON i.id = s.interaction_id WHERE s.agent_id = agents.id"
        " AND s.state <> 'done' AND i.state <> 'parked') FROM agents WHERE id = :id",
        {"id": agent_id},
    )
    if row is None:
        return
    derived = status(row[0], bool(row[1]), row[3])
    if derived != row[2]:
        tx.connection.change("agents", agent_id, status=derived, status_at=ms(at))

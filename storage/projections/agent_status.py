"""The one place where an agent's routing status is written; derived by the domain's rule."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from storage.projections.rows import ms
from triggerhub.domain.model.agent import status

if TYPE_CHECKING:
    from storage.transaction import Transaction


def refresh(tx: Transaction, agent_id: str, at: datetime, *, legs: int = 0) -> None:
    """Derive the status again, with so many more legs in hand; its time changes only with it."""
    row = tx.connection.row("agents", agent_id, "presence", "not_responding", "status", "holds")
    if row is None:
        return
    changes: dict[str, Any] = {"holds": row[3] + legs} if legs else {}
    derived = status(row[0], bool(row[1]), row[3] + legs)
    if derived != row[2]:
        changes |= {"status": derived, "status_at": ms(at)}
    if changes:
        tx.connection.change("agents", agent_id, **changes)

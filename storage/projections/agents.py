"""Folds of agents: presence, connection, and the routing status that follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.projections.agent_status import refresh
from storage.projections.rows import ms
from triggerhub.domain import events as ev

if TYPE_CHECKING:
    from storage.transaction import Transaction


def _presence(tx: Transaction, r: ev.Recorded, f: ev.PresenceChanged) -> None:
    tx.connection.run(
        "UPDATE agents SET presence_at = CASE WHEN presence = :presence THEN presence_at"
        " ELSE :at END, presence = :presence, next_presence = :next WHERE id = :id",
        {"id": f.agent_id, "presence": f.presence, "next": f.next_presence, "at": ms(r.at)},
    )
    refresh(tx, f.agent_id, r.at)


def _cleared(tx: Transaction, r: ev.Recorded, f: ev.AgentCleared) -> None:
    tx.connection.run("UPDATE agents SET not_responding = 0 WHERE id = :id", {"id": f.agent_id})
    refresh(tx, f.agent_id, r.at)


def _connected(tx: Transaction, r: ev.Recorded, f: ev.AgentConnected) -> None:
    tx.connection.run(
        "UPDATE agents SET connected = 1, grace_until_at = NULL WHERE id = :id", {"id": f.agent_id}
    )


def _disconnected(tx: Transaction, r: ev.Recorded, f: ev.AgentDisconnected) -> None:
    tx.connection.run(
        "UPDATE agents SET connected = 0, grace_until_at = :until WHERE id = :id",
        {"id": f.agent_id, "until": ms(f.grace_until_at)},
    )


HANDLERS = {
    ev.PresenceChanged: _presence,
    ev.AgentCleared: _cleared,
    ev.AgentConnected: _connected,
    ev.AgentDisconnected: _disconnected,
}

"""Look-ups of pieces of work, agents' legs in them, offers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from storage.behind import Some
from storage.lookups.base import Base, Json, moment, surely
from triggerhub.domain.rows import InteractionRow, LegRow, OfferRow

_INTERACTION = """
SELECT i.id, i.conversation_id, i.identity_id, n.customer_id, i.channel, i.account_id, i.queue_id,
 i.state, i.priority, i.owner_id, i.assignment_id, i.assignment_state, i.enqueued_at,
 i.first_enqueued_at, i.parked_until_at
FROM interactions i JOIN identities n ON n.id = i.identity_id
"""


class WorkLookups(Base):
    def interactions(self, interaction_ids: Iterable[str]) -> list[InteractionRow]:
        rows = self.connection.in_list(
            f"{_INTERACTION} WHERE i.id IN (:ids)", interaction_ids, table="interactions"
        )
        return [_interaction(row) for row in rows]

    def interaction(self, interaction_id: str) -> InteractionRow | None:
        rows = self.interactions([interaction_id])
        return rows[0] if rows else None

    def open_interactions(self) -> list[InteractionRow]:
        rows = self.connection.all(f"{_INTERACTION} WHERE i.state <> 'closed'")
        return [_interaction(row) for row in rows]

    def legs(self) -> list[LegRow]:
        """Every leg that is not done."""
        rows = self.connection.all(
            "SELECT s.id, s.interaction_id, s.agent_id, s.role, s.state, s.started_at, i.channel,"
            " i.state = 'parked' FROM assignments s JOIN interactions i ON i.id = s.interaction_id"
            " WHERE s.state <> 'done'"
        )
        return [_leg(row) for row in rows]

    def leg(self, assignment_id: str) -> LegRow | None:
        row = self.connection.one(
            "SELECT s.id, s.interaction_id, s.agent_id, s.role, s.state, s.started_at, i.channel,"
            " i.state = 'parked' FROM assignments s JOIN interactions i ON i.id = s.interaction_id"
            " WHERE s.id = :id",
            {"id": assignment_id},
        )
        return _leg(row) if row else None

    def offer(self, offer_id: str) -> OfferRow | None:
        rows = self._offers("WHERE id = :id", {"id": offer_id}, of=("offers", (offer_id,)))
        return rows[0] if rows else None

    def pending_offers(self) -> list[OfferRow]:
        return self._offers("WHERE state = 'pending'", {})

    def pending_offer_of(self, interaction_id: str) -> OfferRow | None:
        rows = self._offers(
            "WHERE interaction_id = :id AND state = 'pending'", {"id": interaction_id}
        )
        return rows[0] if rows else None

    def refused_since(self, since: datetime) -> list[OfferRow]:
        """Offers declined or missed since then."""
        return self._offers(
            "WHERE queue_id = known AND state IN ('declined', 'timed_out') AND ended_at >= :since",
            {"since": int(since.timestamp() * 1000)},
            # By queue, because the index begins with it; a planner that is free reads all offers.
            source="(SELECT id AS known FROM queues) q CROSS JOIN offers",
        )

    def _offers(
        self, where: str, params: Json, *, source: str = "offers", of: Some | None = None
    ) -> list[OfferRow]:
        rows = self.connection.all(
            "SELECT id, interaction_id, queue_id, agent_id, state, expires_at, ended_at"
            f" FROM {source} {where}",
            params,
            of=of,
        )
        return [
            OfferRow(
                id=row[0],
                interaction_id=row[1],
                queue_id=row[2],
                agent_id=row[3],
                state=row[4],
                expires_at=surely(row[5]),
                ended_at=moment(row[6]),
            )
            for row in rows
        ]


def _interaction(row: Sequence[Any]) -> InteractionRow:
    return InteractionRow(
        id=row[0],
        conversation_id=row[1],
        identity_id=row[2],
        customer_id=row[3],
        channel=row[4],
        account_id=row[5],
        queue_id=row[6],
        state=row[7],
        priority=row[8],
        owner_id=row[9],
        assignment_id=row[10],
        assignment_state=row[11],
        enqueued_at=moment(row[12]),
        first_enqueued_at=moment(row[13]),
        parked_until=moment(row[14]),
    )


def _leg(row: Sequence[Any]) -> LegRow:
    return LegRow(
        id=row[0],
        interaction_id=row[1],
        agent_id=row[2],
        role=row[3],
        state=row[4],
        started_at=surely(row[5]),
        channel=row[6],
        parked=bool(row[7]),
    )

"""Look-ups of what is under way: to be sent, to be read, to be fetched, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storage.lookups.base import Base, Json, moment, surely
from triggerhub.domain.rows import FetchRow, OutboxRow, PendingRow

_OUTBOX = """
SELECT message_id, channel, account_id, conversation_id, identity_id, content, author, state,
 attempt, next_at, queued_at, in_reply_to, reference,
 (SELECT e.interaction_id FROM entries e WHERE e.id = outbox.message_id) FROM outbox
"""

# Written out so that SQLite's planner finds the partial index; the sent lie beside it in millions.
_OPEN_OUTBOX = f"{_OUTBOX} WHERE state IN ('queued','sending')"


class DeliveryLookups(Base):
    def outbox(self, message_id: str) -> OutboxRow | None:
        row = self.connection.one(f"{_OUTBOX} WHERE message_id = :id", {"id": message_id})
        return _outbox(row) if row else None

    def retried(self, message_id: str) -> bool:
        """Whether its words are on their way again in another message (cancelled ones aren't)."""
        return (
            self.connection.one("SELECT 1 FROM outbox WHERE retry_of = :id", {"id": message_id})
            is not None
        )

    def outbox_by_reference(self, reference: str) -> OutboxRow | None:
        row = self.connection.one(f"{_OUTBOX} WHERE reference = :ref", {"ref": reference})
        return _outbox(row) if row else None

    def outbox_due(self, now: datetime, limit: int) -> list[OutboxRow]:
        rows = self.connection.all(
            f"{_OPEN_OUTBOX} AND state = 'queued' AND next_at <= :now"
            " ORDER BY next_at LIMIT :limit",
            {"now": int(now.timestamp() * 1000), "limit": limit},
        )
        return [_outbox(row) for row in rows]

    def outbox_in(self, state: str, limit: int) -> list[OutboxRow]:
        """`state`: queued or sending."""
        rows = self.connection.all(
            f"{_OPEN_OUTBOX} AND state = :state ORDER BY queued_at LIMIT :limit",
            {"state": state, "limit": limit},
        )
        return [_outbox(row) for row in rows]

    def next_due(self) -> datetime | None:
        """When the next queued message may be sent."""
        row = self.connection.one(
            "SELECT MIN(next_at) FROM outbox WHERE state IN ('queued','sending')"
            " AND state = 'queued'"
        )
        return moment(row[0]) if row else None

    def pending(self, limit: int) -> list[PendingRow]:
        rows = self.connection.all(
            "SELECT message_id, channel, account_id, raw_content, seq FROM pending"
            " ORDER BY seq LIMIT :limit",
            {"limit": limit},
        )
        return [
            PendingRow(
                message_id=row[0], channel=row[1], account_id=row[2], raw_content=row[3], seq=row[4]
            )
            for row in rows
        ]

    def is_pending(self, message_id: str) -> bool:
        row = self.connection.one(
            "SELECT 1 FROM pending WHERE message_id = :id", {"id": message_id}
        )
        return row is not None

    def fetches_due(self, now: datetime, limit: int) -> list[FetchRow]:
        rows = self.connection.all(
            "SELECT message_id, position, channel, account_id, url, attempts, created_at"
            " FROM fetches WHERE next_at <= :now ORDER BY next_at LIMIT :limit",
            {"now": int(now.timestamp() * 1000), "limit": limit},
        )
        return [
            FetchRow(
                message_id=row[0],
                position=row[1],
                channel=row[2],
                account_id=row[3],
                url=row[4],
                attempts=row[5],
                created_at=surely(row[6]),
            )
            for row in rows
        ]

    def attention_item(self, attention_id: str) -> Json | None:
        row = self.connection.one(
            "SELECT id, kind, state, channel, account_id, message_id, raw_content, interaction_id"
            " FROM attention WHERE id = :id",
            {"id": attention_id},
        )
        if row is None:
            return None
        keys = ("id", "kind", "state", "channel", "account_id", "message_id", "raw_content",
                "interaction_id")  # fmt: skip
        return dict(zip(keys, row, strict=True))

    def read_again(self, message_id: str) -> str | None:
        """The item of a message that was to be read again."""
        row = self.connection.one(
            "SELECT id FROM attention WHERE state = 'replayed' AND message_id = :id"
            " ORDER BY seq DESC LIMIT 1",
            {"id": message_id},
        )
        return row[0] if row else None

    def attention_of(self, message_id: str) -> list[str]:
        """Open items about one message."""
        rows = self.connection.all(
            "SELECT id FROM attention WHERE message_id = :id AND state = 'open'",
            {"id": message_id},
        )
        return [row[0] for row in rows]


def _outbox(row: Sequence[Any]) -> OutboxRow:
    return OutboxRow(
        message_id=row[0],
        channel=row[1],
        account_id=row[2],
        conversation_id=row[3],
        identity_id=row[4],
        content=row[5],
        author=row[6],
        state=row[7],
        attempt=row[8],
        next_at=surely(row[9]),
        queued_at=surely(row[10]),
        in_reply_to=row[11],
        reference=row[12],
        interaction_id=row[13],
    )

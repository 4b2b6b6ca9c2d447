"""Look-ups of the log, content beside it, and what nodes keep with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from storage.lookups.base import Base, Json, moment, surely
from triggerhub.domain.events import Recorded, decode
from triggerhub.domain.rows import ConsoleRow
from triggerhub.domain.work import NODE

EVENT_COLUMNS = "seq, id, type, version, at, actor, cause, data"


def recorded(row: Sequence[Any]) -> Recorded:
    return Recorded(
        seq=row[0],
        id=row[1],
        at=surely(row[4]),
        actor=row[5],
        cause=row[6],
        fact=decode(row[2], row[3], row[7]),
    )


class LogLookups(Base):
    def events_after(self, seq: int, limit: int) -> list[Recorded]:
        rows = self.connection.all(
            f"SELECT {EVENT_COLUMNS} FROM events WHERE seq > :seq ORDER BY seq LIMIT :limit",
            {"seq": seq, "limit": limit},
        )
        return [recorded(row) for row in rows]

    def body(self, content_id: str | None) -> bytes | None:
        """A piece of content; None where there is none or it was erased.

        Raises Unavailable (CONTENT_MISSING) where it was not, and its file can't be read.
        """
        if content_id is None:
            return None
        row = self.connection.one(
            "SELECT body, path, erased_at FROM content WHERE id = :id", {"id": content_id}
        )
        if row is None or row[2] is not None:
            return None
        if row[1] is not None:
            return self._kit.files.read(row[1])
        return bytes(row[0])

    def bodies(self, content_ids: Iterable[str]) -> dict[str, bytes]:
        """Many at once; erased ones are absent. Raises as `body` does, for any of them."""
        rows = self.connection.in_list(
            "SELECT id, body, path FROM content WHERE erased_at IS NULL AND id IN (:ids)",
            content_ids,
        )
        return {row[0]: self._kit.files.read(row[2]) if row[2] else bytes(row[1]) for row in rows}

    def raws(self, content_ids: Iterable[str]) -> dict[str, tuple[bytes, dict[str, str]]]:
        """What was delivered, and its envelope; erased ones are absent. Raises as `body` does."""
        rows = self.connection.in_list(
            "SELECT id, body, path, meta FROM content WHERE erased_at IS NULL AND id IN (:ids)",
            content_ids,
        )
        found: dict[str, tuple[bytes, dict[str, str]]] = {}
        for content_id, body, path, meta in rows:
            read = self._kit.files.read(path) if path else bytes(body)
            found[content_id] = read, orjson.loads(meta) if meta else {}
        return found

    def envelopes(self, content_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        rows = self.connection.in_list(
            "SELECT id, meta FROM content WHERE meta IS NOT NULL"
            " AND erased_at IS NULL AND id IN (:ids)",
            content_ids,
        )
        return {row[0]: orjson.loads(row[1]) for row in rows}

    def uploads(self, content_ids: Sequence[str], owner: str) -> list[Json]:
        """{id, filename, content_type, size} of this person's uploads, in the order asked for."""
        rows = self.connection.in_list(
            "SELECT id, name, media_type, size FROM content WHERE kind = 'upload'"
            " AND owner = :owner AND id IN (:ids)",
            content_ids,
            {"owner": owner},
        )
        found = {
            row[0]: {"id": row[0], "filename": row[1] or "", "content_type": row[2], "size": row[3]}
            for row in rows
        }
        return [found[i] for i in content_ids if i in found]

    def configuration(self) -> int:
        """The seq of the newest event that set queues or people."""
        row = self.connection.one(
            "SELECT MAX(seq) FROM events WHERE type IN"
            " ('queue.configured', 'queue.removed', 'user.configured')"
        )
        return row[0] or 0 if row else 0

    def remembered(self, key: str) -> Json | None:
        """The result of a command that was carried out under this idempotency key."""
        row = self.connection.row("idempotency", key, "result", by="key")
        return orjson.loads(row[0]) if row else None

    def lease(self, name: str) -> tuple[str, int, datetime] | None:
        """(holder, fence, expires at)."""
        row = self.connection.one(
            "SELECT holder, fence, expires_at FROM leases WHERE name = :name", {"name": name}
        )
        return (row[0], row[1], surely(row[2])) if row else None

    def consoles(self) -> list[ConsoleRow]:
        """Who has consoles where; a node holds the lease of its name while it lives."""
        rows = self.connection.all(
            "SELECT c.agent_id, c.node, l.expires_at FROM consoles c"
            " LEFT JOIN leases l ON l.name = :prefix || c.node ORDER BY c.agent_id, c.node",
            {"prefix": NODE},
        )
        return [ConsoleRow(agent_id=row[0], node=row[1], until=moment(row[2])) for row in rows]

    def position(self, name: str) -> int:
        row = self.connection.one("SELECT seq FROM positions WHERE name = :name", {"name": name})
        return row[0] if row else 0

"""The database of a hub, mostly of one that has stopped, read beside its own code.

Owns plain SQL on the log and the content. Must not know how the hub folds or serves it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

Json = dict[str, Any]
ENDS = ("message.resolved", "message.set_aside", "message.unparseable")


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    """What a query without parameters finds."""
    if url.startswith("postgresql:"):
        with psycopg.connect(url, autocommit=True) as connection:
            # The tests' own SQL, of which psycopg asks that its checker knows it.
            return connection.execute(sql.encode()).fetchall()
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        return file.execute(sql).fetchall()


@dataclass(slots=True)
class Audit:
    """`url`: of SQLite or PostgreSQL. `folder`: the hub's data."""

    url: str
    folder: Path
    events: list[tuple[int, str, Json]] = field(default_factory=list)

    def __post_init__(self) -> None:
        rows = self.rows("SELECT seq, type, data FROM events ORDER BY seq")
        self.events = [(seq, kind, json.loads(data)) for seq, kind, data in rows]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return rows(self.url, sql)

    def of(self, *kinds: str) -> list[Json]:
        return [data for _, kind, data in self.events if kind in kinds]

    def numbers(self) -> list[int]:
        return [seq for seq, _, _ in self.events]

    def raws(self) -> Counter[bytes]:
        """How often each delivery's bytes are referred to by an event of the log."""
        folder = self.folder / "content"
        bodies: dict[str, bytes] = {}
        for content_id, body, path in self.rows("SELECT id, body, path FROM content"):
            bodies[content_id] = (folder / path).read_bytes() if path else bytes(body)
        received = self.of("message.received", "status.received")
        return Counter(bodies[fact["raw_content"]] for fact in received)

    def endings(self) -> dict[str, list[str]]:
        """What became of each received message, by message id."""
        found: dict[str, list[str]] = {f["message_id"]: [] for f in self.of("message.received")}
        for _, kind, data in self.events:
            if kind in ENDS:
                found[data["message_id"]].append(kind)
        return found

    def unsettled(self) -> list[str]:
        """Received messages without an end, and outgoing ones that are still on their way."""
        open_ones = [key for key, ends in self.endings().items() if not ends]
        waiting = self.rows("SELECT message_id FROM outbox WHERE state IN ('queued', 'sending')")
        return open_ones + [row[0] for row in waiting]

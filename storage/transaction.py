"""One transaction on the log: append facts, keep content, advance every projection with them.

The append lock (the row in `log_head`) is held from the start, so sequence numbers become visible
in order and without holes, whatever else commits beside this process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from storage import projections
from storage.engine import Connection
from storage.files import ContentFiles
from storage.lookups import Lookups
from storage.shelf import Shelf, digest
from storage.vault import Vault
from triggerhub.domain.clock import Clock, IdSource
from triggerhub.domain.errors import Conflict, Invalid
from triggerhub.domain.events import Fact, Recorded, decode, encode
from triggerhub.domain.work import Piece, Prepared

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Kit:
    """What every transaction needs: time, ids, keys and the folder for large content."""

    clock: Clock
    ids: IdSource
    vault: Vault
    files: ContentFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Dedupe:
    """Makes a delivery one event for ever: unique by (scope, key)."""

    scope: str
    key: bytes


_ONCE = " ON CONFLICT (dedupe_scope, dedupe_key) WHERE dedupe_scope IS NOT NULL DO NOTHING"


@lru_cache(maxsize=16)  # a transaction asks for its own time, again and again
def millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


class Transaction(Lookups):
    """Lives for one group; its jobs share it one after the other.

    Nearly every delivery is new, so they are taken to be, and their events are written together:
    one that was there raises AlreadyThere out of the next look at the events, or at the end. With
    `doubt` each is asked.
    """

    def __init__(self, connection: Connection, kit: Kit, *, doubt: bool = False) -> None:
        super().__init__(connection, kit)
        self.kit = kit
        self._doubt = doubt
        self.recorded: list[Recorded] = []
        self._fresh: dict[str, Piece] = {}
        self._placed: list[Prepared[Any]] = []
        lock = " FOR UPDATE" if connection.dialect == "postgresql" else ""
        row = connection.one(f"SELECT seq, epoch FROM log_head WHERE one = 1{lock}")
        if row is None:
            raise Conflict("the database has no log yet; run `triggerhub init`", code="no_log")
        self._seq: int = row[0]
        self._began_at: int = row[0]
        self.now = kit.clock.now()

    @property
    def head(self) -> int:
        return self._seq

    def new_id(self, prefix: str) -> str:
        return self.kit.ids.new(prefix)

    def append(
        self, *facts: Fact, actor: str, cause: str | None = None, at: datetime | None = None
    ) -> list[Recorded]:
        """Write facts in order and fold them into every projection."""
        recorded = [self._insert(item, actor, cause, at or self.now) for item in facts]
        for item in recorded:
            projections.apply(self, item)
        return recorded

    def append_once(
        self, item: Fact, dedupe: Dedupe, *, actor: str
    ) -> tuple[Recorded | None, Fact | None]:
        """(recorded, None), or (None, the fact that was there before) for a repeated delivery."""
        if not dedupe.key or not dedupe.scope:
            raise Invalid("a delivery without a key can't be told from others", code="empty_key")
        if self._doubt:
            row = self.connection.one(
                "SELECT type, version, data FROM events"
                " WHERE dedupe_scope = :scope AND dedupe_key = :key",
                {"scope": dedupe.scope, "key": dedupe.key},
            )
            if row is not None:
                return None, decode(row[0], row[1], row[2])
        recorded = self._insert(item, actor, None, self.now, dedupe)
        projections.apply(self, recorded)
        return recorded, None

    def _insert(
        self,
        item: Fact,
        actor: str,
        cause: str | None,
        at: datetime,
        dedupe: Dedupe | None = None,
    ) -> Recorded:
        self._seq += 1
        recorded = Recorded(
            seq=self._seq, id=self.kit.ids.new("ev"), at=at, actor=actor, cause=cause, fact=item
        )
        self.connection.put(
            "events",
            recorded.seq,
            {
                "seq": recorded.seq,
                "id": recorded.id,
                "type": item.TYPE,
                "version": item.VERSION,
                "at": millis(at),
                "actor": actor,
                "cause": cause,
                "dedupe_scope": dedupe.scope if dedupe else None,
                "dedupe_key": dedupe.key if dedupe else None,
                "data": encode(item),
            },
            unless=_ONCE if dedupe is not None else "",
        )
        self.recorded.append(recorded)
        return recorded

    def put(
        self,
        kind: str,
        body: bytes,
        *,
        content_id: str | None = None,
        media_type: str = "application/json",
        name: str | None = None,
        meta: Mapping[str, Any] | None = None,
        owner: str | None = None,
    ) -> str:
        """Keep content in the database, whatever its size; what may be large is prepared."""
        shelf = Shelf(self.kit.ids)
        made = shelf.put(
            kind,
            body,
            content_id=content_id,
            media_type=media_type,
            name=name,
            meta=meta,
            owner=owner,
        )
        self._insert_content(shelf.pieces[0])
        return made

    def place(self, prepared: Prepared[T]) -> T:
        """Write the rows of what was prepared; what was made of it, mostly an id."""
        for piece in prepared.pieces:
            self._insert_content(piece)
        self._placed.append(prepared)
        return prepared.value

    def _insert_content(self, piece: Piece) -> None:
        self.connection.put(
            "content",
            piece.id,
            {
                "id": piece.id,
                "kind": piece.kind,
                "media_type": piece.media_type,
                "name": piece.name,
                "meta": piece.meta,
                "size": len(piece.body),
                "digest": piece.digest or digest(piece),
                "body": None if piece.path else piece.body,
                "path": piece.path,
                "owner": piece.owner,
                "created_at": millis(self.now),
            },
        )
        self._fresh[piece.id] = piece

    def put_json(
        self, kind: str, value: Any, *, content_id: str | None = None, owner: str | None = None
    ) -> str:
        body = orjson.dumps(value, option=orjson.OPT_UTC_Z)
        return self.put(kind, body, content_id=content_id, owner=owner)

    def put_secret(self, value: Mapping[str, str]) -> str:
        """Keep a secret encrypted under the master key; its content id."""
        sealed = self.kit.vault.seal(orjson.dumps(dict(value)))
        return self.put("secret", sealed, media_type="application/octet-stream")

    def body(self, content_id: str | None) -> bytes | None:
        if content_id is None:
            return None
        fresh = self._fresh.get(content_id)
        return fresh.body if fresh is not None else super().body(content_id)

    def raws(self, content_ids: Iterable[str]) -> dict[str, tuple[bytes, dict[str, str]]]:
        found: dict[str, tuple[bytes, dict[str, str]]] = {}
        others = []
        for content_id in content_ids:
            fresh = self._fresh.get(content_id)
            if fresh is None:
                others.append(content_id)
            else:
                found[content_id] = fresh.body, orjson.loads(fresh.meta) if fresh.meta else {}
        return found | super().raws(others)

    def keyed_hash(self, text: str) -> bytes:
        return self.kit.vault.hash(text)

    def remember(self, key: str, result: Mapping[str, Any]) -> None:
        """Keep a command's result under its idempotency key."""
        self.connection.put(
            "idempotency",
            key,
            {
                "key": key,
                "result": orjson.dumps(result).decode(),
                "created_at": millis(self.now),
            },
        )

    def hold_lease(self, name: str, holder: str, until: datetime) -> int | None:
        """Take or renew; a new holder gets a higher fencing number than any before."""
        held = self.lease(name)
        if held is not None and held[0] != holder and held[2] > self.now:
            return None
        fence = 1 if held is None else held[1] + (held[0] != holder)
        self.connection.run(
            "INSERT INTO leases (name, holder, fence, expires_at) VALUES (:name, :holder, :fence,"
            " :until) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder,"
            " fence = excluded.fence, expires_at = excluded.expires_at",
            {"name": name, "holder": holder, "fence": fence, "until": millis(until)},
        )
        return fence

    def release_lease(self, name: str, holder: str) -> None:
        self.connection.run(
            "UPDATE leases SET expires_at = 0 WHERE name = :name AND holder = :holder",
            {"name": name, "holder": holder},
        )

    def console_came(self, agent_id: str, node: str) -> None:
        self.connection.run(
            "INSERT INTO consoles (agent_id, node) VALUES (:agent, :node)"
            " ON CONFLICT (agent_id, node) DO NOTHING",
            {"agent": agent_id, "node": node},
        )

    def console_went(self, agent_id: str, node: str) -> None:
        self.connection.run(
            "DELETE FROM consoles WHERE agent_id = :agent AND node = :node",
            {"agent": agent_id, "node": node},
        )

    def advance(self, name: str, seq: int, fence: int) -> None:
        """Move a reader's position; the database refuses one whose lease has passed on."""
        moved = self.connection.run(
            "INSERT INTO positions (name, seq, fence) VALUES (:name, :seq, :fence)"
            " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, fence = excluded.fence"
            " WHERE positions.fence <= excluded.fence",
            {"name": name, "seq": seq, "fence": fence},
        )
        if moved == 0:
            raise Conflict(f"another node has moved {name}", code="fenced")

    def flush(self) -> None:
        """Write what is kept back, so that what the database refuses is known here."""
        self.connection.write_behind()

    def finish(self) -> None:
        """Write what is kept back and move the head; called once, before the commit."""
        self.flush()
        if self._seq != self._began_at:
            self.connection.run("UPDATE log_head SET seq = :seq WHERE one = 1", {"seq": self._seq})
        for prepared in self._placed:  # only now: a group that fails runs again
            prepared.placed = True

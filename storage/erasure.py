"""Erases a person: their content beside the log, its copies in the projections, its last traces.

The log keeps its facts, which hold ids alone (docs/adr). What a provider keeps, and backups that
were made before, are not in reach.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import orjson

from storage.engine import BUSY_MS, Database
from storage.lookups import Lookups
from storage.places import OF
from storage.transaction import Transaction, millis
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, NotFound

if TYPE_CHECKING:
    from storage.store import Reader, Store

BATCH = 2_000  # events looked through in one read
_PATIENCE_MS = 2_000  # how long readers are waited for, so that the write-ahead log can be emptied
# Configuration has content of its own kind (secrets, hashes of passwords) and is nobody's.
_NEVER = (ev.AccountConfigured, ev.UserPasswordSet, ev.TokenCreated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """`clean`: the write-ahead log is empty too; else a reader held it, and it will be soon."""

    contents: int
    clean: bool


async def erase(store: Store, customer_id: str, *, actor: str) -> Erasure:
    """Remove a customer's content for ever. What waits to be sent to them is cancelled.

    Raises NotFound for nobody, Conflict while an attempt to send to them is under way.
    """
    ids = await store.read(lambda reader: _ids(reader, customer_id))
    found = await _contents(store, ids)

    def work(tx: Transaction) -> tuple[int, list[str]]:
        # What came since was written after we had looked: it is in the projections.
        contents = found | _shown(tx, customer_id)
        _cancel(tx, customer_id, actor)
        files, count = _remove(tx, contents)
        tx.append(ev.ErasureDone(customer_id=customer_id, contents=count), actor=actor)
        return count, files

    count, files = await store.write(work)
    for path in files:
        await asyncio.to_thread(store.kit.files.remove, path)
    return Erasure(contents=count, clean=await asyncio.to_thread(_empty_log, store.database))


def _ids(reader: Reader, customer_id: str) -> set[str]:
    """The customer, their identities, conversations, messages and notes."""
    if reader.profile(customer_id) is None:
        raise NotFound(f"there is no customer {customer_id}")
    theirs = "(SELECT id FROM identities WHERE customer_id = :id)"
    rows = reader.connection.all(
        "SELECT id FROM identities WHERE customer_id = :id"
        f" UNION ALL SELECT id FROM conversations WHERE identity_id IN {theirs}"
        f" UNION ALL SELECT e.id FROM identities n JOIN entries e ON {OF}"
        " WHERE n.customer_id = :id",
        {"id": customer_id},
    )
    return {customer_id, *(row[0] for row in rows)}


async def _contents(store: Store, ids: set[str]) -> set[str]:
    """Every piece that a fact about one of these ids refers to, and the reports that led to it."""
    found: set[str] = set()
    causes: set[str] = set()
    reports: dict[str, str] = {}
    after = 0
    while batch := await store.read(lambda reader, at=after: reader.events_after(at, BATCH)):  # type: ignore[misc]
        after = batch[-1].seq
        for item in batch:
            if isinstance(item.fact, ev.StatusReceived):
                reports[item.id] = item.fact.raw_content
            elif not isinstance(item.fact, _NEVER) and (mentioned := _references(item.fact, ids)):
                found |= mentioned
                if item.cause is not None:
                    causes.add(item.cause)
        # A report is settled soon after it came: those that were not are no one's.
        found |= {reports.pop(cause) for cause in causes & reports.keys()}
        for old in list(reports)[: max(0, len(reports) - 10 * BATCH)]:
            del reports[old]
    return found | await store.read(lambda reader: _parts(reader, found))


def _references(fact: ev.Fact, ids: set[str]) -> set[str]:
    """Content ids of a fact about one of these ids; `{\"\"}` where it has none."""
    values = {field.name: getattr(fact, field.name) for field in fields(fact)}
    if not any(isinstance(value, str) and value in ids for value in values.values()):
        return set()
    return {
        value
        for name, value in values.items()
        if (name == "content" or name.endswith("_content")) and isinstance(value, str)
    } or {""}


def _parts(reader: Lookups, contents: Iterable[str]) -> set[str]:
    """What parsed messages refer to: formatted text and attachments."""
    parts: set[str] = set()
    known = reader.connection.in_list(
        "SELECT id FROM content WHERE kind <> 'raw' AND media_type = 'application/json'"
        " AND erased_at IS NULL AND id IN (:ids)",
        contents,
    )
    for body in reader.bodies(row[0] for row in known).values():
        value = orjson.loads(body)
        if isinstance(value, dict):
            parts.add(value.get("html_content") or "")
            parts |= {part.get("id") or "" for part in value.get("attachments") or ()}
    return parts


def _shown(tx: Transaction, customer_id: str) -> set[str]:
    rows = tx.connection.all(
        f"SELECT raw_content, parsed_content, a.content_id FROM identities n JOIN entries e ON {OF}"
        " LEFT JOIN attachments a ON a.entry_id = e.id WHERE n.customer_id = :id",
        {"id": customer_id},
    )
    direct = {content for row in rows for content in row if content}
    return direct | _parts(tx, direct)


def _cancel(tx: Transaction, customer_id: str, actor: str) -> None:
    for message_id, state in tx.connection.all(
        "SELECT message_id, state FROM outbox WHERE state IN ('queued','sending')"
        " AND identity_id IN (SELECT id FROM identities WHERE customer_id = :id)",
        {"id": customer_id},
    ):
        if state == "sending":
            raise Conflict("a message to them is being sent: try again in a minute", code="sending")
        tx.append(ev.MessageCancelled(message_id=message_id), actor=actor)


def _remove(tx: Transaction, contents: set[str]) -> tuple[list[str], int]:
    """(files to remove once this is durable, pieces erased)."""
    rows = tx.connection.in_list(
        "SELECT id, path FROM content WHERE erased_at IS NULL AND id IN (:ids)", contents - {""}
    )
    tx.connection.run_many(
        "UPDATE content SET body = NULL, path = NULL, name = NULL, meta = NULL, digest = NULL,"
        " size = 0, erased_at = :at WHERE id = :id",
        [{"id": row[0], "at": millis(tx.now)} for row in rows],
    )
    return [row[1] for row in rows if row[1]], len(rows)


def _empty_log(database: Database) -> bool:
    """What was overwritten in the database still stands in the write-ahead log until then."""
    if database.dialect != "sqlite":
        return True
    connection = database.connect()
    try:
        connection.all(f"PRAGMA busy_timeout={min(_PATIENCE_MS, BUSY_MS)}")
        row = connection.one("PRAGMA wal_checkpoint(TRUNCATE)")
        return row is not None and row[0] == 0
    finally:
        connection.close()

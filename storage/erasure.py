"""Erases a person: their content beside the log, its copies in the projections, its last traces.

The log keeps its facts, which hold ids alone (docs/adr). What a provider keeps, and backups that
were made before, are not in reach.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import orjson

from storage.engine import Database
from storage.lookups import Lookups
from storage.transaction import Transaction, millis
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, NotFound

if TYPE_CHECKING:
    from storage.reading import Reader
    from storage.store import Store

BATCH = 2_000  # events looked through in one read
PIECES = 2_000  # pieces of content looked up in one statement
_PATIENCE_MS = 2_000  # how long readers are waited for, so that the write-ahead log can be emptied
# Whose a fact is, the closest first: a message's identity, not whom it was linked to then.
_OWNERS = ("identity_id", "message_id", "customer_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """`clean`: the write-ahead log is empty too; else a reader held it, and it will be soon."""

    contents: int
    clean: bool


async def erase(store: Store, customer_id: str, *, actor: str) -> Erasure:
    """Remove a customer's content for ever. What waits to be sent to them is cancelled, and their
    open work closed.

    Raises NotFound for nobody, Conflict while an attempt to send to them is under way.
    """
    ids, moved = await store.read(lambda reader: _ids(reader, customer_id))
    former = await _former(store, moved) if moved else ()
    ids |= await store.read(lambda reader: _emptied(reader, former))
    found = await _contents(store, ids)

    def work(tx: Transaction) -> tuple[int, list[str]]:
        # What came since was written after we had looked: it is in the projections.
        contents = found | _shown(tx, customer_id)
        _cancel(tx, customer_id, actor)
        _close_work(tx, customer_id, actor)
        files, count = _remove(tx, contents)
        done = ev.ErasureDone(
            customer_id=customer_id, contents=count, former_customer_ids=tuple(sorted(former))
        )
        tx.append(done, actor=actor)
        return count, files

    count, files = await store.write(work)
    for path in files:
        await asyncio.to_thread(store.kit.files.remove, path)
    return Erasure(contents=count, clean=await asyncio.to_thread(_empty_log, store.database))


def _ids(reader: Reader, customer_id: str) -> tuple[set[str], set[str]]:
    """(the customer, their identities, conversations, messages and notes; identities of theirs
    that had belonged to somebody else).
    """
    if reader.profile(customer_id) is None:
        raise NotFound(f"there is no customer {customer_id}")
    theirs = "(SELECT id FROM identities WHERE customer_id = :id)"
    rows = reader.connection.all(
        "SELECT id FROM identities WHERE customer_id = :id"
        f" UNION ALL SELECT id FROM conversations WHERE identity_id IN {theirs}"
        " UNION ALL SELECT e.id FROM identities n JOIN entries e ON e.identity_id = n.id"
        " WHERE n.customer_id = :id",
        {"id": customer_id},
    )
    moved = reader.connection.all(
        "SELECT id FROM identities WHERE customer_id = :id AND link_version > 1",
        {"id": customer_id},
    )
    return {customer_id, *(row[0] for row in rows)}, {row[0] for row in moved}


async def _former(store: Store, moved: set[str]) -> set[str]:
    """Whose these identities had been before."""
    former: set[str] = set()
    async for item in _events(store):
        fact = item.fact
        if isinstance(fact, ev.IdentityLinked) and fact.identity_id in moved:
            former |= {fact.previous_customer_id or ""}
    return former - {""}


def _emptied(reader: Reader, former: Iterable[str]) -> set[str]:
    """Those of them who were nobody but this customer: no address is left to them."""
    kept = reader.connection.in_list(
        "SELECT DISTINCT customer_id FROM identities WHERE customer_id IN (:ids)", former
    )
    return set(former) - {row[0] for row in kept}


async def _events(store: Store) -> AsyncIterator[ev.Recorded]:
    after = 0
    while batch := await store.read(lambda reader, at=after: reader.events_after(at, BATCH)):  # type: ignore[misc]
        after = batch[-1].seq
        for item in batch:
            yield item


async def _contents(store: Store, ids: set[str]) -> set[str]:
    """Every piece that a fact about one of these ids refers to, and the deliveries that led to it:
    a provider's report, a returned mail.
    """
    found: set[str] = set()
    unsettled: dict[str, set[str]] = {}  # by the id of a report's event, or of a message
    async for item in _events(store):
        fact = item.fact
        referred = _referred(fact)
        if isinstance(fact, ev.StatusReceived):
            unsettled[item.id] = referred
            continue
        theirs = _is_theirs(fact, ids)
        if theirs:
            found |= referred
        if isinstance(fact, ev.MessageReceived | ev.MessageParsed | ev.AttentionReplayed):
            unsettled[fact.message_id] = unsettled.get(fact.message_id, set()) | referred
            continue
        settled = [item.cause or ""]
        if isinstance(fact, ev.MessageResolved | ev.MessageSetAside | ev.MessageUnparseable):
            settled.append(fact.message_id)
        for key in settled:
            delivered = unsettled.pop(key, set())
            if theirs:
                found |= delivered
    return found | await store.read(lambda reader: _parts(reader, found))


def _is_theirs(fact: ev.Fact, ids: set[str]) -> bool:
    """Whether a fact is about what belongs to one of these ids.

    Not whether it names one: a mail that claims to be somebody's, or a thread that was opened
    beside another's, names a customer and is nobody's but its sender's. What was linked elsewhere
    since goes with its identity, as the timeline does.
    """
    match fact:
        case ev.MessageSetAside() | ev.StatusSetAside():
            owner = fact.about_message_id
        case ev.AccountConfigured() | ev.UserPasswordSet() | ev.TokenCreated():
            return False  # content of its own kind (secrets, hashes of passwords), nobody's
        case _:
            owner = next((v for v in (getattr(fact, name, None) for name in _OWNERS) if v), None)
    return owner in ids


def _referred(fact: ev.Fact) -> set[str]:
    """The content ids of a fact."""
    names = (f.name for f in fields(fact))
    named = [name for name in names if name == "content" or name.endswith("_content")]
    return {value for value in (getattr(fact, name) for name in named) if isinstance(value, str)}


def _parts(reader: Lookups, contents: Iterable[str]) -> set[str]:
    """What parsed messages refer to: formatted text and attachments."""
    parts: set[str] = set()
    for some in _some(contents):
        known = reader.connection.in_list(
            "SELECT id FROM content WHERE kind <> 'raw' AND media_type = 'application/json'"
            " AND erased_at IS NULL AND id IN (:ids)",
            some,
        )
        for body in reader.bodies(row[0] for row in known).values():
            value = orjson.loads(body)
            if isinstance(value, dict):
                parts.add(value.get("html_content") or "")
                parts |= {part.get("id") or "" for part in value.get("attachments") or ()}
    return parts - {""}


def _some(contents: Iterable[str]) -> Iterator[list[str]]:
    """A database takes so many parameters and no more."""
    every = sorted(contents)
    for first in range(0, len(every), PIECES):
        yield every[first : first + PIECES]


def _shown(tx: Transaction, customer_id: str) -> set[str]:
    rows = tx.connection.all(
        "SELECT raw_content, parsed_content, a.content_id FROM identities n"
        " JOIN entries e ON e.identity_id = n.id"
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


def _close_work(tx: Transaction, customer_id: str, actor: str) -> None:
    """Nobody is left whom it is about, or who could be answered."""
    ids = tx.connection.all(
        "SELECT i.id FROM identities n JOIN interactions i ON i.identity_id = n.id"
        " WHERE n.customer_id = :id AND i.state <> 'closed' ORDER BY i.id",
        {"id": customer_id},
    )
    for row in tx.interactions([interaction_id for (interaction_id,) in ids]):
        offer = tx.pending_offer_of(row.id)
        if offer is not None:
            fact = ev.OfferRescinded(
                offer_id=offer.id, interaction_id=row.id, agent_id=offer.agent_id, reason="erased"
            )
            tx.append(fact, actor=actor)
        if row.owner_id and row.assignment_id and row.assignment_state is not None:
            ended = ev.AssignmentEnded(
                assignment_id=row.assignment_id, interaction_id=row.id, agent_id=row.owner_id,
                reason="closed",
            )  # fmt: skip
            tx.append(ended, actor=actor)
        closed = ev.InteractionClosed(
            interaction_id=row.id, how="set_aside", code="erased", disposition=None
        )
        tx.append(closed, actor=actor)


def _remove(tx: Transaction, contents: set[str]) -> tuple[list[str], int]:
    """(files to remove once this is durable, pieces erased)."""
    rows = [
        row
        for some in _some(contents)
        for row in tx.connection.in_list(
            "SELECT id, path FROM content WHERE erased_at IS NULL AND id IN (:ids)", some
        )
    ]
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
        connection.all(f"PRAGMA busy_timeout={_PATIENCE_MS}")
        row = connection.one("PRAGMA wal_checkpoint(TRUNCATE)")
        return row is not None and row[0] == 0
    finally:
        connection.close()

"""Takes away what nobody will ask for again: old answers, uploads never sent, files
of nobody, names of nodes that are no more."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from storage.transaction import Transaction, millis
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.work import NODE

if TYPE_CHECKING:
    from storage.store import Store

log = structlog.get_logger(__name__)
EVERY = timedelta(hours=1)
ANSWERS = timedelta(days=7)  # a console repeats a command for minutes at most
UPLOADS = timedelta(days=2)  # chosen for a message that was never sent
FILES = timedelta(days=1)  # written for a delivery whose transaction failed
NODES = timedelta(days=1)  # leases of nodes that are no more
AT_ONCE = 500  # rows of one transaction, so that nobody waits


async def run(store: Store) -> None:
    """Until cancelled; a database that can't be reached is tried again the next time."""
    while True:
        try:
            await prune(store)
        except Unavailable as error:
            log.warning("storage.not_pruned", error=str(error))
        await asyncio.sleep(EVERY.total_seconds())


async def prune(store: Store) -> int:
    """Once, all of it; how many rows and files went."""
    gone = 0
    while count := await store.write(_answers):
        gone += count
    while uploads := await store.write(_uploads):
        gone += len(uploads)
        for path in filter(None, uploads):
            await asyncio.to_thread(store.kit.files.remove, path)
    gone += await store.write(_nodes)
    files = store.kit.files
    old = (store.kit.clock.now() - FILES).timestamp()
    paths = await asyncio.to_thread(files.older_than, old)
    for first in range(0, len(paths), AT_ONCE):
        some = paths[first : first + AT_ONCE]
        known = await store.read(
            lambda reader, some=some: {  # type: ignore[misc]
                row[0]
                for row in reader.connection.in_list(
                    "SELECT id FROM content WHERE erased_at IS NULL AND id IN (:ids)",
                    [path.rpartition("/")[2] for path in some],
                )
            }
        )
        for path in some:
            if path.rpartition("/")[2] not in known:
                await asyncio.to_thread(files.remove, path)
                gone += 1
    return gone


def _answers(tx: Transaction) -> int:
    return tx.connection.run(
        "DELETE FROM idempotency WHERE key IN"
        " (SELECT key FROM idempotency WHERE created_at < :before LIMIT :limit)",
        {"before": millis(tx.now - ANSWERS), "limit": AT_ONCE},
    )


def _nodes(tx: Transaction) -> int:
    return tx.connection.run(
        "DELETE FROM leases WHERE name LIKE :nodes AND expires_at < :before",
        {"nodes": f"{NODE}%", "before": millis(tx.now - NODES)},
    )


def _uploads(tx: Transaction) -> list[str | None]:
    """The files of those that went; None for one that lay in the database."""
    rows = tx.connection.all(
        "SELECT c.id, c.path FROM content c WHERE c.kind = 'upload' AND c.created_at < :before"
        " AND NOT EXISTS (SELECT 1 FROM attachments a WHERE a.content_id = c.id) LIMIT :limit",
        {"before": millis(tx.now - UPLOADS), "limit": AT_ONCE},
    )
    tx.connection.run_many("DELETE FROM content WHERE id = :id", [{"id": row[0]} for row in rows])
    return [row[1] for row in rows]

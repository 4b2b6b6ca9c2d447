"""Folds of parts that are fetched from the provider after the message was accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from storage.projections.rows import Json, ms, text
from triggerhub.domain import events as ev

if TYPE_CHECKING:
    from storage.transaction import Transaction


def _change_part(tx: Transaction, message_id: str, position: int, change: Json) -> None:
    row = tx.connection.one("SELECT body FROM entries WHERE id = :id", {"id": message_id})
    if row is None:
        return
    body = orjson.loads(row[0])
    if position >= len(body["attachments"]):  # the message was erased
        return
    body["attachments"][position].update(change)
    tx.connection.run(
        "UPDATE entries SET body = :body WHERE id = :id", {"id": message_id, "body": text(body)}
    )


def _done(tx: Transaction, message_id: str, position: int) -> None:
    tx.connection.run(
        "DELETE FROM fetches WHERE message_id = :id AND position = :position",
        {"id": message_id, "position": position},
    )


def _fetched(tx: Transaction, r: ev.Recorded, f: ev.AttachmentFetched) -> None:
    change = {"id": f.content, "content_type": f.content_type, "size": f.size}
    _change_part(tx, f.message_id, f.position, change)
    tx.connection.run(
        "INSERT INTO attachments (content_id, entry_id) VALUES (:content, :entry)"
        " ON CONFLICT (content_id) DO NOTHING",
        {"content": f.content, "entry": f.message_id},
    )
    _done(tx, f.message_id, f.position)


def _deferred(tx: Transaction, r: ev.Recorded, f: ev.AttachmentDeferred) -> None:
    tx.connection.run(
        "UPDATE fetches SET attempts = attempts + 1, next_at = :next"
        " WHERE message_id = :id AND position = :position",
        {"id": f.message_id, "position": f.position, "next": ms(f.next_at)},
    )


def _lost(tx: Transaction, r: ev.Recorded, f: ev.AttachmentLost) -> None:
    _change_part(tx, f.message_id, f.position, {"lost": f.reason})
    _done(tx, f.message_id, f.position)


HANDLERS = {
    ev.AttachmentFetched: _fetched,
    ev.AttachmentDeferred: _deferred,
    ev.AttachmentLost: _lost,
}

"""Content and events as they are served: what lies beside the log is put back in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from storage.reading import Reader
from triggerhub.domain import events as ev
from triggerhub.domain.events import Recorded

Json = dict[str, Any]


def message(reader: Reader, message_id: str) -> Json | None:
    """Where a message belongs and where its bytes are; also of one that was never resolved."""
    row = reader.connection.one(
        "SELECT e.id, n.customer_id, c.queue_id, e.raw_content, e.parsed_content, c.channel"
        " FROM entries e JOIN identities n ON n.id = e.identity_id"
        " JOIN conversations c ON c.id = e.conversation_id WHERE e.id = :id",
        {"id": message_id},
    )
    if row is None:
        row = reader.connection.one(
            "SELECT message_id, NULL, NULL, raw_content, NULL, channel FROM attention"
            " WHERE message_id = :id ORDER BY seq DESC LIMIT 1",
            {"id": message_id},
        )
    if row is None:
        return None
    keys = ("message_id", "customer_id", "queue_id", "raw_content", "parsed_content", "channel")
    return dict(zip(keys, row, strict=True))


def html(reader: Reader, message_id: str) -> tuple[str, Mapping[str, str]] | None:
    found = message(reader, message_id)
    if found is None or not found["parsed_content"]:
        return None
    parsed = orjson.loads(reader.body(found["parsed_content"]) or b"{}")
    body = reader.body(parsed.get("html_content"))
    if body is None:
        return None
    cids = {
        part["cid"]: part["id"]
        for part in parsed.get("attachments", [])
        if part.get("cid") and part.get("id")
    }
    return body.decode(), cids


def content(reader: Reader, content_id: str) -> tuple[Json, bytes] | None:
    """A piece of content with the customer and queue that decide who may read it."""
    row = reader.connection.one(
        "SELECT kind, media_type, name, owner FROM content WHERE id = :id AND erased_at IS NULL",
        {"id": content_id},
    )
    body = reader.body(content_id)
    if row is None or body is None:
        return None
    place = reader.connection.one(
        "SELECT n.customer_id, c.queue_id FROM attachments a JOIN entries e ON e.id = a.entry_id"
        " JOIN identities n ON n.id = e.identity_id"
        " JOIN conversations c ON c.id = e.conversation_id WHERE a.content_id = :id",
        {"id": content_id},
    )
    about = {
        "kind": row[0],
        "media_type": row[1],
        "filename": row[2] or "",
        "owner": row[3],
        "customer_id": place[0] if place else None,
        "queue_id": place[1] if place else None,
    }
    return about, body


def events(reader: Reader, after: int, limit: int) -> list[tuple[Recorded, Json]]:
    """Events with addresses and provider ids, for as long as the content has them."""
    found = reader.events_after(after, limit)
    received = [r.fact for r in found if isinstance(r.fact, ev.MessageReceived)]
    envelopes = reader.envelopes(fact.raw_content for fact in received)
    extras: dict[int, Json] = {}
    for item in found:
        if isinstance(item.fact, ev.MessageReceived):
            extras[item.seq] = _received(item.fact, envelopes)
    return [(item, extras.get(item.seq, {})) for item in found]


def _received(fact: ev.MessageReceived, envelopes: Mapping[str, Mapping[str, str]]) -> Json:
    envelope = envelopes.get(fact.raw_content)
    if envelope is None:
        return {}
    return {
        "external_id": envelope.get("external_id", ""),
        "from": envelope.get("from", envelope.get("mail_from", "")),
    }

"""What needs a person: what it is, whose, why, since when."""

from __future__ import annotations

from typing import Any

import orjson

from storage.projections.messages import preview
from storage.reading import Reader
from storage.views import cursor
from storage.views.rows import iso
from triggerhub.domain.model.identity import address_shown

Json = dict[str, Any]


def count(reader: Reader) -> int:
    row = reader.connection.one("SELECT COUNT(*) FROM attention WHERE state = 'open'")
    return int(row[0]) if row else 0


def page(reader: Reader, *, state: str, after: str | None, limit: int) -> Json:
    """The newest first; what is read again in vain stays where it stood."""
    conditions = ["a.seq < :after"]
    if state == "open":
        conditions.append("a.state = 'open'")
    found = reader.connection.all(
        "SELECT a.seq, a.id, a.kind, a.at, a.tried_at, a.tries, a.channel, a.account_id, a.reason,"
        " a.message_id, a.interaction_id, a.state, a.raw_content, c.size FROM attention a"
        f" LEFT JOIN content c ON c.id = a.raw_content WHERE {' AND '.join(conditions)}"
        " ORDER BY a.seq DESC LIMIT :limit",
        {"after": cursor.number(after) if after is not None else 1 << 62, "limit": limit + 1},
    )
    rows = found[:limit]
    told = _told(reader, [row[12] for row in rows if row[12]])
    about = _written(reader, [row[9] for row in rows if row[9]])
    about |= _work(reader, [row[10] for row in rows if row[10]])
    items = [
        {
            "id": row[1],
            "kind": row[2],
            "at": iso(row[3]),
            "tried_at": iso(row[4]),
            "tries": row[5],
            "channel": row[6],
            "account_id": row[7],
            "reason": row[8],
            "message_id": row[9],
            "interaction_id": row[10],
            "state": row[11],
            "size": row[13],
            "from": "",
            "to": [],
            "customer_id": None,
            "customer_name": "",
            "preview": "",
            **(about.get(row[9]) or about.get(row[10]) or told.get(row[12]) or {}),
        }
        for row in rows
    ]
    return {"items": items, "after": str(rows[-1][0]) if len(found) > limit else None}


def _told(reader: Reader, raw_contents: list[str]) -> dict[str, Json]:
    """What the delivery said of what could not be read: until it is, no more is known."""
    return {
        content_id: {
            "from": envelope.get("from", envelope.get("mail_from", "")),
            "to": orjson.loads(envelope.get("rcpt_to", "[]")),
        }
        for content_id, envelope in reader.envelopes(raw_contents).items()
    }


def _written(reader: Reader, message_ids: list[str]) -> dict[str, Json]:
    """Of messages that have an entry: what we meant to send, or what was read since."""
    found = {}
    for entry_id, body, customer_id, name in reader.connection.in_list(
        "SELECT e.id, e.body, u.id, u.name FROM entries e JOIN identities n ON n.id = e.identity_id"
        " JOIN customers u ON u.id = n.customer_id WHERE e.id IN (:ids)",
        message_ids,
    ):
        shown = orjson.loads(body)
        found[entry_id] = {
            "from": shown["from"]["address"],
            "to": shown["to"],
            "customer_id": customer_id,
            "customer_name": name,
            "preview": preview(shown["subject"] or shown["text"] or ""),
        }
    return found


def _work(reader: Reader, interaction_ids: list[str]) -> dict[str, Json]:
    return {
        row[0]: {
            "from": address_shown(row[1]),
            "customer_id": row[2],
            "customer_name": row[3],
            "preview": row[4] or row[5],
        }
        for row in reader.connection.in_list(
            "SELECT i.id, n.address, u.id, u.name, c.subject, i.preview FROM interactions i"
            " JOIN identities n ON n.id = i.identity_id JOIN customers u ON u.id = n.customer_id"
            " JOIN conversations c ON c.id = i.conversation_id WHERE i.id IN (:ids)",
            interaction_ids,
        )
    }

"""What is known of a customer: the card and the timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from storage.store import Reader
from storage.views.rows import iso
from triggerhub.domain.model.identity import closed_because

Json = dict[str, Any]
_ENTRY = """
SELECT e.seq, e.body, e.state, e.state_at, e.reason, e.erased, n.customer_id, c.name, o.next_at
FROM entries e JOIN identities n ON n.id = e.identity_id JOIN customers c ON c.id = n.customer_id
LEFT JOIN outbox o ON o.message_id = e.id AND e.state = 'queued'
"""
_KINDS = {"email": "email", "sms": "phone", "whatsapp": "phone"}


def entry(row: Sequence[Any]) -> Json:
    shown: Json = orjson.loads(row[1])
    shown["state"] = row[2]
    shown["state_at"] = iso(row[3])
    shown["reason"] = row[4]
    shown["next_at"] = iso(row[8])
    shown["erased"] = bool(row[5])
    shown["customer_id"] = row[6]
    if shown["direction"] == "in" and row[7]:
        shown["author_name"] = row[7]  # as we know them, not as a carrier or mail program says
    return shown


def ready(row: Sequence[Any]) -> orjson.Fragment:
    """The same as JSON, put together without reading what the fold has written."""
    beside = orjson.dumps(
        {
            "state": row[2],
            "state_at": iso(row[3]),
            "reason": row[4],
            "next_at": iso(row[8]),
            "erased": bool(row[5]),
            "customer_id": row[6],
        }
    )
    return orjson.Fragment(b"%s,%s" % (row[1][:-1].encode(), beside[1:]))


def entries(reader: Reader, ids: Iterable[str]) -> dict[str, Json]:
    rows = reader.connection.in_list(f"{_ENTRY} WHERE e.id IN (:ids)", ids)
    found = [entry(row) for row in rows]
    return {item["id"]: item for item in found}


def timeline(
    reader: Reader,
    customer_ids: Sequence[str],
    *,
    before: int | None,
    limit: int,
    item: Callable[[Sequence[Any]], Any] = entry,
) -> Json:
    """The union of the entries of these customers' identities, newest page first.

    `item`: `entry`, or `ready` where nobody looks into the entries before they are sent.
    """
    identities = reader.connection.in_list(
        "SELECT id FROM identities WHERE customer_id IN (:ids)", customer_ids
    )
    rows = reader.connection.in_list(
        f"{_ENTRY} WHERE e.seq < :before AND e.state <> 'cancelled' AND e.identity_id IN (:ids)"
        " ORDER BY e.seq DESC LIMIT :limit",
        [row[0] for row in identities],
        {"before": before if before is not None else 1 << 62, "limit": limit + 1},
    )
    return page(rows, limit, item)


def page(
    rows: Sequence[Sequence[Any]], limit: int, item: Callable[[Sequence[Any]], Any] = entry
) -> Json:
    more = len(rows) > limit
    kept = list(reversed(rows[:limit]))
    return {"items": [item(row) for row in kept], "before": kept[0][0] if more else None}


def conversation(reader: Reader, conversation_id: str) -> Json | None:
    row = reader.connection.one(
        "SELECT c.id, c.channel, c.subject, n.customer_id, c.account_id, c.queue_id"
        " FROM conversations c JOIN identities n ON n.id = c.identity_id WHERE c.id = :id",
        {"id": conversation_id},
    )
    if row is None:
        return None
    rows = reader.connection.all(
        f"{_ENTRY} WHERE e.conversation_id = :id AND e.state <> 'cancelled'"
        " ORDER BY e.seq DESC LIMIT 201",
        {"id": conversation_id},
    )
    pieces = reader.connection.all(
        "SELECT id FROM interactions WHERE conversation_id = :id ORDER BY opened_at, id",
        {"id": conversation_id},
    )
    return {
        "id": row[0],
        "channel": row[1],
        "subject": row[2],
        "customer_id": row[3],
        "account_id": row[4],
        "queue_id": row[5],
        "interaction_ids": [piece[0] for piece in pieces],
        "entries": page(rows, 200),
    }


def cards(reader: Reader, customer_ids: Iterable[str]) -> dict[str, Json]:
    found = {}
    for customer_id in dict.fromkeys(customer_ids):
        made = card(reader, customer_id)
        if made is not None:
            found[customer_id] = made
    return found


def card(reader: Reader, customer_id: str) -> Json | None:
    row = reader.connection.one(
        "SELECT id, name, language, tier, company, timezone, tags, created_at, provisional,"
        " fields, last_at FROM customers WHERE id = :id",
        {"id": customer_id},
    )
    if row is None:
        return None
    identities = reader.connection.all(
        "SELECT id, kind, address, standing, why, learnt_at, ended_at, link_why FROM identities"
        " WHERE customer_id = :id ORDER BY learnt_at, id",
        {"id": customer_id},
    )
    ids = [identity[0] for identity in identities]
    pieces = reader.connection.in_list(
        "SELECT i.id, i.channel, c.subject, i.state, i.closed_how, i.queue_id, i.opened_at,"
        " i.closed_at FROM interactions i JOIN conversations c ON c.id = i.conversation_id"
        " WHERE i.identity_id IN (:ids) ORDER BY i.opened_at DESC, i.id LIMIT 10",
        ids,
    )
    counts = reader.connection.in_list(
        "SELECT COUNT(*), MIN(seq) FROM entries WHERE identity_id IN (:ids)", ids
    )
    talks = reader.connection.in_list(
        "SELECT COUNT(*), MIN(opened_at), MAX(likely_customer_id) FROM conversations"
        " WHERE identity_id IN (:ids)",
        ids,
    )
    likely_id = talks[0][2] if talks else None
    likely = (
        reader.connection.one("SELECT name FROM customers WHERE id = :id", {"id": likely_id})
        if likely_id and likely_id != customer_id
        else None
    )
    return {
        "customer": {
            "id": row[0],
            "name": row[1],
            "language": row[2],
            "tier": row[3],
            "company": row[4],
            "timezone": row[5],
            "tags": orjson.loads(row[6]),
            "created_at": iso(row[7]),
            "provisional": bool(row[8]),
            "fields": orjson.loads(row[9]),
        },
        "identities": [
            {
                "id": identity[0],
                "kind": identity[1],
                "address": identity[2],
                "standing": identity[3],
                "why": identity[4],
                "learnt_at": iso(identity[5]),
                "ended_at": iso(identity[6]),
                "link_why": identity[7],
            }
            for identity in identities
        ],
        "likely": None
        if likely is None
        else {"customer_id": likely_id, "name": likely[0], "why": "same_address"},
        "interactions": [
            {
                "id": piece[0],
                "channel": piece[1],
                "subject": piece[2],
                "state": piece[3],
                "closed_how": piece[4],
                "queue_id": piece[5],
                "opened_at": iso(piece[6]),
                "closed_at": iso(piece[7]),
            }
            for piece in pieces
        ],
        "reply_ways": _reply_ways(reader, identities),
        "counts": {
            "entries": counts[0][0] if counts else 0,
            "conversations": talks[0][0] if talks else 0,
        },
        "first_at": iso(talks[0][1] if talks else None),
        "last_at": iso(row[10]),
    }


def _reply_ways(reader: Reader, identities: Sequence[Sequence[Any]]) -> list[Json]:
    """How the customer can be answered: each address through the accounts that it has used.

    Where an address was never used on a channel, through that channel's first account.
    """
    used: dict[tuple[str, str], dict[str, None]] = {}
    for identity_id, channel, account_id in reader.connection.in_list(
        "SELECT identity_id, channel, account_id FROM conversations WHERE identity_id IN (:ids)"
        " ORDER BY last_seq DESC",
        [identity[0] for identity in identities],
    ):
        used.setdefault((identity_id, channel), {})[account_id] = None
    accounts = reader.connection.all(
        "SELECT id, channel FROM accounts WHERE removed = 0 ORDER BY id"
    )
    ways = []
    for channel, kind in _KINDS.items():
        there = [account_id for account_id, of in accounts if of == channel]
        for identity in identities:
            if identity[1] != kind or not there:
                continue
            reason = closed_because(
                identity[2],
                standing=identity[3],
                ended=identity[6] is not None,
                link_why=identity[7],
            )
            known = [a for a in used.get((identity[0], channel), ()) if a in there]
            ways += [
                {
                    "channel": channel,
                    "account_id": account_id,
                    "identity_id": identity[0],
                    "address": identity[2],
                    "open": reason is None,
                    "reason": reason,
                }
                for account_id in known or there[:1]
            ]
    return ways

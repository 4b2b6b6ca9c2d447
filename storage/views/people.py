"""What is known of a customer: the card and the timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from storage.reading import Reader
from storage.views.answering import reply_ways
from storage.views.rows import iso
from triggerhub.domain.model.identity import address_shown, is_proven, link_can_be_undone

Json = dict[str, Any]
_ENTRY = """
SELECT e.seq, e.body, e.state, e.state_at, e.reason, e.erased, n.customer_id,
 CASE WHEN e.state = 'queued'
 THEN (SELECT o.next_at FROM outbox o WHERE o.message_id = e.id) END
FROM entries e JOIN identities n ON n.id = e.identity_id
"""
_HIGHEST = (1 << 63) - 1
_PIECES = 10  # of work that a card shows, the newest


def entry(row: Sequence[Any]) -> Json:
    shown: Json = _served(orjson.loads(row[1]))
    shown["state"] = row[2]
    shown["state_at"] = iso(row[3])
    shown["reason"] = row[4]
    shown["next_at"] = iso(row[7])
    shown["erased"] = bool(row[5])
    shown["customer_id"] = row[6]
    return shown


def ready(row: Sequence[Any]) -> orjson.Fragment:
    """The same as JSON, put together without reading what the fold has written."""
    beside = orjson.dumps(
        {
            "state": row[2],
            "state_at": iso(row[3]),
            "reason": row[4],
            "next_at": iso(row[7]),
            "erased": bool(row[5]),
            "customer_id": row[6],
        }
    )
    body = row[1]
    if '"url":' in body:  # of media that came with a text; few have any
        body = orjson.dumps(_served(orjson.loads(body))).decode()
    return orjson.Fragment(b"%s,%s" % (body[:-1].encode(), beside[1:]))


def _served(body: Json) -> Json:
    """Without where the provider keeps the parts: that is ours to know."""
    for part in body["attachments"]:
        part.pop("url", None)
    return body


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
    # One by one, so that each is read backwards from its end: together, all that was ever said
    # would be sorted for the newest fifty.
    rows: list[Sequence[Any]] = []
    for (identity_id,) in identities:
        rows += reader.connection.all(
            f"{_ENTRY} WHERE e.identity_id = :id AND e.seq < :before"
            " AND e.state <> 'cancelled' ORDER BY e.seq DESC LIMIT :limit",
            {
                "id": identity_id,
                "before": _HIGHEST if before is None else min(before, _HIGHEST),
                "limit": limit + 1,
            },
        )
    if len(identities) > 1:
        rows.sort(key=lambda row: row[0], reverse=True)
    return page(rows[: limit + 1], limit, item)


def page(
    rows: Sequence[Sequence[Any]], limit: int, item: Callable[[Sequence[Any]], Any] = entry
) -> Json:
    more = len(rows) > limit
    kept = list(reversed(rows[:limit]))
    return {"items": [item(row) for row in kept], "before": kept[0][0] if more else None}


def conversation(reader: Reader, conversation_id: str) -> Json | None:
    row = reader.connection.one(
        "SELECT c.id, c.channel, c.subject, n.customer_id, c.account_id, c.queue_id, n.id"
        " FROM conversations c JOIN identities n ON n.id = c.identity_id WHERE c.id = :id",
        {"id": conversation_id},
    )
    if row is None:
        return None
    rows = reader.connection.all(
        f"{_ENTRY} WHERE e.identity_id = :identity AND e.conversation_id = :id"
        " AND e.state <> 'cancelled' ORDER BY e.seq DESC LIMIT 201",
        {"id": conversation_id, "identity": row[6]},
    )
    # Others may have begun work here too, but only by a mail: one of the same address or customer
    # who answered into the thread (router.resolve.thread).
    pieces = reader.connection.all(
        "SELECT i.id FROM (SELECT id FROM interactions WHERE identity_id = :identity"
        " UNION SELECT e.interaction_id FROM threads t JOIN entries e ON e.id = t.message_id"
        " WHERE t.conversation_id = :id) AS found JOIN interactions i ON i.id = found.id"
        " WHERE i.conversation_id = :id ORDER BY i.opened_at, i.id",
        {"id": conversation_id, "identity": row[6]},
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


def card(reader: Reader, customer_id: str) -> Json | None:
    return cards(reader, [customer_id]).get(customer_id)


def cards(reader: Reader, customer_ids: Iterable[str]) -> dict[str, Json]:
    """All of them by half a dozen statements, however many they are."""
    many = reader.connection.in_list
    ids = list(dict.fromkeys(customer_ids))
    identities = _by_first(
        many(
            "SELECT customer_id, n.id, n.kind, address, standing, why, learnt_at, ended_at,"
            " link_why, (SELECT COUNT(*) FROM entries e WHERE e.identity_id = n.id),"
            " (SELECT MAX(e.seq) FROM entries e WHERE e.identity_id = n.id), n.opted_out,"
            " l.seq, l.state_at, link_version FROM identities n LEFT JOIN entries l ON l.seq ="
            " (SELECT e.seq FROM entries e WHERE e.identity_id = n.id AND e.direction = 'in'"
            " ORDER BY e.seq DESC LIMIT 1) WHERE customer_id IN (:ids) ORDER BY learnt_at, n.id",
            ids,
        )
    )
    pieces = _by_first(
        many(
            "SELECT customer_id, id, channel, subject, state, closed_how, queue_id, opened_at,"
            " closed_at, parked_until_at FROM (SELECT n.customer_id, i.id, i.channel, c.subject,"
            " i.state, i.closed_how, i.queue_id, i.opened_at, i.closed_at, i.parked_until_at,"
            " ROW_NUMBER() OVER"
            " (PARTITION BY n.customer_id ORDER BY i.opened_at DESC, i.id) AS place"
            " FROM identities n JOIN interactions i ON i.identity_id = n.id"
            " JOIN conversations c ON c.id = i.conversation_id WHERE n.customer_id IN (:ids))"
            f" AS newest WHERE place <= {_PIECES} ORDER BY place",
            ids,
        )
    )
    talks = _by_first(
        many(
            "SELECT n.customer_id, c.identity_id, c.channel, c.account_id, c.opened_at,"
            " c.likely_customer_id FROM identities n JOIN conversations c ON c.identity_id = n.id"
            " LEFT JOIN interactions i ON i.id = c.interaction_id WHERE n.customer_id IN (:ids)"
            # By their work, so that a message in running work changes no order.
            " ORDER BY COALESCE(i.opened_at, c.opened_at) DESC, c.id DESC",
            ids,
        )
    )
    likely = {  # whom their newest unproven words claim to come from
        customer_id: next((t[5] for t in of if t[5] and t[5] != customer_id), None)
        for customer_id, of in talks.items()
    }
    names: dict[str, str] = dict(
        many("SELECT id, name FROM customers WHERE id IN (:ids)", filter(None, likely.values()))
    )
    accounts = reader.connection.all(
        "SELECT id, channel FROM accounts WHERE removed = 0 ORDER BY id"
    )
    found = {}
    for row in many(
        "SELECT id, name, language, tier, company, timezone, tags, created_at, provisional,"
        " fields FROM customers WHERE id IN (:ids)",
        ids,
    ):
        customer_id = row[0]
        own, of = identities.get(customer_id, []), talks.get(customer_id, [])
        likely_id = likely.get(customer_id)
        likely_name = names.get(likely_id) if likely_id else None
        found[customer_id] = {
            "customer": {
                "id": customer_id,
                "name": row[1],
                "language": row[2],
                "tier": row[3],
                "company": row[4],
                "timezone": row[5],
                "tags": orjson.loads(row[6]),
                "created_at": iso(row[7]),
                "provisional": bool(row[8]) and not any(is_proven(i[4], i[8]) for i in own),
                "fields": orjson.loads(row[9]),
            },
            "identities": [
                {
                    "id": identity[1],
                    "kind": identity[2],
                    "address": address_shown(identity[3]),
                    "standing": identity[4],
                    "why": identity[5],
                    "learnt_at": iso(identity[6]),
                    "ended_at": iso(identity[7]),
                    "link_why": identity[8],
                    "undo": identity[14] if link_can_be_undone(identity[8]) else None,
                }
                for identity in own
            ],
            "likely": None
            if likely_name is None
            else {"customer_id": likely_id, "name": likely_name, "why": "same_address"},
            "interactions": [
                {
                    "id": piece[1],
                    "channel": piece[2],
                    "subject": piece[3],
                    "state": piece[4],
                    "closed_how": piece[5],
                    "queue_id": piece[6],
                    "opened_at": iso(piece[7]),
                    "closed_at": iso(piece[8]),
                    "until": iso(piece[9]),
                }
                for piece in pieces.get(customer_id, ())
            ],
            "reply_ways": reply_ways(own, of, accounts),
            "counts": {"entries": sum(i[9] for i in own), "conversations": len(of)},
            "seq": max((i[10] or 0 for i in own), default=0),
            "first_at": iso(min((talk[4] for talk in of), default=None)),
            # What came in has no other state than when it came.
            "last_at": iso(max(((i[12], i[13]) for i in own if i[12]), default=(0, None))[1]),
        }
    return {customer_id: found[customer_id] for customer_id in ids if customer_id in found}


def _by_first(rows: Iterable[Sequence[Any]]) -> dict[str, list[Sequence[Any]]]:
    """The rows by what stands in their first column, each in the order given."""
    found: dict[str, list[Sequence[Any]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found

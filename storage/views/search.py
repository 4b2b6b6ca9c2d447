"""Finding customers: names in any script, companies, addresses, phone numbers in any format.

A customer's place in a list is the number of their newest message, or, while they haven't written,
of the event that made them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from storage.projections.messages import preview
from storage.reading import Reader
from storage.views import cursor
from storage.views.rows import hub, iso
from triggerhub.domain.model.identity import UNKNOWN, address_shown, is_proven
from triggerhub.domain.permissions import Actor, may

Json = dict[str, Any]
_NOT_DIGITS = re.compile(r"[^0-9]+")
FEWEST_DIGITS = 3  # of a phone number
WINDOW = 20_000  # numbers of the log among which a page is looked for first

_SHOWN = "c.id, c.name, c.company, c.language, c.provisional"
_WHOSE = "FROM identities m CROSS JOIN entries x WHERE m.customer_id = c.id"
_CAME_IN = "x.identity_id = m.id AND x.direction = 'in'"
# Entries are read from their end until the page is full. So they are joined crosswise, or SQLite
# would rather begin with the customers; and nothing newer is found out by a comparison, for of NOT
# EXISTS PostgreSQL makes a join that reads all that they ever wrote.
_LATELY = f"""
SELECT {_SHOWN}, e.seq FROM entries e CROSS JOIN identities n CROSS JOIN customers c
WHERE e.seq < :before AND e.seq >= :since AND e.direction = 'in'
AND n.id = e.identity_id AND c.id = n.customer_id
AND COALESCE((SELECT 1 {_WHOSE} AND {_CAME_IN} AND x.seq > e.seq LIMIT 1), 0) < 1
"""
_NEVER = f"""
SELECT {_SHOWN}, c.seq FROM customers c WHERE c.seq < :before AND c.seq >= :since
AND COALESCE((SELECT 1 {_WHOSE} AND {_CAME_IN} LIMIT 1), 0) < 1
"""
_ALL = f"""
SELECT {_SHOWN}, COALESCE((SELECT MAX((SELECT x.seq FROM entries x
WHERE {_CAME_IN} ORDER BY x.seq DESC LIMIT 1)) FROM identities m WHERE m.customer_id = c.id), c.seq)
AS last FROM customers c
"""


def search(reader: Reader, query: str, *, viewer: Actor, after: str | None, limit: int) -> Json:
    """Those who have every word somewhere, or the number; who was last active comes first."""
    before = reader.head() + 1
    if after is not None:
        before = min(before, cursor.number(after))
    values: Json = {"limit": limit + 1, "before": before, "since": max(before - WINDOW, 0)}
    # One whose only address turned out to be another's was never anybody.
    somebody = (
        "(c.provisional = 0 OR EXISTS (SELECT 1 FROM identities s WHERE s.customer_id = c.id))"
    )
    # One without a name was erased, or has given none with a mail from nowhere.
    named = (
        "(c.name <> '' OR EXISTS (SELECT 1 FROM identities k"
        f" WHERE k.customer_id = c.id AND k.address LIKE '{UNKNOWN}%'))"
    )
    conditions = [named, somebody]
    words = _words(reader, query, values)
    if not may(viewer, "customers.search"):  # anybody's
        conditions.append(_within_reach(viewer, values))
    rows = _rows(reader, " AND ".join(conditions), words, values, limit)
    more, rows = len(rows) > limit, rows[:limit]
    addresses: dict[str, list[str]] = {}
    proven: set[str] = set()
    for customer_id, address, standing, link_why in reader.connection.in_list(
        "SELECT customer_id, address, standing, link_why FROM identities"
        " WHERE customer_id IN (:ids) ORDER BY learnt_at, id",
        [row[0] for row in rows],
    ):
        if is_proven(standing, link_why):
            proven.add(customer_id)
        if address_shown(address):
            addresses.setdefault(customer_id, []).append(address)
    said = _said(reader, [row[5] for row in rows])
    return {
        "items": [
            {
                "id": row[0],
                "name": row[1],
                "company": row[2],
                "language": row[3],
                "addresses": list(dict.fromkeys(addresses.get(row[0], []))),
                "provisional": bool(row[4]) and row[0] not in proven,
                "last_at": iso(at),
                "last_text": words,
            }
            for row in rows
            for at, words in [said.get(row[5], (None, ""))]
        ],
        "after": str(rows[-1][5]) if more else None,
    }


def _rows(
    reader: Reader, conditions: str, words: str, values: Json, limit: int
) -> Sequence[Sequence[Any]]:
    """A page is mostly full with who wrote or came last; otherwise it is looked for among all."""
    has_words = (
        f" AND EXISTS (SELECT 1 FROM customer_search s WHERE s.customer_id = c.id AND {words})"
        if words
        else ""
    )
    rows: list[Sequence[Any]] = []
    for sql, last in ((_LATELY, "e.seq"), (_NEVER, "c.seq")):
        rows += reader.connection.all(
            f"{sql}{has_words} AND {conditions} ORDER BY {last} DESC LIMIT :limit", values
        )
    if len(rows) > limit or not values["since"]:
        return sorted(rows, key=lambda row: row[5], reverse=True)
    among = (
        f"c.id IN (SELECT s.customer_id FROM customer_search s WHERE {words}) AND " if words else ""
    )
    # Materialized: how far back somebody wrote is looked up once, and only of whom is wanted.
    return reader.connection.all(
        f"WITH found AS MATERIALIZED ({_ALL} WHERE {among}{conditions})"
        " SELECT * FROM found WHERE last < :before ORDER BY last DESC LIMIT :limit",
        values,
    )


def _said(reader: Reader, seqs: Iterable[int]) -> dict[int, tuple[int, str]]:
    """When and what was written, by its number; who never wrote has the number of no entry."""
    marks = {f"s{number}": seq for number, seq in enumerate(seqs)}
    found: dict[int, tuple[int, str]] = {}
    if not marks:
        return found
    for seq, at, body in reader.connection.all(
        f"SELECT seq, state_at, body FROM entries WHERE seq IN (:{', :'.join(marks)})", marks
    ):
        shown = orjson.loads(body)
        found[seq] = (at, preview(shown["text"] or shown["subject"]))
    return found


def _words(reader: Reader, query: str, values: Json) -> str:
    """The condition on a customer's search text; empty where everybody is looked for."""
    inside = "instr(s.text, {}) > 0" if reader.connection.dialect == "sqlite" else (
        "strpos(s.text, {}) > 0"
    )  # fmt: skip
    found = []
    for number, word in enumerate(query.lower().split()):
        values[f"w{number}"] = word
        found.append(inside.format(f":w{number}"))
    if not found:
        return ""
    every = " AND ".join(found)
    digits = _NOT_DIGITS.sub("", query).lstrip("0")
    if len(digits) < FEWEST_DIGITS or any(letter.isalpha() for letter in query):
        return f"({every})"
    values["digits"] = digits
    either = [inside.format(":digits")]
    if query.strip() != digits:
        either.append(f"({every})")
    number_of = e164(query, hub(reader)["default_region"])
    if number_of is not None and digits not in number_of:
        values["number"] = number_of
        either.append(inside.format(":number"))
    return f"({' OR '.join(either)})"


def _within_reach(viewer: Actor, values: Json) -> str:
    """Customers of the viewer's queues, and those whose work the viewer holds."""
    marks = []
    for number, queue_id in enumerate(sorted(viewer.queue_ids)):
        values[f"q{number}"] = queue_id
        marks.append(f":q{number}")
    values["viewer"] = viewer.id
    inside = f"v.queue_id IN ({', '.join(marks)}) OR " if marks else ""
    return (
        "EXISTS (SELECT 1 FROM identities n JOIN conversations v ON v.identity_id = n.id"
        " LEFT JOIN interactions i ON i.id = v.interaction_id AND i.state <> 'closed'"
        " AND i.assignment_state IS NOT NULL"
        f" WHERE n.customer_id = c.id AND ({inside}i.owner_id = :viewer))"
    )


def e164(written: str, region: str) -> str | None:
    """A phone number as anybody may write it (`+44 (0)7700 900123`), in E.164; None if it isn't."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)

"""Finding customers: names in any script, companies, addresses, phone numbers in any format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from storage.reading import Reader
from storage.views import cursor
from storage.views.rows import hub, iso
from triggerhub.domain.model.identity import UNKNOWN, address_shown
from triggerhub.domain.permissions import Actor, may

Json = dict[str, Any]
_NOT_DIGITS = re.compile(r"[^0-9]+")
FEWEST_DIGITS = 3  # of a phone number
RECENT = 2_000  # customers among whom a frequent word is found soon

_FOUND = """
SELECT c.id, c.name, c.company, c.language, c.last_at, c.last_text FROM customers c
"""


def search(reader: Reader, query: str, *, viewer: Actor, after: str | None, limit: int) -> Json:
    """Those who have every word somewhere, or the number; who was last active comes first."""
    values: Json = {"limit": limit + 1}
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
    if after is not None:
        values["last_at"], values["last_id"] = cursor.place(after)
        conditions.append("(c.last_at < :last_at OR (c.last_at = :last_at AND c.id < :last_id))")
    rows = _rows(reader, conditions, words, values, limit)
    more, rows = len(rows) > limit, rows[:limit]
    addresses: dict[str, list[str]] = {}
    for customer_id, address in reader.connection.in_list(
        "SELECT customer_id, address FROM identities WHERE customer_id IN (:ids)"
        " ORDER BY learnt_at, id",
        [row[0] for row in rows],
    ):
        if address_shown(address):
            addresses.setdefault(customer_id, []).append(address)
    return {
        "items": [
            {
                "id": row[0],
                "name": row[1],
                "company": row[2],
                "language": row[3],
                "addresses": list(dict.fromkeys(addresses.get(row[0], []))),
                "last_at": iso(row[4]),
                "last_text": row[5],
            }
            for row in rows
        ],
        "after": f"{rows[-1][4]}~{rows[-1][0]}" if more else None,
    }


def _rows(
    reader: Reader, conditions: list[str], words: str, values: Json, limit: int
) -> Sequence[Sequence[Any]]:
    """A frequent word fills the page from the newest; a rare one is looked up among all."""
    newest = " ORDER BY c.last_at DESC, c.id DESC LIMIT :limit"
    where = " AND ".join(conditions)
    if not words:
        return reader.connection.all(f"{_FOUND} WHERE {where}{newest}", values)
    edge = reader.connection.one(
        f"SELECT c.last_at FROM customers c WHERE {_paged(values)}"
        f" ORDER BY c.last_at DESC, c.id DESC LIMIT 1 OFFSET {RECENT}",
        values,
    )
    if edge is not None:
        rows = reader.connection.all(
            f"{_FOUND} JOIN customer_search s ON s.customer_id = c.id"
            f" WHERE c.last_at > :edge AND {words} AND {where}{newest}",
            values | {"edge": edge[0]},
        )
        if len(rows) > limit:
            return rows
    return reader.connection.all(
        f"{_FOUND} WHERE c.id IN (SELECT s.customer_id FROM customer_search s WHERE {words})"
        f" AND {where}{newest}",
        values,
    )


def _paged(values: Json) -> str:
    return "c.last_at <= :last_at" if "last_at" in values else "c.last_at IS NOT NULL"


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

"""Rows of the live state: agents, queues, interactions, offers, accounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from storage.engine import Params
from storage.reading import Reader
from triggerhub.domain.figures import FIGURES
from triggerhub.domain.model.identity import SETTLED, address_shown
from triggerhub.domain.rows import UserRow

Json = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=8192)
def iso(value: int | None) -> str | None:
    """Milliseconds since 1970 as ISO 8601 UTC."""
    if value is None:
        return None
    # Remembered, and not by strftime: what is live is read again and again, a dozen times a row.
    return (EPOCH + timedelta(milliseconds=value)).isoformat(timespec="milliseconds")[:-6] + "Z"


def _some(reader: Reader, sql: str, column: str, ids: Iterable[str] | None) -> list[Any]:
    if ids is None:
        return reader.connection.all(sql)
    joint = " AND " if " WHERE " in sql else " WHERE "
    return reader.connection.in_list(f"{sql}{joint}{column} IN (:ids)", ids)


def hub(reader: Reader) -> Json:
    row = reader.connection.one("SELECT name, timezone, default_region, language FROM hub")
    name, zone, region, language = row or ("Trigger Center", "UTC", "US", "en")
    return {"name": name, "timezone": zone, "default_region": region, "language": language}


def midnight(reader: Reader, now: datetime) -> int:
    """Milliseconds of the last midnight in the company's time zone."""
    local = now.astimezone(ZoneInfo(hub(reader)["timezone"]))
    # Where the clock is set back over midnight, the day begins with the first of the two.
    start = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return int(start.timestamp() * 1000)


def agents(reader: Reader, ids: Iterable[str] | None = None) -> dict[str, Json]:
    wanted = None if ids is None else list(ids)
    rows = _some(
        reader,
        "SELECT u.id, u.name, u.role, a.presence, a.next_presence, a.status, a.status_at,"
        " a.presence_at, a.connected, u.queue_ids FROM users u"
        " JOIN agents a ON a.id = u.id"
        " WHERE u.disabled = 0",
        "u.id",
        wanted,
    )
    legs = _some(
        reader,
        "SELECT s.agent_id, s.interaction_id, i.channel, s.state FROM assignments s"
        " JOIN interactions i ON i.id = s.interaction_id WHERE s.state <> 'done'",
        "s.agent_id",
        wanted,
    )
    holds: dict[str, list[Json]] = {}
    for agent_id, interaction_id, channel, state in sorted(legs):
        holds.setdefault(agent_id, []).append(
            {"interaction_id": interaction_id, "channel": channel, "state": state}
        )
    return {
        row[0]: {
            "id": row[0],
            "name": row[1],
            "role": row[2],
            "presence": row[3],
            "next_presence": row[4],
            "status": row[5],
            "since": iso(row[6]),
            "presence_since": iso(row[7]),
            "connected": bool(row[8]),
            "queue_ids": orjson.loads(row[9]),
            "holds": holds.get(row[0], []),
        }
        for row in rows
    }


def queues(reader: Reader, now: datetime, ids: Iterable[str] | None = None) -> dict[str, Json]:
    """What each figure counts is said in domain.figures; today's are counted as they happen."""
    wanted = None if ids is None else set(ids)
    found: dict[str, Json] = {
        row.id: {
            "id": row.id,
            "name": row.name,
            "waiting": 0,
            "longest_since": None,
            "in_work": 0,
            "answered_today": 0,
            "abandoned_today": 0,
            "sla_seconds": row.sla_seconds,
            "agents_ready": 0,
            "agents_total": 0,
        }
        for row in reader.queues()
        if wanted is None or row.id in wanted
    }
    for queue_id, state, count, oldest in reader.connection.all(
        "SELECT queue_id, state, COUNT(*), MIN(enqueued_at) FROM interactions"
        " WHERE state <> 'closed' GROUP BY queue_id, state"
    ):
        row = found.get(queue_id)
        if row is None:
            continue
        for name in ("waiting", "in_work"):
            if FIGURES[name].counts({"state": state}):
                row[name] += count
        if FIGURES["longest_since"].counts({"state": state}):
            since = iso(oldest)
            if row["longest_since"] is None or (since and since < row["longest_since"]):
                row["longest_since"] = since
    for queue_id, answered, abandoned in reader.connection.all(
        "SELECT queue_id, SUM(answered), SUM(abandoned) FROM intervals"
        # By queue, because the key begins with it.
        " WHERE queue_id IN (SELECT id FROM queues) AND start_at >= :from GROUP BY queue_id",
        {"from": midnight(reader, now)},
    ):
        if queue_id in found:
            found[queue_id]["answered_today"] = int(answered)
            found[queue_id]["abandoned_today"] = int(abandoned)
    for user in reader.users():
        if user.disabled:
            continue
        for name in ("agents_ready", "agents_total"):
            if FIGURES[name].counts(_axes(user)):
                for queue_id in found.keys() & user.queue_ids:
                    found[queue_id][name] += 1
    return found


def _axes(user: UserRow) -> Json:
    return {"role": user.role, "status": user.status, "connected": user.connected}


_INTERACTION = """
SELECT i.id, i.conversation_id, n.customer_id, NULLIF(c.likely_customer_id, n.customer_id),
 u.name, i.identity_id,
 n.address, i.channel, i.account_id, i.queue_id, i.state, i.closed_how, i.priority, i.owner_id,
 i.assignment_id, i.assignment_state, i.opened_at, i.enqueued_at, i.first_enqueued_at,
 i.activated_at, i.last_customer_at, i.last_agent_at, i.wrap_up_at, i.parked_until_at, c.subject,
 i.preview, u.language, i.unread, i.proof, q.sla_seconds, i.closed_at, n.link_why, i.follow_up_of
FROM interactions i
JOIN conversations c ON c.id = i.conversation_id
JOIN identities n ON n.id = i.identity_id
JOIN customers u ON u.id = n.customer_id
LEFT JOIN queues q ON q.id = i.queue_id
"""


def interactions(reader: Reader, ids: Iterable[str]) -> dict[str, Json]:
    rows = reader.connection.in_list(f"{_INTERACTION} WHERE i.id IN (:ids)", ids)
    return {row[0]: _interaction(row) for row in rows}


def interactions_where(reader: Reader, where: str, params: Params) -> list[Json]:
    return [_interaction(row) for row in reader.connection.all(f"{_INTERACTION} {where}", params)]


def _interaction(row: Any) -> Json:
    state, sla = row[10], row[29]
    due_at: int | None = None
    if sla is not None and state in ("queued", "offered") and row[17] is not None:
        due_at = row[17] + sla * 1000
    elif sla is not None and state == "active" and row[20] is not None and (row[21] or 0) < row[20]:
        due_at = row[20] + sla * 1000
    return {
        "id": row[0],
        "conversation_id": row[1],
        "customer_id": row[2],
        "likely_customer_id": row[3],
        "customer_name": row[4],
        "identity_id": row[5],
        "address": address_shown(row[6]),
        "channel": row[7],
        "account_id": row[8],
        "queue_id": row[9],
        "state": state,
        "closed_how": row[11],
        "priority": row[12],
        "owner_id": row[13],
        "assignment_id": row[14],
        "assignment_state": row[15],
        "opened_at": iso(row[16]),
        "enqueued_at": iso(row[17]),
        "first_enqueued_at": iso(row[18]),
        "activated_at": iso(row[19]),
        "last_customer_at": iso(row[20]),
        "last_agent_at": iso(row[21]),
        "wrap_up_since": iso(row[22]) if row[15] == "wrap_up" else None,
        "parked_until": iso(row[23]),
        "due_at": iso(due_at),
        "subject": row[24],
        "preview": row[25],
        "lang": row[26],
        "unread": row[27],
        # What settled a claim is about all that was said by it.
        "proof": "confirmed" if row[28] == "claimed" and row[31] in SETTLED else row[28],
        "follow_up": row[32] is not None,
    }


def offers(reader: Reader, ids: Iterable[str] | None) -> dict[str, Json]:
    """Pending and ended ones by id; None: all pending. Without interaction, card and timeline."""
    sql = "SELECT id, interaction_id, agent_id, queue_id, state, made_at, expires_at FROM offers"
    if ids is None:
        rows = reader.connection.all(f"{sql} WHERE state = 'pending'")
    else:
        rows = reader.connection.in_list(f"{sql} WHERE id IN (:ids)", ids)
    return {
        row[0]: {
            "id": row[0],
            "interaction_id": row[1],
            "agent_id": row[2],
            "queue_id": row[3],
            "state": row[4],
            "made_at": iso(row[5]),
            "expires_at": iso(row[6]),
        }
        for row in rows
    }


# What waits after an attempt that failed. The planner knows the small index by these words.
LATE = (
    "outbox o JOIN entries e ON e.id = o.message_id"
    " WHERE o.state IN ('queued','sending') AND o.state = 'queued' AND o.attempt > 0"
)


def accounts(reader: Reader, ids: Iterable[str] | None = None) -> dict[str, Json]:
    """`healthy`: nothing is stuck on its way out; `detail` says what is, in one word."""
    rows = _some(
        reader,
        "SELECT id, channel, name, addresses, last_out_at, queue_id, last_in_at FROM accounts"
        " WHERE removed = 0",
        "id",
        ids,
    )
    stuck = {
        row[0]: row[1]
        for row in reader.connection.all(
            f"SELECT o.account_id, COUNT(DISTINCT e.interaction_id) FROM {LATE}"
            " GROUP BY o.account_id"
        )
    }
    last_in = {
        row[0]: row[1]
        for row in reader.connection.all(
            "SELECT account_id, MAX(last_customer_at) FROM interactions WHERE state <> 'closed'"
            " GROUP BY account_id"
        )
    }
    return {
        row[0]: {
            "id": row[0],
            "channel": row[1],
            "name": row[2],
            "addresses": orjson.loads(row[3]),
            "queue_id": row[5],
            "healthy": row[0] not in stuck,
            "detail": f"late:{stuck[row[0]]}" if row[0] in stuck else "",
            "last_in_at": iso(max(row[6] or 0, last_in.get(row[0]) or 0) or None),
            "last_out_at": iso(row[4]),
        }
        for row in sorted(rows)
    }

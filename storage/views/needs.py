"""What needs attention, what waits to be sent, and why an agent gets no work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storage.reading import Reader
from storage.views import cursor
from storage.views.rows import iso
from triggerhub.domain.model.offer import LEFT_OUT

Json = dict[str, Any]


def count(reader: Reader) -> int:
    row = reader.connection.one("SELECT COUNT(*) FROM attention WHERE state = 'open'")
    return int(row[0]) if row else 0


def outbox_states(reader: Reader) -> dict[str, int]:
    found = {"queued": 0, "sending": 0}
    rows = reader.connection.all(
        "SELECT state, COUNT(*) FROM outbox WHERE state IN ('queued', 'sending') GROUP BY state"
    )
    return {**found, **{row[0]: int(row[1]) for row in rows}}


def attention(reader: Reader, *, state: str, after: str | None, limit: int) -> Json:
    conditions = ["a.seq < :after"]
    if state == "open":
        conditions.append("a.state = 'open'")
    found = reader.connection.all(
        "SELECT a.id, a.kind, a.at, a.channel, a.account_id, a.reason, a.message_id, c.size,"
        " a.state, a.interaction_id, a.seq FROM attention a"
        f" LEFT JOIN content c ON c.id = a.raw_content WHERE {' AND '.join(conditions)}"
        " ORDER BY a.seq DESC LIMIT :limit",
        {"after": cursor.number(after) if after is not None else 1 << 62, "limit": limit + 1},
    )
    items = [
        {
            "id": row[0],
            "kind": row[1],
            "at": iso(row[2]),
            "channel": row[3],
            "account_id": row[4],
            "reason": row[5],
            "message_id": row[6],
            "size": row[7],
            "state": row[8],
            "interaction_id": row[9],
        }
        for row in found[:limit]
    ]
    return {"items": items, "after": str(found[limit - 1][10]) if len(found) > limit else None}


def why_no_work(reader: Reader, agent_id: str, now: datetime) -> Json:
    """Every reason that holds, most telling first; the same facts that routing goes by."""
    found = reader.users([agent_id])
    if not found:
        return {"available": False, "reasons": []}
    user = found[0]
    reasons: list[Json] = []
    if user.presence != "available":
        reasons.append({"code": "presence", "params": {"presence": user.presence}})
    elif user.next_presence is not None:  # nothing new while the last work is being finished
        reasons.append({"code": "presence", "params": {"presence": user.next_presence}})
    if user.not_responding:
        reasons.append({"code": "not_responding", "params": {}})
    if not user.connected:
        reasons.append({"code": "disconnected", "params": {}})
    if not user.queue_ids:
        reasons.append({"code": "no_queue", "params": {}})
    used: dict[str, int] = {}
    for leg in reader.legs():
        if leg.agent_id == agent_id and not leg.parked:
            used[leg.channel] = used.get(leg.channel, 0) + 1
    waiting = {
        row.channel
        for row in reader.open_interactions()
        if row.state == "queued" and row.queue_id in user.queue_ids
    }
    for channel in sorted(waiting | used.keys()):
        most = user.capacity.get(channel, 1)
        if used.get(channel, 0) >= most:
            code = "at_capacity" if most else "no_capacity"
            reasons.append({"code": code, "params": {"channel": channel}})
    refused = [o for o in reader.refused_since(now - LEFT_OUT) if o.agent_id == agent_id]
    if refused:
        until = max(o.ended_at for o in refused if o.ended_at is not None) + LEFT_OUT
        reasons.append(
            {"code": "left_out", "params": {"until": iso(int(until.timestamp() * 1000))}}
        )
    if not waiting:
        reasons.append({"code": "no_waiting", "params": {}})
    able = user.presence == "available" and not user.not_responding and user.connected
    return {"available": able, "reasons": reasons}

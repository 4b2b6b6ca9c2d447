"""Lists of work: what needs attention, which interactions a number counts, why nothing comes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from storage.store import Reader
from storage.views import rows
from storage.views.rows import iso
from triggerhub.domain.errors import Invalid
from triggerhub.domain.permissions import Actor, may

Json = dict[str, Any]
LEFT_OUT = timedelta(seconds=60)
_STATES = {
    "waiting": "i.state IN ('queued', 'offered')",
    "in_work": "i.state = 'active'",
    "open": "i.state <> 'closed'",
}


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
        {"after": int(after) if after and after.isdigit() else 1 << 62, "limit": limit + 1},
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


def interactions(
    reader: Reader, wanted: Mapping[str, str], *, viewer: Actor, after: str | None, limit: int
) -> Json:
    """Newest first. A board's number and this list have the same condition."""
    conditions: list[str] = []
    params: Json = {"limit": limit + 1}
    if state := wanted.get("state"):
        if state in _STATES:
            conditions.append(_STATES[state])
        else:
            conditions.append("i.state = :state")
            params["state"] = state
    if state == "abandoned_today":
        conditions[-1] = "i.closed_how = 'abandoned' AND i.closed_at >= :midnight"
        params = {"limit": limit + 1, "midnight": rows.midnight(reader, reader.now)}
    for key, column in (("queue", "i.queue_id"), ("owner", "i.owner_id")):
        if value := wanted.get(key):
            conditions.append(f"{column} = :{key}")
            params[key] = value
    if customer := wanted.get("customer"):
        conditions.append("n.customer_id = :customer")
        params["customer"] = customer
    if since := wanted.get("answered_since"):
        if since == "today":
            params["since"] = rows.midnight(reader, reader.now)
        else:
            try:
                params["since"] = int(datetime.fromisoformat(since).timestamp() * 1000)
            except ValueError:
                raise Invalid("answered_since is a time, or `today`") from None
        queue = "AND o.queue_id = :queue" if "queue" in params else ""
        conditions = [c for c in conditions if not c.startswith("i.queue_id")]
        conditions.append(
            "EXISTS (SELECT 1 FROM offers o WHERE o.interaction_id = i.id"
            f" AND o.state = 'accepted' AND o.ended_at >= :since {queue})"
        )
    if not may(viewer, "interaction.read"):
        marks = []
        for number, queue_id in enumerate(sorted(viewer.queue_ids)):
            params[f"v{number}"] = queue_id
            marks.append(f":v{number}")
        params["viewer"] = viewer.id
        inside = f"i.queue_id IN ({', '.join(marks)}) OR " if marks else ""
        conditions.append(f"({inside}i.owner_id = :viewer)")
    if after is not None:
        opened, _, last_id = after.partition("~")
        params |= {"opened": int(opened) if opened.isdigit() else 0, "last": last_id}
        conditions.append("(i.opened_at < :opened OR (i.opened_at = :opened AND i.id < :last))")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    found = rows.interactions_where(
        reader, f"{where} ORDER BY i.opened_at DESC, i.id DESC LIMIT :limit", params
    )
    items = found[:limit]
    cursor = None
    if len(found) > limit:
        opened_at = datetime.fromisoformat(items[-1]["opened_at"])
        cursor = f"{int(opened_at.timestamp() * 1000)}~{items[-1]['id']}"
    return {"items": items, "after": cursor}


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
    for channel, number in sorted(used.items()):
        if number >= user.capacity.get(channel, 1):
            reasons.append({"code": "at_capacity", "params": {"channel": channel}})
    refused = [o for o in reader.refused_since(now - LEFT_OUT) if o.agent_id == agent_id]
    if refused:
        until = max(o.ended_at for o in refused if o.ended_at is not None) + LEFT_OUT
        reasons.append(
            {"code": "left_out", "params": {"until": iso(int(until.timestamp() * 1000))}}
        )
    waiting = any(
        row.state == "queued" and row.queue_id in user.queue_ids
        for row in reader.open_interactions()
    )
    if not waiting:
        reasons.append({"code": "no_waiting", "params": {}})
    able = user.presence == "available" and not user.not_responding and user.connected
    return {"available": able, "reasons": reasons}

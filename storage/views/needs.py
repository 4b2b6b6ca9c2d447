"""What waits to be sent, and why an agent gets no work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from storage.reading import Reader
from storage.views.rows import iso
from triggerhub.domain.model.offer import LEFT_OUT

Json = dict[str, Any]


def outbox_states(reader: Reader) -> dict[str, int]:
    found = {"queued": 0, "sending": 0}
    rows = reader.connection.all(
        "SELECT state, COUNT(*) FROM outbox WHERE state IN ('queued', 'sending') GROUP BY state"
    )
    return {**found, **{row[0]: int(row[1]) for row in rows}}


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

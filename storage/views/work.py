"""Lists of work: the interactions that a number on a board counts, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from storage.reading import Reader
from storage.views import cursor, rows
from triggerhub.domain.errors import Invalid
from triggerhub.domain.figures import FIGURES, Figure
from triggerhub.domain.permissions import Actor, may

Json = dict[str, Any]
_OPEN = "i.state <> 'closed'"  # the planner knows the small index by these words


def _counted(figure: Figure) -> str:
    either = (
        " AND ".join(f"i.{column} IN ({_listed(values)})" for column, values in fields.items())
        for fields in figure.where
    )
    return f"{_OPEN} AND ({' OR '.join(either)})"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


_STATES = {
    **{name: _counted(FIGURES[name]) for name in ("waiting", "in_work", "holds")},
    "open": _OPEN,
    "closed": "i.state = 'closed'",
    "abandoned_today": "i.closed_how = 'abandoned' AND i.closed_at >= :midnight",
}


def interactions(
    reader: Reader, wanted: Mapping[str, str], *, viewer: Actor, after: str | None, limit: int
) -> Json:
    """`wanted`: of queue, state, owner, customer, answered_since, late, as the contract has them.

    `state` may be a figure on a board (domain.figures): the list is what that counts.
    """
    values: Json = {"limit": limit + 1}
    conditions = [*_wanted(reader, wanted, values), *_within_reach(viewer, values)]
    # What leaves few rows has an index of its own; by time we would read all that ever was.
    few = any(wanted.get(key) for key in ("owner", "customer", "answered_since", "late")) or (
        wanted.get("state", "closed") != "closed"
    )
    opened = "(i.opened_at + 0)" if few else "i.opened_at"
    if after is not None:
        values["opened"], values["last"] = cursor.place(after)
        conditions.append(f"({opened} < :opened OR ({opened} = :opened AND i.id < :last))")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    found = rows.interactions_where(
        reader, f"{where} ORDER BY {opened} DESC, i.id DESC LIMIT :limit", values
    )
    items = found[:limit]
    more = None
    if len(found) > limit:
        last = datetime.fromisoformat(items[-1]["opened_at"])
        more = f"{int(last.timestamp() * 1000)}~{items[-1]['id']}"
    return {"items": items, "after": more}


def _wanted(reader: Reader, wanted: Mapping[str, str], values: Json) -> list[str]:
    conditions = []
    if state := wanted.get("state"):
        conditions.append(_STATES.get(state, f"{_OPEN} AND i.state = :state"))
        if state == "abandoned_today":
            values["midnight"] = rows.midnight(reader, reader.now)
        elif state not in _STATES:
            values["state"] = state
    queue, since = wanted.get("queue"), wanted.get("answered_since")
    for key, column in (
        ("queue", None if since else "i.queue_id"),  # who answered may not be who has it now
        ("owner", "i.owner_id"),
        ("customer", "n.customer_id"),
    ):
        if value := wanted.get(key):
            values[key] = value
            if column is not None:
                conditions.append(f"{column} = :{key}")
    if account := wanted.get("late"):
        values["account"] = account
        conditions.append(
            f"i.id IN (SELECT e.interaction_id FROM {rows.LATE} AND o.account_id = :account)"
        )
    if since:
        values["since"] = _since(reader, since)
        # Without a queue the index wants to be told them all.
        of = ":queue" if queue else "SELECT id FROM queues"
        conditions.append(
            "i.id IN (SELECT o.interaction_id FROM offers o"
            f" WHERE o.queue_id IN ({of}) AND o.state = 'accepted' AND o.ended_at >= :since"
            " AND NOT EXISTS (SELECT 1 FROM offers b WHERE b.interaction_id = o.interaction_id"
            " AND b.queue_id = o.queue_id AND b.state = 'accepted' AND b.ended_at < :since))"
        )
    return conditions


def _since(reader: Reader, since: str) -> int:
    if since == "today":
        return rows.midnight(reader, reader.now)
    try:
        return int(datetime.fromisoformat(since).timestamp() * 1000)
    except ValueError:
        raise Invalid("answered_since is a time, or `today`") from None


def _within_reach(viewer: Actor, values: Json) -> list[str]:
    if may(viewer, "interaction.read"):
        return []
    marks = []
    for number, queue_id in enumerate(sorted(viewer.queue_ids)):
        values[f"v{number}"] = queue_id
        marks.append(f":v{number}")
    values["viewer"] = viewer.id
    inside = f"i.queue_id IN ({', '.join(marks)}) OR " if marks else ""
    held = f"(i.owner_id = :viewer AND i.assignment_state IS NOT NULL AND {_OPEN})"
    return [f"({inside}{held})"]

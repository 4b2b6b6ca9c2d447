"""The console's reducer in Python: (state, frame) → state, as docs/console-contract.md says."""

from __future__ import annotations

from triggerhub.domain.ports import Json

_ROWS = {
    "agent": "agents",
    "queue": "queues",
    "interaction": "interactions",
    "offer": "offers",
    "account": "accounts",
}


def reduce(state: Json, frame: Json) -> Json:
    """A new state; the old one is left as it is."""
    after = _apply(state, frame["type"], frame["data"])
    return after | {"seq": max(frame["seq"], after.get("seq", 0))}


def _apply(state: Json, kind: str, data: Json) -> Json:
    noun, _, verb = kind.partition(".")
    if kind == "snapshot":
        kept: Json = {key: state[key] for key in ("timelines", "cards") if key in state}
        return data | kept | {"seq": 0}
    if kind == "entry.changed":
        return _with_entry(state, data["customer_ids"], data["entry"])
    if kind == "card.changed":
        cards = state.get("cards", {}) | {data["customer_id"]: data["card"]}
        return state | {"cards": cards}
    if kind == "attention.changed":
        return state | {"attention": data}
    if noun in _ROWS and verb == "changed":
        return state | {_ROWS[noun]: state[_ROWS[noun]] | {data["id"]: data}}
    if noun in _ROWS and verb == "removed":
        rows = {key: row for key, row in state[_ROWS[noun]].items() if key != data["id"]}
        return state | {_ROWS[noun]: rows}
    if kind == "resumed":
        return state | {"epoch": data["epoch"]}
    return state


def _with_entry(state: Json, customer_ids: list[str], entry: Json) -> Json:
    timelines = dict(state.get("timelines", {}))
    for customer_id in customer_ids:
        page = timelines.get(customer_id)
        if page is None or (page["before"] is not None and entry["seq"] < page["before"]):
            continue
        others = [item for item in page["items"] if item["id"] != entry["id"]]
        items = sorted([*others, entry], key=lambda item: item["seq"])
        timelines[customer_id] = page | {"items": items}
    return state | {"timelines": timelines} if timelines else state

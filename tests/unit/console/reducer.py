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


def empty() -> Json:
    state: Json = {
        "seq": 0,
        "epoch": None,
        "now": None,
        "me": None,
        "presences": [],
        "attention": {"count": 0},
    }
    kinds = (*_ROWS.values(), "timelines", "cards", "viewers")
    return state | {kind: {} for kind in kinds}


def reduce(state: Json, frame: Json) -> Json:
    """A new state; the old one is left as it is."""
    after = _apply(state, frame["type"], frame["data"])
    return after if frame["seq"] <= after["seq"] else after | {"seq": frame["seq"]}


def _apply(state: Json, kind: str, data: Json) -> Json:
    noun, _, verb = kind.partition(".")
    match kind:
        case "snapshot":
            stale = {key: page | {"stale": True} for key, page in state["timelines"].items()}
            fresh = state | data | {"seq": 0, "viewers": {}, "timelines": stale}
            for offer in data["offers"].values():
                fresh = _with_offer(fresh, offer)
            return fresh
        case "resumed":
            return state | {"epoch": data["epoch"]}
        case "interaction.changed":
            return _with_work(_with_row(state, noun, verb, data), data)
        case "offer.changed":
            return _with_offer(state, data)
        case "entry.changed":
            return _with_entry(_counted(state, data["entry"]), data["customer_ids"], data["entry"])
        case "card.changed":
            return state | {"cards": state["cards"] | {data["customer_id"]: data["card"]}}
        case "attention.changed":
            return state | {"attention": data}
        case "viewers.changed":
            viewers = state["viewers"] | {data["conversation_id"]: data["viewers"]}
            return state | {"viewers": viewers}
        case _:
            return _with_row(state, noun, verb, data)


def _with_row(state: Json, noun: str, verb: str, data: Json) -> Json:
    if noun in _ROWS and verb == "changed":
        return state | {_ROWS[noun]: state[_ROWS[noun]] | {data["id"]: data}}
    if noun in _ROWS and verb == "removed":
        rows = {key: row for key, row in state[_ROWS[noun]].items() if key != data["id"]}
        return state | {_ROWS[noun]: rows}
    return state


def _with_work(state: Json, work: Json) -> Json:
    """The customer's card, if it is there, says the same of this work."""
    card = state["cards"].get(work.get("customer_id"))
    if card is None or all(piece["id"] != work["id"] for piece in card["interactions"]):
        return state
    same = {key: work[key] for key in ("state", "queue_id")} | {"until": work["parked_until"]}
    pieces = [
        piece | same if piece["id"] == work["id"] else piece for piece in card["interactions"]
    ]
    cards = state["cards"] | {work["customer_id"]: card | {"interactions": pieces}}
    return state | {"cards": cards}


def _with_offer(state: Json, offer: Json) -> Json:
    """The offer's card and first page go where cards and pages are kept."""
    row = {key: value for key, value in offer.items() if key not in ("card", "timeline")}
    state = state | {"offers": state["offers"] | {row["id"]: row}}
    card, page = offer.get("card"), offer.get("timeline")
    if not card:
        return state
    customer_id = card["customer"]["id"]
    timelines = state["timelines"]
    if page:
        timelines = timelines | {customer_id: _newest(timelines.get(customer_id), page)}
    return state | {"cards": state["cards"] | {customer_id: card}, "timelines": timelines}


def _newest(held: Json | None, page: Json) -> Json:
    """The newest page, and before it what is held of older ones, if nothing is missing between."""
    start = page["items"][0]["seq"] if page["items"] else 0
    if not held or held["stale"] or all(item["seq"] < start for item in held["items"]):
        return page | {"stale": False}
    older = [item for item in held["items"] if item["seq"] < start]
    before = held["before"] if older else page["before"]
    return {"items": [*older, *page["items"]], "before": before, "stale": False}


def _counted(state: Json, entry: Json) -> Json:
    """The customer's card, if it is there, counts an entry that is newer than those it counts."""
    card = state["cards"].get(entry.get("customer_id"))
    if card is None or entry["seq"] <= card["seq"]:
        return state
    news = {
        "seq": entry["seq"],
        "counts": card["counts"] | {"entries": card["counts"]["entries"] + 1},
        "last_at": entry["at"] if entry["direction"] == "in" else card["last_at"],
    }
    return state | {"cards": state["cards"] | {entry["customer_id"]: card | news}}


def _with_entry(state: Json, customer_ids: list[str], entry: Json) -> Json:
    timelines = dict(state["timelines"])
    for customer_id in customer_ids:
        page = timelines.get(customer_id)
        if page is None or (page["before"] is not None and entry["seq"] < page["before"]):
            continue
        others = [item for item in page["items"] if item["id"] != entry["id"]]
        items = sorted([*others, entry], key=lambda item: item["seq"])
        timelines[customer_id] = page | {"items": items}
    return state | {"timelines": timelines}

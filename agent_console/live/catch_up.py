"""What a returning console missed, as ordinary frames.

The events of the gap say which rows may have changed; the snapshot taken on the way says what
they are now. So everything is exact as of the snapshot's sequence number.
"""

from __future__ import annotations

from agent_console.live.frames import CHANGED, by_seq, card_frame, entry_frame, frame, removed_frame
from agent_console.live.scope import is_holder
from agent_console.live.touched import Touched, touched
from agent_console.live.viewer import Viewer
from agent_console.wire import encode
from triggerhub.domain.events import Recorded
from triggerhub.domain.ports import Json, Views

MAX_GAP = 5_000
_READ = 1_000
Waiting = list[tuple[str, int, bytes]]


async def gap(views: Views, after: int, upto: int) -> list[Recorded]:
    """The events in (after, upto]."""
    found: list[Recorded] = []
    while after < upto:
        batch = await views.facts(after, _READ)
        found += [item for item in batch if item.seq <= upto]
        if not batch:
            break
        after = batch[-1].seq
    return found


async def missed(
    views: Views, viewer: Viewer, events: list[Recorded], seq: int, snapshot: Json
) -> Waiting | None:
    """The frames after `resumed`; None where only a snapshot will do."""
    keys = touched(events)
    mine = _customers(viewer, snapshot)
    if keys.everyone or viewer.actor.id in keys.users or not keys.retold.isdisjoint(mine):
        return None
    moved = await _moved(views, keys, snapshot) if mine else []
    if any(row["likely_customer_id"] and row["customer_id"] in viewer.watching for row in moved):
        return None  # what the claim opens beside whom they watch may be another timeline now
    keys.entries.update(dict.fromkeys(keys.told))
    found = _Missed(seq, snapshot)
    _work(found, viewer, keys)
    found.rows("queues", snapshot["queues"])
    found.rows("accounts", snapshot["accounts"])
    found.add("attention", frame("attention.changed", snapshot["attention"]))
    if keys.agents or keys.moved or keys.users:
        found.rows("agents", snapshot["agents"])
        for agent_id in keys.users - snapshot["agents"].keys():
            found.add(f"agent:{agent_id}", removed_frame("agent", agent_id))
    await _people(found, views, keys, mine, moved)
    viewer.gap_entries = keys.entries
    return found.frames


class _Missed:
    def __init__(self, seq: int, snapshot: Json) -> None:
        self.seq = seq
        self.snapshot = snapshot
        self.frames: Waiting = []

    def add(self, key: str, tail: bytes) -> None:
        self.frames.append((key, self.seq, tail))

    def rows(self, kind: str, rows: dict[str, Json]) -> None:
        for row_id, row in rows.items():
            self.add(f"{kind[:-1]}:{row_id}", frame(CHANGED[kind], row))


def _customers(viewer: Viewer, snapshot: Json) -> dict[str, set[str]]:
    """The customers whose news this viewer gets, with those in whose scroll they stand."""
    offered = {row["interaction_id"]: row["agent_id"] for row in snapshot["offers"].values()}
    found: dict[str, set[str]] = {}
    for row in snapshot["interactions"].values():
        if is_holder(row, viewer.actor.id, offered.get(row["id"])):
            for customer_id in filter(None, (row["customer_id"], row["likely_customer_id"])):
                found.setdefault(customer_id, set()).add(row["customer_id"])
    for watched, likely in viewer.watching.items():
        for customer_id in filter(None, (watched, likely)):
            found.setdefault(customer_id, set()).add(watched)
    return found


def _work(found: _Missed, viewer: Viewer, keys: Touched) -> None:
    interactions, offers = found.snapshot["interactions"], found.snapshot["offers"]
    changed = set(keys.interactions)
    changed.update(
        row["id"]
        for row in interactions.values()
        if row["customer_id"] in keys.renamed or row["likely_customer_id"] in keys.renamed
    )
    for interaction_id in sorted(changed):
        row = interactions.get(interaction_id)
        found.add(
            f"interaction:{interaction_id}",
            frame("interaction.changed", row)
            if row is not None
            else removed_frame("interaction", interaction_id),
        )
    for mark in keys.offers.values():
        if mark.offer_id not in offers and (
            viewer.scope.oversees or mark.agent_id == viewer.actor.id
        ):
            tail = removed_frame("offer", mark.offer_id, mark.reason or "cancelled")
            found.add(f"offer:{mark.offer_id}", tail)
    for offer_id, row in offers.items():
        if offer_id in keys.offers or row["interaction_id"] in changed:
            found.add(f"offer:{offer_id}", frame("offer.changed", row))


async def _moved(views: Views, keys: Touched, snapshot: Json) -> list[Json]:
    here = snapshot["interactions"]
    moved = [here[each] for each in keys.moved & here.keys()]
    if elsewhere := sorted(keys.moved - here.keys()):
        # Closed meanwhile, or somebody else's: its customer may be watched all the same.
        gone = await views.rows({"interactions": elsewhere})
        moved += gone.get("interactions", {}).values()
    return moved


async def _people(
    found: _Missed, views: Views, keys: Touched, mine: dict[str, set[str]], moved: list[Json]
) -> None:
    cards = (keys.cards | {row["customer_id"] for row in moved}) & mine.keys()
    cards = cards.union(*(mine[each] for each in keys.renamed & mine.keys()))
    entries = [
        entry_id
        for entry_id, customer_id in keys.entries.items()
        if customer_id is None or customer_id in mine
    ]
    rows: dict[str, dict[str, Json]] = {}
    if mine and (cards or entries):
        rows = await views.rows({"cards": sorted(cards), "entries": sorted(entries)})
    for customer_id, card in rows.get("cards", {}).items():
        found.add(f"card:{customer_id}", card_frame(customer_id, card))
    for row in sorted(rows.get("entries", {}).values(), key=by_seq):
        customer_id = row["customer_id"]
        if customer_id in mine:
            beside = [customer_id, *sorted(mine[customer_id] - {customer_id})]
            found.add(f"entry:{row['id']}", entry_frame(beside, encode(row)))

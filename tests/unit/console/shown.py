"""What a house shows: its rows in the contract's shapes, as of its last event.

Owns what is put together for a reader. Must not know who may see it, nor how a row came to be.
"""

from __future__ import annotations

import copy

from tests.unit.console.folded import Folded
from triggerhub.domain.ports import Json


class Shown(Folded):
    """Everything is a copy: what a reader does with it changes nothing."""

    def now(self) -> Json:
        return {
            "presences": ["offline", "available", *self.presences],
            "agents": {key: self.agent_row(key) for key in self.agents},
            "queues": {key: self.queue_row(key) for key in self.queue_rows},
            "interactions": {
                key: copy.deepcopy(row)
                for key, row in self.interaction_rows.items()
                if row["state"] != "closed"
            },
            "offers": {key: self.offer_row(key) for key in self.pending()},
            "accounts": copy.deepcopy(self.account_rows),
            "attention": {"count": len(self.open_attention)},
        }

    def agent_row(self, agent_id: str) -> Json:
        holds = [
            {"interaction_id": row["id"], "channel": row["channel"],
             "state": row["assignment_state"] or "connected"}
            for row in self.interaction_rows.values()
            if row["owner_id"] == agent_id and row["state"] != "closed"
        ]  # fmt: skip
        return copy.deepcopy(self.agents[agent_id]) | {"holds": holds}

    def queue_row(self, queue_id: str) -> Json:
        work = [r for r in self.interaction_rows.values() if r["queue_id"] == queue_id]
        waiting = [r["enqueued_at"] for r in work if r["state"] in ("queued", "offered")]
        members = [u["id"] for u in self.users.values() if queue_id in u["queue_ids"]]
        return self.queue_rows[queue_id] | {
            "waiting": len(waiting), "longest_since": min(waiting, default=None),
            "in_work": sum(r["state"] == "active" for r in work), "answered_today": 0,
            "abandoned_today": sum(r["closed_how"] == "abandoned" for r in work),
            "agents_ready": sum(self.agents[m]["presence"] == "available" for m in members),
            "agents_total": len(members),
        }  # fmt: skip

    def offer_row(self, offer_id: str) -> Json:
        row = self.offer_rows[offer_id]
        work = self.interaction_rows[row["interaction_id"]]
        return copy.deepcopy(row) | {
            "interaction": copy.deepcopy(work),
            "card": self.card_of(work["customer_id"]),
            "timeline": self.page_of(work["customer_id"], None, 50),
        }

    def card_of(self, customer_id: str) -> Json:
        row = self.customers_[customer_id]
        work = [r for r in self.interaction_rows.values() if r["customer_id"] == customer_id]
        likely = next((r["likely_customer_id"] for r in work if r["likely_customer_id"]), None)
        entries = [x for x in self.entries.values() if x["customer_id"] == customer_id]
        return {
            "customer": {
                "id": customer_id, "name": row["name"], "language": None, "tier": None,
                "company": None, "timezone": None, "tags": [], "created_at": row["created_at"],
                "provisional": row["provisional"], "fields": {},
            },
            "identities": [],
            "likely": likely and {"customer_id": likely, "name": "Likely", "why": "address"},
            "interactions": [
                {"id": r["id"], "channel": r["channel"], "subject": None, "state": r["state"],
                 "closed_how": r["closed_how"], "queue_id": r["queue_id"],
                 "opened_at": r["opened_at"], "closed_at": None, "until": None}
                for r in work[-10:]
            ],
            "reply_ways": [],
            "counts": {"entries": len(entries), "conversations": len(work)},
            "seq": max((x["seq"] for x in entries), default=0),
            "first_at": None,
            "last_at": next((x["at"] for x in reversed(entries) if x["direction"] == "in"), None),
        }  # fmt: skip

    def page_of(self, customer_id: str, before: int | None, limit: int) -> Json:
        found = [
            row
            for row in sorted(self.entries.values(), key=lambda row: row["seq"])
            if row["customer_id"] == customer_id and (before is None or row["seq"] < before)
        ]
        items = copy.deepcopy(found[-limit:])
        return {"items": items, "before": items[0]["seq"] if len(found) > limit else None}

    def pending(self) -> list[str]:
        return [key for key, row in self.offer_rows.items() if row["state"] == "pending"]

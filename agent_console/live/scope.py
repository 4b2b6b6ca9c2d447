"""What of the house's state a viewer sees: the one place where the feed asks `may`."""

from __future__ import annotations

from dataclasses import dataclass

from triggerhub.domain.permissions import Actor, Subject, may
from triggerhub.domain.ports import Json, Views


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A viewer's rights, asked once when they join, so that fan-out needs only sets.

    `oversees`: all interactions and offers, not only their own. `agents`: all agents' whole
    rows. `queues`: all queues' numbers, and when an account was last used. `attention`: the count
    of what needs attention.
    """

    oversees: bool
    agents: bool
    queues: bool
    attention: bool


def scope_of(actor: Actor) -> Scope:
    return Scope(
        oversees=may(actor, "interaction.read"),
        agents=may(actor, "agent.read"),
        queues=may(actor, "queue.read"),
        attention=may(actor, "attention.read"),
    )


def sees_queue(actor: Actor, queue_id: str) -> bool:
    return may(actor, "queue.read", Subject(queue_ids=frozenset({queue_id})))


def agent_row(actor: Actor, row: Json) -> Json:
    """The whole row of oneself and for those who may read agents; else the name."""
    if may(actor, "agent.read", Subject(owner_id=row["id"])):
        return row
    return agent_name(row)


def agent_name(row: Json) -> Json:
    return {"id": row["id"], "name": row["name"], "role": row["role"]}


def plain_account(row: Json) -> Json:
    """For those who have no board to watch it on: without what changes with every message."""
    return row | {"last_in_at": None, "last_out_at": None}


def is_holder(row: Json, agent_id: str, offered_to: str | None) -> bool:
    return row["state"] != "closed" and agent_id in (row["owner_id"], offered_to)


def slim_offer(row: Json) -> Json:
    """As those see it who oversee: card and timeline are read when they open it."""
    return {key: value for key, value in row.items() if key not in ("card", "timeline")}


def trimmed(actor: Actor, snapshot: Json) -> Json:
    """A snapshot with nothing in it that `actor` may not see, whatever the views put in."""
    scope = scope_of(actor)
    offers: dict[str, Json] = {}
    offered: dict[str, str] = {}
    for offer_id, row in snapshot["offers"].items():
        if row["agent_id"] == actor.id:
            offers[offer_id] = row
            offered[row["interaction_id"]] = row["agent_id"]
        elif scope.oversees:
            offers[offer_id] = slim_offer(row)
    return snapshot | {
        "agents": {key: agent_row(actor, row) for key, row in snapshot["agents"].items()},
        "queues": {key: row for key, row in snapshot["queues"].items() if sees_queue(actor, key)},
        "accounts": snapshot["accounts"]
        if scope.queues
        else {key: plain_account(row) for key, row in snapshot["accounts"].items()},
        "interactions": {
            key: row
            for key, row in snapshot["interactions"].items()
            if scope.oversees or is_holder(row, actor.id, offered.get(key))
        },
        "offers": offers,
        "attention": snapshot["attention"] if scope.attention else {"count": 0},
    }


async def reads_customer(views: Views, actor: Actor, customer_id: str) -> bool:
    if may(actor, "customer.read"):
        return True
    return may(actor, "customer.read", await views.reach(customer_id))

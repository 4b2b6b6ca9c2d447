"""The lists and rows that the console reads by HTTP. Every row of a list is judged again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from agent_console.api.route import Answer, AnyCall
from agent_console.live.scope import (
    agent_row,
    plain_account,
    reads_customer,
    scope_of,
    sees_queue,
)
from agent_console.wire import instant
from triggerhub.domain.errors import NotFound
from triggerhub.domain.figures import FIGURES, OF_A_QUEUE
from triggerhub.domain.model import rereading
from triggerhub.domain.permissions import Subject, may
from triggerhub.domain.ports import Json

PAGE = 500  # events
AT_ONCE = 10_000  # events that one call looks through
METRICS = tuple(FIGURES[name] for name in OF_A_QUEUE if name != "longest_since")  # no moment


async def customers(call: AnyCall) -> Answer:
    query = call.query
    return await call.console.views.customers(
        query.q, viewer=call.actor, after=query.after, limit=query.limit
    )


async def card(call: AnyCall) -> Answer:
    found = await call.console.views.card(call.part("id"))
    if found is None:
        raise NotFound("There is no such customer.")
    return found


async def timeline(call: AnyCall) -> Answer:
    """With the likely customer's entries, where the caller may read those too."""
    views, customer_id = call.console.views, call.part("id")
    found = await views.card(customer_id)
    if found is None:
        raise NotFound("There is no such customer.")
    likely = found.get("likely")
    also = likely["customer_id"] if likely else None
    if also is not None and not await reads_customer(views, call.actor, also):
        also = None
    return await views.timeline(
        customer_id, before=call.query.before, limit=call.query.limit, also=also
    )


async def conversation(call: AnyCall) -> Answer:
    found: Json = call.found
    return found


async def interactions(call: AnyCall) -> Answer:
    query = call.query
    wanted = {
        key: value
        for key in ("queue", "state", "owner", "customer", "late")
        if (value := getattr(query, key)) is not None
    }
    since = query.answered_since
    if since is not None:
        wanted["answered_since"] = since if isinstance(since, str) else instant(since)
    page = await call.console.views.interactions(
        wanted, viewer=call.actor, after=query.after, limit=query.limit
    )
    page["items"] = [row for row in page["items"] if _may_read(call, row)]
    return page


def _may_read(call: AnyCall, row: Json) -> bool:
    """Who once held closed work has it no longer in hand."""
    held = row["owner_id"] and row["assignment_state"] is not None
    subject = Subject(
        queue_ids=frozenset({row["queue_id"]} if row["queue_id"] else ()),
        holder_ids=frozenset({row["owner_id"]} if held else ()),
    )
    return may(call.actor, "interaction.read", subject)


async def attention(call: AnyCall) -> Answer:
    query = call.query
    return await call.console.views.attention(
        state=query.state, after=query.after, limit=query.limit
    )


async def outcome(call: AnyCall) -> Answer:
    """Looks through the log after `after`; `next` is where it stopped without finding any.

    It stops after `AT_ONCE`, too: the log may be long, and others use the database.
    """
    views, after, message_id = call.console.views, call.query.after, call.part("id")
    left_to_read = AT_ONCE
    deadline = call.console.clock.now() + timedelta(seconds=call.query.wait)
    while True:
        while left_to_read > 0 and (facts := await views.facts(after, PAGE)):
            left_to_read -= len(facts)
            found = rereading.outcome(message_id, (recorded.fact for recorded in facts))
            after = facts[-1].seq
            if found is not None:
                return {**asdict(found), "next": after}
        left = (deadline - call.console.clock.now()).total_seconds()
        if left_to_read > 0 and left > 0:
            await call.console.progress.wait_beyond(after, left)
        # Enough is read, time is over, or the hub goes down.
        if left_to_read <= 0 or await views.head() <= after:
            return {"outcome": None, "reason": "", "customer_id": None, "next": after}


async def queues(call: AnyCall) -> Answer:
    return {"items": await _queues(call)}


async def _queues(call: AnyCall) -> list[Json]:
    return [
        row
        for row in await call.console.views.listed("queues")
        if sees_queue(call.actor, row["id"])
    ]


async def agents(call: AnyCall) -> Answer:
    """With `queue` or `figure` only those whom the caller may read whole."""
    query = call.query
    items = [agent_row(call.actor, row) for row in await call.console.views.listed("agents")]
    if query.queue is not None:
        items = [row for row in items if query.queue in row.get("queue_ids", ())]
    if query.figure is not None:
        figure = FIGURES[query.figure]
        items = [row for row in items if "status" in row and figure.counts(row)]
    return {"items": items}


async def accounts(call: AnyCall) -> Answer:
    rows = await call.console.views.listed("accounts")
    if not scope_of(call.actor).queues:
        rows = [plain_account(row) for row in rows]
    return {"items": rows}


async def metrics(call: AnyCall) -> Answer:
    return {
        "items": [
            {"name": of.name, "queue_id": row["id"], "value": row[of.name], "formula": of.formula}
            for row in await _queues(call)
            for of in METRICS
        ]
    }


async def why_no_work(call: AnyCall) -> Answer:
    return await call.console.views.why_no_work(call.actor.id, call.console.clock.now())

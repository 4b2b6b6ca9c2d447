"""What each call is about, for `may`.

A customer belongs to the queues of their conversations and to whoever holds work for them. An
agent for whom that isn't enough hears that there is no such thing.
"""

from __future__ import annotations

from dataclasses import replace

from agent_console.api.route import AnyCall
from triggerhub.domain.errors import NotFound
from triggerhub.domain.permissions import NOTHING, Actor, Subject, may
from triggerhub.domain.ports import Views


def own_reach(actor: Actor) -> Subject:
    """Lists hold what is within the caller's own reach, and each row is judged again."""
    return Subject(queue_ids=actor.queue_ids, holder_ids=frozenset({actor.id}))


async def the_customer(call: AnyCall) -> Subject:
    if may(call.actor, "customer.read"):
        return NOTHING
    return await call.console.views.reach(call.part("id"))


async def the_conversation(call: AnyCall) -> Subject:
    found = await call.console.views.conversation(call.part("id"))
    if found is None:
        raise NotFound("There is no such conversation.")
    call.found = found
    return await call.console.views.reach(found["customer_id"])


async def the_message(call: AnyCall) -> Subject:
    found = await call.console.views.message(call.part("id"))
    if found is None:
        raise NotFound("There is no such message.")
    call.found = found
    return await _content_subject(call.console.views, found)


async def the_attachment(call: AnyCall) -> Subject:
    found = await call.console.views.content(call.part("id"))
    if found is None or found[0].get("kind") not in ("attachment", "upload"):
        raise NotFound("There is no such attachment.")
    call.found = found
    return await _content_subject(call.console.views, found[0])


async def _content_subject(views: Views, found: dict[str, object]) -> Subject:
    queues = frozenset({str(found["queue_id"])} if found.get("queue_id") else ())
    customer_id = found.get("customer_id")
    if not customer_id:
        return Subject(queue_ids=queues)
    subject = await views.reach(str(customer_id))
    return replace(subject, queue_ids=subject.queue_ids | queues)


async def mine(call: AnyCall) -> Subject:
    return Subject(owner_id=call.actor.id)


async def within_reach(call: AnyCall) -> Subject:
    return own_reach(call.actor)

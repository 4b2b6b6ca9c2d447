"""Whose a message is and where it belongs: a pure decision over what was loaded.

Owns the order of the questions: who wrote (`writer`), in which conversation (`thread`), which piece
of work it is (`piece`), and what proves that. Must not know how anything is loaded or written.
"""

from __future__ import annotations

from datetime import datetime

from router import consent
from router.resolve.draft import Decision, Draft
from router.resolve.known import Delivery, Known
from router.resolve.piece import piece
from router.resolve.thread import begin, find
from router.resolve.writer import identify, sender_of
from triggerhub.domain import events as ev
from triggerhub.domain.clock import IdSource


def resolve(
    delivery: Delivery, known: Known, ids: IdSource, now: datetime, default_queue: str | None
) -> Decision:
    """The facts about one message. `known` is updated, so a batch decides as its parts would."""
    message = delivery.message
    twin = known.by_reference.get(f"key:{message.key}") if delivery.channel == "email" else None
    if twin is not None and twin[1] != delivery.message_id:
        return [aside(delivery, "second_delivery", twin[1])]
    draft = Draft(delivery, known, ids, now, default_queue)
    sender = sender_of(delivery)
    conversation, rule, related = find(delivery, known, sender)
    proof, same = message.proof, None
    if not proof and rule == "reply_address" and conversation is not None:
        # Our own signed address, sent to a participant only, came back from that participant. Who
        # answers at the address that we wrote to is whom we wrote to: no second customer.
        proof, same = "reply_token", conversation.customer_id
    writer = identify(draft, sender, proof, same)
    identity = writer.identity
    if conversation is not None and not proof and conversation.identity_id != identity.id:
        # Unproven words may be shown beside a customer's thread, but must not join it.
        related, conversation = conversation.id, None
    if conversation is None:
        conversation = begin(draft, writer, related)
        rule = rule if related is None else "related"
    interaction_id, after = piece(draft, conversation, writer, proof)
    draft.facts.append(
        ev.MessageResolved(
            message_id=delivery.message_id,
            channel=delivery.channel,
            account_id=delivery.account_id,
            raw_content=delivery.raw_content,
            parsed_content=delivery.parsed_content,
            conversation_id=conversation.id,
            interaction_id=interaction_id,
            customer_id=writer.customer_id,
            identity_id=identity.id,
            rule=rule,
            proof=proof,
            likely_customer_id=writer.likely,
        )
    )
    draft.facts += after
    if message.consent and proof:
        changed = consent.asked(identity, delivery.account_id, message.consent)
        if changed is not None:
            draft.facts.append(changed)
            known.opt(identity, delivery.account_id, out=message.consent == "stop")
    if delivery.channel == "email":
        own = (conversation.id, delivery.message_id)
        known.by_reference.setdefault(f"key:{message.key}", own)
        if message.external_id:
            known.by_reference.setdefault(message.external_id, own)
    return draft.facts


def aside(delivery: Delivery, rule: str, about: str | None) -> ev.MessageSetAside:
    """A message that is nobody's work, and why; `about`: the one that it repeats or reports."""
    return ev.MessageSetAside(
        message_id=delivery.message_id,
        channel=delivery.channel,
        account_id=delivery.account_id,
        rule=rule,
        about_message_id=about,
    )

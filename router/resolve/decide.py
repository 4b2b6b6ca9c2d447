"""Whose message it is and where it belongs: a pure decision over what was loaded.

Order of evidence for the conversation: our signed reply address, then message ids that the mail
refers to, then (short messages) the sender's thread with that account; never the subject alone.
A thread by reply address or reference also needs a participant: otherwise a new conversation is
opened that names the old one. An unproven sender never joins or changes a customer's record
(promise 5): it gets an identity of its own, marked `claimed`, and `likely` says whom it claims
to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from router import consent
from router.resolve.content import language
from router.resolve.known import Delivery, Known
from router.resolve.opening import opened
from triggerhub.domain import events as ev
from triggerhub.domain.clock import IdSource
from triggerhub.domain.events import Fact
from triggerhub.domain.model.identity import address_shown, unknown
from triggerhub.domain.model.message import INLINE_CHANNELS, Address, InboundMessage
from triggerhub.domain.work import ConversationRow, IdentityRow

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Content that must be put beside the log before the facts that refer to it."""

    content_id: str
    kind: str
    value: Json


Decision = list[Fact | Kept]


def resolve(
    delivery: Delivery, known: Known, ids: IdSource, now: datetime, default_queue: str | None
) -> Decision:
    """The facts about one message. `known` is updated, so a batch decides as its parts would."""
    message = delivery.message
    twin = known.by_reference.get(f"key:{message.key}") if delivery.channel == "email" else None
    if twin is not None and twin[1] != delivery.message_id:
        return [aside(delivery, "second_delivery", twin[1])]
    facts: Decision = []
    proof = message.proof
    sender = _sender(delivery)
    found, rule, related = _thread(delivery, known, sender)
    if not proof and rule == "reply_address" and found is not None:
        # Our own signed address, sent to a participant only, came back from that participant.
        proof = "reply_token"
    # Who answers at the address that we wrote to is whom we wrote to: no second customer.
    same = found.customer_id if proof == "reply_token" and found is not None else None
    identity, likely = _identity(facts, sender, proof, known, ids, message, same)
    conversation = found
    if conversation is not None and not proof and conversation.identity_id != identity.id:
        # Unproven words may be shown beside a customer's thread, but must not join it.
        related, conversation = conversation.id, None
    if conversation is None:
        conversation = _open(facts, delivery, identity, likely, related, known, ids)
        rule = rule if related is None else "related"
    assert identity.customer_id is not None
    quiet = message.auto in ("auto-reply", "bounce", "feedback")
    interaction_id, after = _interaction(
        facts, delivery, conversation, identity, known, ids, now, default_queue,
        proof=proof, quiet=quiet,
    )  # fmt: skip
    facts.append(
        ev.MessageResolved(
            message_id=delivery.message_id,
            channel=delivery.channel,
            account_id=delivery.account_id,
            raw_content=delivery.raw_content,
            parsed_content=delivery.parsed_content,
            conversation_id=conversation.id,
            interaction_id=interaction_id,
            customer_id=identity.customer_id,
            identity_id=identity.id,
            rule=rule,
            proof=proof,
            likely_customer_id=likely,
        )
    )
    facts += after
    if message.consent and proof:
        changed = consent.asked(identity, delivery.account_id, message.consent)
        if changed is not None:
            facts.append(changed)
            known.opt(identity, delivery.account_id, out=message.consent == "stop")
    if delivery.channel == "email":
        own = (conversation.id, delivery.message_id)
        known.by_reference.setdefault(f"key:{message.key}", own)
        if message.external_id:
            known.by_reference.setdefault(message.external_id, own)
    return facts


def _sender(delivery: Delivery) -> Address:
    """Who wrote. Nobody is known by an absent address, so that each such message has its own."""
    sender = delivery.message.sender
    if sender is not None and sender.address:
        return sender
    name = sender.name if sender is not None else ""
    return Address(kind="email", address=unknown(delivery.message_id), name=name)


def aside(delivery: Delivery, rule: str, about: str | None) -> ev.MessageSetAside:
    """A message that is nobody's work, and why; `about`: the one that it repeats or reports."""
    return ev.MessageSetAside(
        message_id=delivery.message_id,
        channel=delivery.channel,
        account_id=delivery.account_id,
        rule=rule,
        about_message_id=about,
    )


def _thread(
    delivery: Delivery, known: Known, sender: Address
) -> tuple[ConversationRow | None, str, str | None]:
    """(conversation, rule, id of a thread that was named by somebody who isn't in it)."""
    message = delivery.message
    related: str | None = None
    for token in message.reply_tokens:
        row = known.by_token.get(token)
        if row is not None:
            if _participates(row, sender, known):
                return known.conversations[row.id], "reply_address", None
            related = related or row.id
    for reference in message.references:
        place = known.by_reference.get(reference)
        if place is not None and place[0] in known.conversations:
            row = known.conversations[place[0]]
            if _participates(row, sender, known):
                return row, "references", None
            related = related or row.id
    if delivery.channel in INLINE_CHANNELS:
        identity = known.identities.get((sender.kind, sender.address, "verified"))
        if identity is not None:
            newest = known.newest.get((identity.id, delivery.account_id))
            if newest is not None:
                return known.conversations[newest], "sender", None
    return None, "new" if related is None else "related", related


def _participates(row: ConversationRow, sender: Address, known: Known) -> bool:
    if row.address == sender.address:
        return True
    identity = known.identities.get((sender.kind, sender.address, "verified"))
    return identity is not None and identity.customer_id == row.customer_id


def _identity(
    facts: Decision,
    sender: Address,
    proof: str,
    known: Known,
    ids: IdSource,
    message: InboundMessage,
    same: str | None,
) -> tuple[IdentityRow, str | None]:
    """(identity, likely customer of an unproven one).

    A new one comes with its own customer, unless it is known to be the `same` as one we have.
    """
    standing = "verified" if proof else "claimed"
    strong = known.identities.get((sender.kind, sender.address, "verified"))
    likely = strong.customer_id if strong is not None and not proof else None
    identity = known.identities.get((sender.kind, sender.address, standing))
    if identity is not None:
        return identity, likely
    customer_id = same or _customer(facts, sender, message, ids, provisional=not proof)
    identity_id, address_id = ids.new("id"), ids.new("ct")
    facts += [
        Kept(
            content_id=address_id,
            kind="address",
            value={"kind": sender.kind, "address": sender.address, "name": sender.name,
                   "raw": sender.raw},
        ),
        ev.IdentityAdded(
            identity_id=identity_id,
            kind=sender.kind,
            address_content=address_id,
            standing=standing,
            why=proof or "not_proven",
        ),
        ev.IdentityLinked(
            link_id=ids.new("ln"),
            identity_id=identity_id,
            customer_id=customer_id,
            version=1,
            why="reply_address" if same else "first_contact",
            previous_customer_id=None,
        ),
    ]  # fmt: skip
    identity = IdentityRow(
        id=identity_id,
        kind=sender.kind,
        address=sender.address,
        name=sender.name,
        standing=standing,
        customer_id=customer_id,
        link_version=1,
    )
    known.identities[sender.kind, sender.address, standing] = identity
    return identity, likely


def _customer(
    facts: Decision, sender: Address, message: InboundMessage, ids: IdSource, *, provisional: bool
) -> str:
    customer_id, profile_id = ids.new("cu"), ids.new("ct")
    facts += [
        Kept(
            content_id=profile_id,
            kind="profile",
            value={
                # Empty where there is neither: the console has the words for it.
                "name": sender.name or address_shown(sender.address),
                "language": language(message.text or message.subject),
            },
        ),
        ev.CustomerCreated(
            customer_id=customer_id, profile_content=profile_id, provisional=provisional
        ),
    ]
    return customer_id


def _open(
    facts: Decision,
    delivery: Delivery,
    identity: IdentityRow,
    likely: str | None,
    related: str | None,
    known: Known,
    ids: IdSource,
) -> ConversationRow:
    subject = delivery.message.subject
    subject_id: str | None = None
    if subject:
        subject_id = ids.new("ct")
        facts.append(Kept(content_id=subject_id, kind="subject", value={"subject": subject}))
    fact = opened(
        ids.new,
        identity,
        channel=delivery.channel,
        account_id=delivery.account_id,
        subject_content=subject_id,
        related=related,
        likely=likely,
    )
    facts.append(fact)
    row = ConversationRow(
        id=fact.conversation_id,
        channel=fact.channel,
        account_id=fact.account_id,
        identity_id=identity.id,
        customer_id=fact.customer_id,
        address=identity.address,
        reply_token=fact.reply_token,
        subject=subject,
        interaction_id=None,
        interaction_state=None,
        owner_id=None,
        assignment_state=None,
        queue_id=None,
        enqueued_at=None,
        first_enqueued_at=None,
        likely_customer_id=likely,
    )
    known.add_conversations([row], newest=True)
    return row


def _interaction(
    facts: Decision,
    delivery: Delivery,
    conversation: ConversationRow,
    identity: IdentityRow,
    known: Known,
    ids: IdSource,
    now: datetime,
    default_queue: str | None,
    *,
    proof: str,
    quiet: bool,
) -> tuple[str, Sequence[Fact]]:
    """(interaction, facts that follow the message). Closed work is never reopened: a new piece."""
    current, state = conversation.interaction_id, conversation.interaction_state
    if current is not None and state != "closed":
        if state != "parked" or quiet:
            return current, ()
        if conversation.owner_id is not None and conversation.assignment_state is not None:
            _moved(known, conversation, state="active")
            return current, (ev.InteractionResumed(interaction_id=current, reason="customer"),)
        queue_id = conversation.queue_id or default_queue or ""
        enqueued_at = conversation.enqueued_at or now
        _moved(known, conversation, state="queued")
        return current, (
            ev.InteractionQueued(
                interaction_id=current,
                queue_id=queue_id,
                enqueued_at=enqueued_at,
                first_enqueued_at=conversation.first_enqueued_at or enqueued_at,
                reason="resumed",
            ),
        )
    if current is not None and quiet:
        return current, ()  # an automatic answer is kept and shown, but is nobody's work
    account = known.accounts.get(delivery.account_id)
    queue_id = (account.queue_id if account is not None else None) or default_queue or ""
    interaction_id = ids.new("in")
    assert identity.customer_id is not None
    facts.append(
        ev.InteractionCreated(
            interaction_id=interaction_id,
            conversation_id=conversation.id,
            channel=delivery.channel,
            account_id=delivery.account_id,
            identity_id=identity.id,
            customer_id=identity.customer_id,
            priority=0,
            proof="verified" if proof else "claimed",
        )
    )
    _moved(known, conversation, state="queued", interaction_id=interaction_id, queue_id=queue_id)
    return interaction_id, (
        ev.InteractionQueued(
            interaction_id=interaction_id,
            queue_id=queue_id,
            enqueued_at=now,
            first_enqueued_at=now,
            reason="new",
        ),
    )


def _moved(
    known: Known,
    conversation: ConversationRow,
    *,
    state: str,
    interaction_id: str | None = None,
    queue_id: str | None = None,
) -> None:
    changed = replace(
        conversation,
        interaction_state=state,
        interaction_id=interaction_id or conversation.interaction_id,
        queue_id=queue_id or conversation.queue_id,
    )
    known.conversations[conversation.id] = changed

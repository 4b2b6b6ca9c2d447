"""Which conversation a message belongs to, by what it refers to, or the new one that it opens.

Order of evidence: our signed reply address, then message ids that the mail refers to, then (short
messages) the sender's thread with that account; never the subject alone. A thread by reply address
or reference also needs a participant: otherwise a new conversation is opened that names the old
one. Must not know what is proven, nor the work in a conversation.
"""

from __future__ import annotations

from typing import NamedTuple

from router.resolve.draft import Draft
from router.resolve.known import Delivery, Known
from router.resolve.opening import opened
from router.resolve.writer import Writer
from triggerhub.domain.model.message import INLINE_CHANNELS, Address
from triggerhub.domain.rows import ConversationRow


class Thread(NamedTuple):
    """`related`: a thread that was named by somebody who isn't in it."""

    conversation: ConversationRow | None
    rule: str
    related: str | None


def find(delivery: Delivery, known: Known, sender: Address) -> Thread:
    message = delivery.message
    related: str | None = None
    for token in message.reply_tokens:
        row = known.by_token.get(token)
        if row is not None:
            if _participates(row, sender, known):
                return Thread(known.conversations[row.id], "reply_address", None)
            related = related or row.id
    for reference in message.references:
        place = known.by_reference.get(reference)
        if place is not None and place[0] in known.conversations:
            row = known.conversations[place[0]]
            if _participates(row, sender, known):
                return Thread(row, "references", None)
            related = related or row.id
    if delivery.channel in INLINE_CHANNELS:
        identity = known.identity(sender, "verified")
        if identity is not None:
            newest = known.newest.get((identity.id, delivery.account_id))
            if newest is not None:
                return Thread(known.conversations[newest], "sender", None)
    return Thread(None, "new" if related is None else "related", related)


def _participates(row: ConversationRow, sender: Address, known: Known) -> bool:
    if row.address == sender.address:
        return True
    identity = known.identity(sender, "verified")
    return identity is not None and identity.customer_id == row.customer_id


def begin(draft: Draft, writer: Writer, related: str | None) -> ConversationRow:
    """A new conversation with this writer."""
    delivery, subject = draft.delivery, draft.delivery.message.subject
    fact = opened(
        draft.ids.new,
        writer.identity,
        channel=delivery.channel,
        account_id=delivery.account_id,
        subject_content=draft.keep("subject", {"subject": subject}) if subject else None,
        related=related,
        likely=writer.likely,
    )
    draft.facts.append(fact)
    row = ConversationRow(
        id=fact.conversation_id,
        channel=fact.channel,
        account_id=fact.account_id,
        identity_id=fact.identity_id,
        customer_id=fact.customer_id,
        address=writer.identity.address,
        reply_token=fact.reply_token,
        subject=subject,
        interaction_id=None,
        interaction_state=None,
        owner_id=None,
        assignment_state=None,
        queue_id=None,
        enqueued_at=None,
        first_enqueued_at=None,
        likely_customer_id=fact.likely_customer_id,
    )
    draft.known.add_conversations([row], newest=True)
    return row

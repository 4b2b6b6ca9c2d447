"""Which piece of work a message is: the open one of its conversation, or a new one.

Closed work is never reopened. Must not know how sender and conversation were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from router.resolve.draft import Draft
from router.resolve.writer import Writer
from triggerhub.domain import events as ev
from triggerhub.domain.events import Fact
from triggerhub.domain.rows import ConversationRow

Following = Sequence[Fact]


def piece(
    draft: Draft, conversation: ConversationRow, writer: Writer, proof: str
) -> tuple[str, Following]:
    """(interaction, facts that follow the message)."""
    current = conversation.interaction_id
    quiet = draft.delivery.message.auto in ("auto-reply", "bounce", "feedback")
    if current is None or (conversation.interaction_state == "closed" and not quiet):
        return _new(draft, conversation, writer, proof)
    if conversation.interaction_state in ("parked", "scheduled") and not quiet:
        return current, _woken(draft, conversation, current)
    # It joins what is under way; an automatic answer is kept and shown, but is nobody's work.
    return current, ()


def _woken(draft: Draft, conversation: ConversationRow, interaction_id: str) -> Following:
    known = draft.known.conversations
    if conversation.owner_id is not None and conversation.assignment_state is not None:
        known[conversation.id] = replace(conversation, interaction_state="active")
        return (ev.InteractionResumed(interaction_id=interaction_id, reason="customer"),)
    known[conversation.id] = replace(conversation, interaction_state="queued")
    enqueued_at = conversation.enqueued_at or draft.now
    return (
        ev.InteractionQueued(
            interaction_id=interaction_id,
            queue_id=conversation.queue_id or draft.default_queue or "",
            enqueued_at=enqueued_at,
            first_enqueued_at=conversation.first_enqueued_at or enqueued_at,
            reason="resumed" if conversation.enqueued_at else "new",
        ),
    )


def _new(
    draft: Draft, conversation: ConversationRow, writer: Writer, proof: str
) -> tuple[str, Following]:
    delivery = draft.delivery
    account = draft.known.accounts.get(delivery.account_id)
    queue_id = (account.queue_id if account is not None else None) or draft.default_queue or ""
    interaction_id = draft.ids.new("in")
    draft.facts.append(
        ev.InteractionCreated(
            interaction_id=interaction_id,
            conversation_id=conversation.id,
            channel=delivery.channel,
            account_id=delivery.account_id,
            identity_id=writer.identity.id,
            customer_id=writer.customer_id,
            priority=0,
            proof="verified" if proof else "claimed",
        )
    )
    draft.known.conversations[conversation.id] = replace(
        conversation,
        interaction_id=interaction_id,
        interaction_state="queued",
        queue_id=queue_id or conversation.queue_id,
    )
    return interaction_id, (
        ev.InteractionQueued(
            interaction_id=interaction_id,
            queue_id=queue_id,
            enqueued_at=draft.now,
            first_enqueued_at=draft.now,
            reason="new",
        ),
    )

"""Finds what a command is about and asks `may`; what one may not see doesn't exist for one."""

from __future__ import annotations

from triggerhub.domain.errors import Forbidden, NotFound
from triggerhub.domain.permissions import NOTHING, Actor, Subject, may
from triggerhub.domain.work import ConversationRow, InteractionRow, UserRow, Work


def require(actor: Actor, action: str, subject: Subject = NOTHING) -> None:
    """Raises Forbidden where `may` says no."""
    if not may(actor, action, subject):
        raise Forbidden(f"{action} is not allowed here")


def user(work: Work, user_id: str) -> UserRow:
    rows = work.users([user_id])
    if not rows:
        raise NotFound(f"there is no agent {user_id}")
    return rows[0]


def subject_of(work: Work, row: InteractionRow) -> Subject:
    """An interaction as permissions see it: its queue, who owns it, to whom it is offered."""
    holders = {row.owner_id} if row.owner_id is not None else set()
    offer = work.pending_offer_of(row.id) if row.state == "offered" else None
    if offer is not None:
        holders.add(offer.agent_id)
    return Subject(
        queue_ids=frozenset({row.queue_id} if row.queue_id else ()),
        holder_ids=frozenset(holders),
    )


def interaction(work: Work, actor: Actor, interaction_id: str, action: str) -> InteractionRow:
    """The interaction, if `actor` may do `action` to it.

    Raises NotFound where the actor may not even read it, Forbidden where reading is all.
    """
    row = work.interaction(interaction_id)
    if row is None:
        raise NotFound(f"there is no interaction {interaction_id}")
    subject = subject_of(work, row)
    if not may(actor, action, subject):
        if not may(actor, "interaction.read", subject):
            raise NotFound(f"there is no interaction {interaction_id}")
        raise Forbidden(f"{action} is not allowed here")
    return row


def conversation(work: Work, actor: Actor, conversation_id: str, action: str) -> ConversationRow:
    rows = work.conversations([conversation_id])
    if not rows:
        raise NotFound(f"there is no conversation {conversation_id}")
    row = rows[0]
    held = {row.owner_id} if row.owner_id is not None else set()
    subject = Subject(
        queue_ids=frozenset({row.queue_id} if row.queue_id else ()),
        holder_ids=frozenset(held),
    )
    if not may(actor, action, subject):
        raise NotFound(f"there is no conversation {conversation_id}")
    return row

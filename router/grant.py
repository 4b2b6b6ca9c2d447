"""Finds what a command is about and asks `may`; what one may not see doesn't exist for one."""

from __future__ import annotations

from triggerhub.domain.errors import Forbidden, NotFound
from triggerhub.domain.permissions import NOTHING, Actor, Subject, may
from triggerhub.domain.rows import ConversationRow, InteractionRow, OfferRow, UserRow
from triggerhub.domain.work import Work


def require(actor: Actor, action: str, subject: Subject = NOTHING) -> None:
    """Raises Forbidden where `may` says no."""
    if not may(actor, action, subject):
        raise Forbidden(f"{action} is not allowed here")


def user(work: Work, user_id: str) -> UserRow:
    rows = work.users([user_id])
    if not rows:
        raise NotFound(f"there is no agent {user_id}")
    return rows[0]


def person(work: Work, actor: Actor) -> UserRow:
    """Who acts, where it must be somebody. Raises Forbidden for the holder of a token."""
    rows = work.users([actor.id])
    if not rows:
        raise Forbidden("this is for a person who has signed in, not for a token",
                        code="needs_person")  # fmt: skip
    return rows[0]


def pending_offer(work: Work, row: InteractionRow) -> OfferRow | None:
    """The offer that is held out for this work, which no other state has."""
    return work.pending_offer_of(row.id) if row.state == "offered" else None


def subject_of(work: Work, row: InteractionRow) -> Subject:
    """An interaction as permissions see it: its queue, who owns it, to whom it is offered."""
    offer = pending_offer(work, row)
    return Subject(
        queue_ids=frozenset({row.queue_id} if row.queue_id else ()),
        holder_ids=frozenset({row.owner_id} if row.owner_id is not None else ()),
        offered_ids=frozenset({offer.agent_id} if offer is not None else ()),
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


def customer(work: Work, actor: Actor, customer_id: str, action: str) -> None:
    """Raises NotFound where there is no such customer, or none that `actor` may read; Forbidden
    where reading is all."""
    subject = work.reach(customer_id)
    if work.profile(customer_id) is None or not (
        may(actor, action, subject) or may(actor, "customer.read", subject)
    ):
        raise NotFound(f"there is no customer {customer_id}")
    require(actor, action, subject)


def conversation(work: Work, actor: Actor, conversation_id: str, action: str) -> ConversationRow:
    rows = work.conversations([conversation_id])
    if not rows:
        raise NotFound(f"there is no conversation {conversation_id}")
    if not may(actor, action, conversation_subject(rows[0])):
        raise NotFound(f"there is no conversation {conversation_id}")
    return rows[0]


def conversation_subject(row: ConversationRow) -> Subject:
    """A conversation as permissions see it: the queue and the owner of its newest work."""
    return Subject(
        queue_ids=frozenset({row.queue_id} if row.queue_id else ()),
        holder_ids=frozenset({row.owner_id} if row.owner_id is not None else ()),
    )

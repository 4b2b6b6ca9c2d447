"""What a decision reads: the state of one thing at the log's head, as far as deciding asks.

Owns the shapes alone. Must not know how they are looked up (`work.Reading`) nor who decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    id: str
    name: str
    sla_seconds: int
    offer_seconds: int
    auto_accept: bool
    managed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """A person who can sign in, with the state of the agent they may be."""

    id: str
    login: str
    name: str
    role: str
    language: str
    queue_ids: tuple[str, ...]
    capacity: Mapping[str, int]
    disabled: bool
    managed_by: str
    presence: str
    next_presence: str | None
    not_responding: bool
    connected: bool
    grace_until: datetime | None
    status: str
    status_at: datetime
    presence_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRow:
    """`ended`: it isn't matched any more. `link_why`: why it belongs to its customer.

    `previous_customer_id`: whose it was before the newest link. `opted_out`: the accounts whose
    messages it doesn't take.
    """

    id: str
    kind: str
    address: str
    name: str
    standing: str
    customer_id: str | None
    link_version: int
    ended: bool = False
    link_why: str | None = None
    previous_customer_id: str | None = None
    opted_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRow:
    """A conversation with its newest interaction."""

    id: str
    channel: str
    account_id: str
    identity_id: str
    customer_id: str
    address: str
    reply_token: str
    subject: str
    interaction_id: str | None
    interaction_state: str | None
    owner_id: str | None
    assignment_state: str | None
    queue_id: str | None
    enqueued_at: datetime | None
    first_enqueued_at: datetime | None
    likely_customer_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRow:
    id: str
    conversation_id: str
    identity_id: str
    customer_id: str
    channel: str
    account_id: str
    queue_id: str | None
    state: str
    priority: int
    owner_id: str | None
    assignment_id: str | None
    assignment_state: str | None
    enqueued_at: datetime | None
    first_enqueued_at: datetime | None
    parked_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRow:
    """One agent's leg that is not done. `parked`: its interaction waits, and takes no slot."""

    id: str
    interaction_id: str
    agent_id: str
    role: str
    state: str
    started_at: datetime
    channel: str
    parked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    id: str
    interaction_id: str
    queue_id: str
    agent_id: str
    state: str
    expires_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    message_id: str
    channel: str
    account_id: str
    conversation_id: str
    identity_id: str
    content: str
    author: str
    state: str
    attempt: int
    next_at: datetime
    queued_at: datetime
    in_reply_to: str | None
    reference: str | None
    interaction_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRow:
    """An accepted delivery that a guarded worker has still to read."""

    message_id: str
    channel: str
    account_id: str
    raw_content: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRow:
    """A part of a message that is still with the provider."""

    message_id: str
    position: int
    channel: str
    account_id: str
    url: str
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleRow:
    """An agent has consoles on a node. `until`: when the lease in that node's name ends, if any."""

    agent_id: str
    node: str
    until: datetime | None

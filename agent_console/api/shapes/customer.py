"""A customer's card, and the entries of a timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from agent_console.api.shapes.form import Shape


class Sender(Shape):
    address: str
    name: str | None


class EntryAttachment(Shape):
    id: str | None = None
    filename: str
    content_type: str
    size: int
    inline: bool
    cid: str | None
    lost: str | None = None


class SystemEntry(Shape):
    model_config = ConfigDict(extra="allow")

    what: str


class Entry(Shape):
    id: str
    seq: int
    kind: Literal["message", "note", "call", "system"]
    direction: Literal["in", "out", "none"]
    channel: str
    account_id: str | None
    identity_id: str
    customer_id: str
    conversation_id: str
    interaction_id: str | None
    at: datetime
    sender: Annotated[Sender | None, Field(alias="from")]
    to: list[str]
    reply_to: str | None = None
    author_id: str | None
    author_name: str | None
    subject: str | None
    text: str | None
    quoted: str | None
    has_html: bool
    lang: str | None
    attachments: list[EntryAttachment]
    state: str
    state_at: datetime
    reason: str | None
    next_at: datetime | None = None
    proof: str | None
    proof_why: str | None
    segments: int | None
    erased: bool
    system: SystemEntry | None = None


class Page(Shape):
    items: list[Entry]
    before: int | None


class CardCustomer(Shape):
    id: str
    name: str
    language: str | None
    tier: str | None
    company: str | None
    timezone: str | None
    tags: list[str]
    created_at: datetime
    provisional: bool
    fields: dict[str, Any]


class CardIdentity(Shape):
    id: str
    kind: str
    address: str
    standing: Literal["verified", "claimed"]
    why: str
    learnt_at: datetime
    ended_at: datetime | None
    link_why: str | None
    undo: int | None = Field(description="The version of a link that `identity.undo` takes back")


class Likely(Shape):
    customer_id: str
    name: str
    why: str


class CardInteraction(Shape):
    id: str
    channel: str
    subject: str | None
    state: str
    closed_how: str | None
    queue_id: str | None
    opened_at: datetime
    closed_at: datetime | None
    until: datetime | None = Field(description="When what is scheduled or parked begins")


class ReplyWay(Shape):
    channel: str
    account_id: str | None
    identity_id: str
    address: str
    open: bool
    reason: str | None


class Counts(Shape):
    entries: int
    conversations: int


class Card(Shape):
    customer: CardCustomer
    identities: list[CardIdentity]
    likely: Likely | None
    interactions: list[CardInteraction]
    reply_ways: list[ReplyWay]
    counts: Counts
    seq: int = Field(description="Of the newest entry that is counted; 0 where there is none")
    first_at: datetime | None
    last_at: datetime | None

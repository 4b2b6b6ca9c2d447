"""The JSON shapes of docs/console-contract.md as models, for OpenAPI and for reading requests.

Rows come ready from the views and are not validated again on the way out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Language = Literal["en", "zh-CN"]
Text = Annotated[str, StringConstraints(max_length=1_000)]


class Shape(BaseModel):
    """Something that is answered."""

    model_config = ConfigDict(
        populate_by_name=True, json_schema_serialization_defaults_required=True
    )


class Form(BaseModel):
    """Something that is asked with: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


# --- session ----------------------------------------------------------------------------------


class User(Shape):
    id: str
    login: str
    name: str
    role: Literal["agent", "supervisor", "admin", "integration"]
    language: str
    queue_ids: list[str]


class HubFacts(Shape):
    name: str
    demo: bool
    timezone: str


class Session(Shape):
    user: User
    csrf: str
    hub: HubFacts


class SignIn(Form):
    login: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class SessionPatch(Form):
    language: Language


class DemoLogin(Shape):
    login: str
    password: str
    name: str
    role: str


class About(Shape):
    name: str
    version: str
    demo: bool
    languages: list[str]
    demo_logins: list[DemoLogin]


class FieldProblem(Shape):
    field: str
    message: str


class Problem(Shape):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    errors: list[FieldProblem] | None = None


# --- rows -------------------------------------------------------------------------------------


class Held(Shape):
    interaction_id: str
    channel: str
    state: str


class AgentName(Shape):
    id: str
    name: str
    role: str


class Agent(AgentName):
    presence: str
    next_presence: str | None
    status: str
    since: datetime
    presence_since: datetime
    connected: bool
    holds: list[Held]


class Queue(Shape):
    id: str
    name: str
    waiting: int
    longest_since: datetime | None
    in_work: int
    answered_today: int
    abandoned_today: int
    sla_seconds: int
    agents_ready: int
    agents_total: int


class Interaction(Shape):
    id: str
    conversation_id: str
    customer_id: str
    likely_customer_id: str | None
    customer_name: str
    identity_id: str
    address: str
    channel: str
    account_id: str
    queue_id: str | None
    state: Literal["new", "scheduled", "queued", "offered", "active", "parked", "closed"]
    closed_how: str | None
    priority: int
    owner_id: str | None
    assignment_id: str | None
    assignment_state: str | None
    opened_at: datetime
    enqueued_at: datetime | None
    first_enqueued_at: datetime | None
    activated_at: datetime | None
    last_customer_at: datetime | None
    last_agent_at: datetime | None
    wrap_up_since: datetime | None
    parked_until: datetime | None
    due_at: datetime | None
    subject: str | None
    preview: str | None
    lang: str | None
    unread: int
    proof: str


class Account(Shape):
    id: str
    channel: str
    name: str
    addresses: list[str]
    healthy: bool
    detail: str | None
    last_in_at: datetime | None
    last_out_at: datetime | None


class Sender(Shape):
    address: str
    name: str | None


class EntryAttachment(Shape):
    id: str
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


class Offer(Shape):
    """`card` and `timeline` only for the agent it is made to."""

    id: str
    interaction_id: str
    agent_id: str
    queue_id: str
    state: str
    made_at: datetime
    expires_at: datetime
    interaction: Interaction
    card: Card | None = None
    timeline: Page | None = None


class AttentionCount(Shape):
    count: int


class Snapshot(Shape):
    """What the feed begins with."""

    epoch: str
    now: datetime
    me: User
    agents: dict[str, Agent | AgentName]
    queues: dict[str, Queue]
    interactions: dict[str, Interaction]
    offers: dict[str, Offer]
    accounts: dict[str, Account]
    attention: AttentionCount


# --- reads ------------------------------------------------------------------------------------


class Paged(Form):
    after: Text | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class CustomersQuery(Form):
    q: Annotated[str, StringConstraints(max_length=200)] = ""
    after: Text | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class CustomerHit(Shape):
    id: str
    name: str
    company: str | None
    language: str | None
    addresses: list[str]
    last_at: datetime | None
    last_text: str | None


class Customers(Shape):
    items: list[CustomerHit]
    after: str | None


class TimelineQuery(Form):
    before: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Conversation(Shape):
    id: str
    channel: str
    subject: str | None
    customer_id: str
    interaction_ids: list[str]
    entries: Page


class InteractionsQuery(Paged):
    queue: Text | None = None
    state: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,20}$")] | None = None
    owner: Text | None = None
    customer: Text | None = None
    answered_since: Literal["today"] | datetime | None = None


class Interactions(Shape):
    items: list[Interaction]
    after: str | None


class AttentionQuery(Paged):
    state: Literal["open", "all"] = "open"


class AttentionItem(Shape):
    id: str
    kind: str
    at: datetime
    channel: str | None
    account_id: str | None
    reason: str
    message_id: str | None
    size: int | None
    state: str


class AttentionItems(Shape):
    items: list[AttentionItem]
    after: str | None


class HtmlQuery(Form):
    images: Literal["0", "1"] = "0"


class Upload(Shape):
    id: str
    filename: str
    content_type: str
    size: int


class Queues(Shape):
    items: list[Queue]


class Agents(Shape):
    items: list[Agent | AgentName]


class Accounts(Shape):
    items: list[Account]


class Metric(Shape):
    """A number with the formula that it is counted by."""

    name: str
    queue_id: str
    value: int
    formula: str


class Metrics(Shape):
    items: list[Metric]


class NoWorkReason(Shape):
    code: str
    params: dict[str, Any]


class WhyNoWork(Shape):
    available: bool
    reasons: list[NoWorkReason]


class EventsQuery(Form):
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    wait: Annotated[float, Field(ge=0, le=60)] = 0


class CloudEvent(Shape):
    """CloudEvents 1.0, JSON format, with the `sequence` extension."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: datetime
    datacontenttype: Literal["application/json"]
    subject: str | None = None
    sequence: Annotated[str, StringConstraints(pattern=r"^\d{20}$")]
    data: dict[str, Any]


class Events(Shape):
    events: list[CloudEvent]
    next: int

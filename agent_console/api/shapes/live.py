"""The rows of the live state, and the snapshot with which the feed begins."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from agent_console.api.shapes.customer import Card, Page
from agent_console.api.shapes.form import Shape
from agent_console.api.shapes.session import User


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
    queue_ids: list[str]


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
    proof: Literal["verified", "claimed", "confirmed"]
    follow_up: bool


class Account(Shape):
    id: str
    channel: str
    name: str
    addresses: list[str]
    queue_id: str | None
    healthy: bool
    detail: str | None
    last_in_at: datetime | None
    last_out_at: datetime | None


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
    presences: list[str] = Field(description="What an agent can be: the field's, then your own")
    agents: dict[str, Agent | AgentName]
    queues: dict[str, Queue]
    interactions: dict[str, Interaction]
    offers: dict[str, Offer]
    accounts: dict[str, Account]
    attention: AttentionCount

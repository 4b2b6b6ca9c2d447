"""What is asked and answered by the reads, but for the log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from agent_console.api.shapes.customer import Page
from agent_console.api.shapes.form import Form, Shape, Text
from agent_console.api.shapes.live import Account, Agent, AgentName, Interaction, Queue


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
    provisional: bool
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
    account_id: str
    queue_id: str | None
    interaction_ids: list[str]
    entries: Page


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # the first and last hours of the calendar, said elsewhere
        raise ValueError("no such time in UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class InteractionsQuery(Paged):
    queue: Text | None = None
    state: (
        Literal["new", "scheduled", "queued", "offered", "active", "parked", "closed"]
        | Literal["waiting", "in_work", "holds", "open", "abandoned_today"]
        | None
    ) = None
    owner: Text | None = None
    customer: Text | None = None
    answered_since: Literal["today"] | Moment | None = None
    late: Annotated[
        Text | None, Field(description="A channel account: work whose messages can't leave by it")
    ] = None


class Interactions(Shape):
    items: list[Interaction]
    after: str | None


class AttentionQuery(Paged):
    state: Literal["open", "all"] = "open"


class AttentionItem(Shape):
    id: str
    kind: str
    at: datetime
    tried_at: datetime | None
    tries: int
    channel: str | None
    account_id: str | None
    reason: str
    message_id: str | None
    interaction_id: str | None
    size: int | None
    state: str
    sender: Annotated[str, Field(alias="from")]
    to: list[str]
    customer_id: str | None
    customer_name: str
    preview: str


class AttentionItems(Shape):
    items: list[AttentionItem]
    after: str | None


class OutcomeQuery(Form):
    after: Annotated[int, Field(ge=0, le=2**63 - 1)]
    wait: Annotated[float, Field(ge=0, le=60)] = 0


class Outcome(Shape):
    """`next`: from where to ask again while there is none."""

    outcome: Literal["read", "set_aside", "failed"] | None
    reason: str
    customer_id: str | None
    next: int


class HtmlQuery(Form):
    images: Literal["0", "1"] = "0"


class Upload(Shape):
    id: str
    filename: str
    content_type: str
    size: int


class Queues(Shape):
    items: list[Queue]


class AgentsQuery(Form):
    queue: Text | None = None
    figure: Literal["agents_ready", "agents_total"] | None = None


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

"""What happens in the demo company, one frozen step at a time.

Pure data: a step says when, who and what, in the demo's own keys (customer, agent login, queue,
account, message and thread keys). Must not know ids of the hub, bytes, or how a step is carried
out. A thread is one piece of work, from the customer's first words to its closing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from triggerhub.demo.cast import ContactChannel


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerWrites:
    """`replies_to`: the message key that a mail answers. `proven`: the sender can be trusted."""

    at: datetime
    key: str
    thread: str
    customer: str
    channel: ContactChannel
    account: str
    queue: str
    text: str
    subject: str = ""
    replies_to: str | None = None
    proven: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SendsBroken:
    """A mail that can't be parsed; it ends under "needs attention"."""

    at: datetime
    key: str
    customer: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """The agent accepts the thread's interaction, or has it again after it was parked."""

    at: datetime
    agent: str
    thread: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReplies:
    at: datetime
    key: str
    thread: str
    agent: str
    customer: str
    channel: ContactChannel
    account: str
    text: str
    subject: str = ""
    replies_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddsNote:
    at: datetime
    agent: str
    thread: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The carrier says that the agent's message reached the phone."""

    at: datetime
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    at: datetime
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The carrier gave up; `code` is its error code."""

    at: datetime
    message: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parks:
    """The agent waits for the customer."""

    at: datetime
    agent: str
    thread: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfers:
    at: datetime
    agent: str
    thread: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closes:
    at: datetime
    agent: str
    thread: str
    code: str


Step = (
    CustomerWrites
    | SendsBroken
    | Takes
    | AgentReplies
    | AddsNote
    | Delivered
    | Read
    | Failed
    | Parks
    | Transfers
    | Closes
)

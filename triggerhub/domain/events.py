"""Every fact that the log can hold, and how a fact becomes a row and a row a fact.

A fact is immutable, in the past tense and versioned. It carries no personal content: names,
addresses, bodies and raw bytes are kept beside the log and referred to by content id (fields that
end in `_content`). Fields that end in `_at` are aware UTC.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar, dataclass_transform, get_type_hints

import orjson

from triggerhub.domain.errors import HubError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The base of every event's payload."""

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A fact with its place in the log."""

    seq: int
    id: str
    at: datetime
    actor: str
    cause: str | None
    fact: Fact

    @property
    def type(self) -> str:
        return self.fact.TYPE


class UnknownEvent(HubError):
    """The log holds a type or version that this release doesn't know."""

    code = "unknown_event"


Json = dict[str, Any]
_TYPES: dict[str, type[Fact]] = {}
_TIMES: dict[type[Fact], tuple[str, ...]] = {}
_TUPLES: dict[type[Fact], tuple[str, ...]] = {}
_UPCASTS: dict[tuple[str, int], Callable[[Json], Json]] = {}


F = TypeVar("F", bound=Fact)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def fact(name: str, version: int = 1) -> Callable[[type[F]], type[F]]:
    """Register a payload class under the event type `name`."""

    def register(cls: type[F]) -> type[F]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.TYPE = name
        made.VERSION = version
        _TYPES[name] = made
        hints = get_type_hints(made)
        _TIMES[made] = tuple(n for n, t in hints.items() if t in (datetime, datetime | None))
        _TUPLES[made] = tuple(
            n for n, t in hints.items() if getattr(t, "__origin__", None) is tuple
        )
        return made

    return register


def upcast(name: str, from_version: int) -> Callable[[Callable[[Json], Json]], None]:
    """Register how data of `from_version` becomes data of the next version."""

    def register(step: Callable[[Json], Json]) -> None:
        _UPCASTS[name, from_version] = step

    return register


def event_types() -> Mapping[str, type[Fact]]:
    return _TYPES


def encode(item: Fact) -> str:
    """The fact's fields as JSON text, in the order of their declaration."""
    return orjson.dumps(item, option=orjson.OPT_UTC_Z).decode()


def decode(name: str, version: int, data: str | bytes) -> Fact:
    """The fact of one row; raises UnknownEvent for what a newer release has written."""
    cls = _TYPES.get(name)
    if cls is None or version > cls.VERSION:
        raise UnknownEvent(f"event {name} version {version} is not known to this release")
    values: Json = orjson.loads(data)
    while version < cls.VERSION:
        values = _UPCASTS[name, version](values)
        version += 1
    for key in _TIMES[cls]:
        if values.get(key) is not None:
            values[key] = datetime.fromisoformat(values[key]).astimezone(UTC)
    for key in _TUPLES[cls]:
        values[key] = tuple(values[key])
    return cls(**values)


def fields_of(item: Fact) -> Json:
    """The fact's fields as plain values (times stay datetimes)."""
    return {f.name: getattr(item, f.name) for f in dataclasses.fields(item)}


# --- messages ---------------------------------------------------------------------------------


@fact("message.received")
class MessageReceived(Fact):
    """An accepted delivery: its bytes are kept under `raw_content`, nothing is known of it yet."""

    message_id: str
    channel: str
    account_id: str
    raw_content: str


@fact("message.parsed")
class MessageParsed(Fact):
    """The bytes were read; what was found is kept under `parsed_content`.

    `proof` says how the sender was proven when it was read: `dkim`, `trusted_header`,
    `trusted_peer`, `signature` (a signed webhook), or empty.
    """

    message_id: str
    channel: str
    account_id: str
    raw_content: str
    parsed_content: str
    proof: str


@fact("message.unparseable")
class MessageUnparseable(Fact):
    message_id: str
    channel: str
    account_id: str
    raw_content: str
    attention_id: str
    reason: str


@fact("message.resolved")
class MessageResolved(Fact):
    """Whose the message is, and where it belongs. `rule` says why.

    `likely_customer_id`: who the sender claims to be, where that isn't proven.
    """

    message_id: str
    channel: str
    account_id: str
    raw_content: str
    parsed_content: str
    conversation_id: str
    interaction_id: str
    customer_id: str
    identity_id: str
    rule: str
    proof: str
    likely_customer_id: str | None


@fact("attachment.fetched")
class AttachmentFetched(Fact):
    """A part of a message that had stayed with the provider; now beside the log."""

    message_id: str
    position: int
    content: str
    content_type: str
    size: int


@fact("attachment.deferred")
class AttachmentDeferred(Fact):
    message_id: str
    position: int
    reason: str
    next_at: datetime


@fact("attachment.lost")
class AttachmentLost(Fact):
    """It can't be had any more; the message shows why."""

    message_id: str
    position: int
    reason: str


@fact("message.set_aside")
class MessageSetAside(Fact):
    """Accepted, and by a named rule not put before an agent (a delivery report, for example)."""

    message_id: str
    channel: str
    account_id: str
    rule: str
    about_message_id: str | None


@fact("message.queued")
class MessageQueued(Fact):
    """Something to send. Recipient, account and identity are frozen here."""

    message_id: str
    channel: str
    account_id: str
    conversation_id: str
    interaction_id: str | None
    customer_id: str
    identity_id: str
    content: str
    author: str
    not_before_at: datetime
    in_reply_to: str | None
    retry_of: str | None


@fact("message.cancelled")
class MessageCancelled(Fact):
    message_id: str


@fact("message.sending")
class MessageSending(Fact):
    """Recorded before the attempt: after a crash, an attempt without an end is `unknown`."""

    message_id: str
    attempt: int


@fact("message.deferred")
class MessageDeferred(Fact):
    """The attempt surely did not reach the customer, and will be made again."""

    message_id: str
    attempt: int
    reason: str
    next_at: datetime


@fact("message.sent")
class MessageSent(Fact):
    """The relay or provider has taken it. Its own id for it is beside the log."""

    message_id: str
    reference_content: str | None


@fact("message.delivered")
class MessageDelivered(Fact):
    message_id: str


@fact("message.read")
class MessageRead(Fact):
    message_id: str


@fact("message.failed")
class MessageFailed(Fact):
    message_id: str
    code: str
    reason: str
    attention_id: str


@fact("message.unknown")
class MessageUnknown(Fact):
    """An attempt was begun and its end isn't known; never silently sent again."""

    message_id: str
    reason: str
    attention_id: str


@fact("status.received")
class StatusReceived(Fact):
    """A provider's report on a message of ours; the bytes are kept, the reading comes after."""

    status_id: str
    channel: str
    account_id: str
    raw_content: str


@fact("status.set_aside")
class StatusSetAside(Fact):
    status_id: str
    rule: str


@fact("note.added")
class NoteAdded(Fact):
    note_id: str
    conversation_id: str
    interaction_id: str | None
    customer_id: str
    identity_id: str
    content: str
    author: str


# --- customers --------------------------------------------------------------------------------


@fact("customer.created")
class CustomerCreated(Fact):
    """`provisional`: known only by an unproven address."""

    customer_id: str
    profile_content: str
    provisional: bool


@fact("customer.updated")
class CustomerUpdated(Fact):
    """The whole new profile, beside the log."""

    customer_id: str
    profile_content: str


@fact("identity.added")
class IdentityAdded(Fact):
    """`standing` is `verified` or `claimed`; `why` names the proof or its absence."""

    identity_id: str
    kind: str
    address_content: str
    standing: str
    why: str


@fact("identity.linked")
class IdentityLinked(Fact):
    link_id: str
    identity_id: str
    customer_id: str
    version: int
    why: str
    previous_customer_id: str | None


# --- conversations and interactions -----------------------------------------------------------


@fact("conversation.opened")
class ConversationOpened(Fact):
    conversation_id: str
    channel: str
    account_id: str
    identity_id: str
    customer_id: str
    likely_customer_id: str | None
    subject_content: str | None
    reply_token: str
    related_to: str | None


@fact("interaction.created")
class InteractionCreated(Fact):
    interaction_id: str
    conversation_id: str
    channel: str
    account_id: str
    identity_id: str
    customer_id: str
    priority: int
    proof: str


@fact("interaction.scheduled")
class InteractionScheduled(Fact):
    interaction_id: str
    due_at: datetime


@fact("interaction.queued")
class InteractionQueued(Fact):
    """Waiting in a queue. `reason`: new, declined, missed, rescinded, transfer, returned, resumed.

    Requeueing keeps both times; a transfer to another queue renews `enqueued_at` alone.
    """

    interaction_id: str
    queue_id: str
    enqueued_at: datetime
    first_enqueued_at: datetime
    reason: str


@fact("interaction.parked")
class InteractionParked(Fact):
    """Waits for the customer, or until a due time."""

    interaction_id: str
    until_at: datetime | None


@fact("interaction.resumed")
class InteractionResumed(Fact):
    """Parked work that its owner has again."""

    interaction_id: str
    reason: str


@fact("interaction.closed")
class InteractionClosed(Fact):
    """`how`: handled, abandoned, set_aside."""

    interaction_id: str
    how: str
    code: str | None
    disposition: str | None


@fact("interaction.transferred")
class InteractionTransferred(Fact):
    interaction_id: str
    from_agent_id: str | None
    to_agent_id: str | None
    to_queue_id: str | None


@fact("interaction.seen")
class InteractionSeen(Fact):
    """Its owner has read the timeline up to the entry with this sequence number."""

    interaction_id: str
    up_to: int


@fact("offer.made")
class OfferMade(Fact):
    """`candidates`: the best five, in order. `refused`: how many agents by reason.

    With `log_position` and `configuration` the full list can be computed again.
    """

    offer_id: str
    interaction_id: str
    queue_id: str
    agent_id: str
    expires_at: datetime
    candidates: tuple[str, ...]
    refused: dict[str, int]
    log_position: int
    configuration: int
    auto_accept: bool = False


@fact("offer.accepted")
class OfferAccepted(Fact):
    offer_id: str
    interaction_id: str
    agent_id: str
    queue_id: str


@fact("offer.declined")
class OfferDeclined(Fact):
    offer_id: str
    interaction_id: str
    agent_id: str


@fact("offer.timed_out")
class OfferTimedOut(Fact):
    offer_id: str
    interaction_id: str
    agent_id: str


@fact("offer.cancelled")
class OfferCancelled(Fact):
    """The customer left, or the interaction ended, before the agent answered."""

    offer_id: str
    interaction_id: str
    agent_id: str
    reason: str


@fact("offer.rescinded")
class OfferRescinded(Fact):
    """Taken back by the router or a supervisor: the agent went away, the work was reassigned."""

    offer_id: str
    interaction_id: str
    agent_id: str
    reason: str


@fact("assignment.started")
class AssignmentStarted(Fact):
    """`role`: owner, consult, monitor, whisper, barge."""

    assignment_id: str
    interaction_id: str
    agent_id: str
    role: str
    previous_id: str | None


@fact("assignment.held")
class AssignmentHeld(Fact):
    assignment_id: str
    interaction_id: str


@fact("assignment.unheld")
class AssignmentUnheld(Fact):
    assignment_id: str
    interaction_id: str


@fact("assignment.wrap_up_started")
class AssignmentWrapUpStarted(Fact):
    assignment_id: str
    interaction_id: str


@fact("assignment.ended")
class AssignmentEnded(Fact):
    """`reason`: closed, transferred, returned, reassigned."""

    assignment_id: str
    interaction_id: str
    agent_id: str
    reason: str


# --- agents -----------------------------------------------------------------------------------


@fact("presence.changed")
class PresenceChanged(Fact):
    """`by`: the agent, a supervisor (`user:…`), or the system (`grace`)."""

    agent_id: str
    presence: str
    next_presence: str | None


@fact("agent.cleared")
class AgentCleared(Fact):
    """`not_responding` was cleared by the agent."""

    agent_id: str


@fact("agent.connected")
class AgentConnected(Fact):
    agent_id: str


@fact("agent.disconnected")
class AgentDisconnected(Fact):
    """The last console of this agent is gone; the grace runs until `grace_until_at`."""

    agent_id: str
    grace_until_at: datetime


# --- attention --------------------------------------------------------------------------------


@fact("attention.replayed")
class AttentionReplayed(Fact):
    """What could not be read is to be read again."""

    attention_id: str
    message_id: str
    channel: str
    account_id: str
    raw_content: str


@fact("attention.closed")
class AttentionClosed(Fact):
    """`how`: dismissed, replayed, retried."""

    attention_id: str
    how: str


@fact("attention.raised")
class AttentionRaised(Fact):
    """Work came back to its queue because its agent went away; `kind`: returned."""

    attention_id: str
    kind: str
    reason: str
    interaction_id: str | None
    message_id: str | None


# --- configuration ----------------------------------------------------------------------------


@fact("hub.configured")
class HubConfigured(Fact):
    name: str
    timezone: str
    default_region: str
    language: str


@fact("account.configured")
class AccountConfigured(Fact):
    """One mailbox, number, bot or widget. Secrets are beside the log, encrypted."""

    account_id: str
    channel: str
    name: str
    addresses: tuple[str, ...]
    queue_id: str | None
    options: dict[str, str]
    secret_content: str | None
    managed_by: str


@fact("account.removed")
class AccountRemoved(Fact):
    account_id: str


@fact("queue.configured")
class QueueConfigured(Fact):
    queue_id: str
    name: str
    sla_seconds: int
    offer_seconds: int
    auto_accept: bool
    managed_by: str


@fact("queue.removed")
class QueueRemoved(Fact):
    queue_id: str


@fact("user.configured")
class UserConfigured(Fact):
    """A person who can sign in. `name` and `login` are staff data, not a customer's."""

    user_id: str
    login: str
    name: str
    role: str
    language: str
    queue_ids: tuple[str, ...]
    managed_by: str
    disabled: bool = False
    capacity: dict[str, int] = field(default_factory=dict)


@fact("user.password_set")
class UserPasswordSet(Fact):
    user_id: str
    hash_content: str


@fact("token.created")
class TokenCreated(Fact):
    token_id: str
    name: str
    role: str
    hash_content: str


@fact("token.revoked")
class TokenRevoked(Fact):
    token_id: str


@fact("erasure.done")
class ErasureDone(Fact):
    """A person's content was removed; `contents` says how many pieces."""

    customer_id: str
    contents: int

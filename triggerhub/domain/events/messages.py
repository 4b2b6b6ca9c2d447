"""Facts about messages: received, read, resolved, sent."""

from __future__ import annotations

from datetime import datetime

from triggerhub.domain.events.registry import Fact, fact


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
    """Nothing could be made of it. Read again in vain, it has the `attention_id` of before."""

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
    """`interaction_id`: the work in which it was no answer then."""

    message_id: str
    interaction_id: str | None = None


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
    """`interaction_id`: the work in which it was no answer then."""

    message_id: str
    code: str
    reason: str
    attention_id: str
    interaction_id: str | None = None


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
    """A report that changed nothing. `about_message_id`: of which message, where that is known."""

    status_id: str
    rule: str
    about_message_id: str | None = None


@fact("note.added")
class NoteAdded(Fact):
    note_id: str
    conversation_id: str
    interaction_id: str | None
    customer_id: str
    identity_id: str
    content: str
    author: str

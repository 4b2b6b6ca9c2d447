"""What a channel makes of a delivery, and what it is asked to send. No channel's format in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

# Channels whose deliveries are signed forms: small and safe enough for the leader to read itself.
# Everything else is read by a guarded worker first (`message.parsed`).
INLINE_CHANNELS = frozenset({"sms", "whatsapp"})

Direction = Literal["in", "out", "none"]
AddressKind = Literal["email", "phone", "telegram", "webchat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`address` is normalised (E.164; lower-case mailbox), `raw` is what stood there.

    A sender who has named none has an empty one, and the name they gave.
    """

    kind: AddressKind
    address: str
    name: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One part of a message. `data` is absent where it still has to be fetched from `url`."""

    filename: str
    content_type: str
    size: int
    inline: bool = False
    cid: str | None = None
    data: bytes | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A part that was with the provider."""

    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """A provider's word on a message of ours. `reference`: the id it gave, or our Message-ID.

    `state`: sending, sent, delivered, read, failed. `opted_out`: it failed because its recipient
    takes no messages of the account.
    """

    reference: str
    state: str
    code: str = ""
    reason: str = ""
    opted_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A delivery that was read.

    `proof`: how the sender is proven (`signature`, `dkim`, `trusted_header`, `trusted_peer`) or "".
    `reply_tokens`: tokens of our own signed reply addresses, their signature already checked.
    `references`: ids of earlier messages, the most telling first.
    `auto`: no, auto-reply, bounce, feedback, list.
    `key`: the same for every delivery of one message to several of our accounts.
    `reply_to`: where it asks answers to go, if not to the sender: told, and not done by itself.
    `consent`: whether it asks for no more messages of this account (`stop`), or for them again.
    `report`: what it says about messages of ours, where it is a delivery report.
    """

    key: str
    external_id: str
    sender: Address | None
    reply_to: str = ""
    to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    quoted: str = ""
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    proof: str = ""
    reply_tokens: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    auto: str = "no"
    consent: Literal["", "stop", "start"] = ""
    report: StatusReport | None = None
    sent_at: datetime | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """Everything one attempt to send needs; frozen when the agent pressed send.

    `sender`: the account's address that the customer wrote to ("": its first one).
    `references`: what the answered message refers to, oldest first.
    """

    message_id: str
    conversation_id: str
    to: Address
    subject: str
    text: str
    author_name: str
    reply_token: str
    created_at: datetime
    attempt: int
    sender: str = ""
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOutcome:
    """The end of an attempt that the provider accepted. `reference`: its id for the message."""

    reference: str
    state: str = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One configured mailbox, number, bot or widget, as the adapters see it."""

    id: str
    channel: str
    name: str
    addresses: tuple[str, ...]
    queue_id: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What an adapter hands over: the bytes as they came, and the key that makes them one event.

    `external_id` is the sender's or provider's own id (never empty); together with the account
    it is unique for ever. `envelope` is what isn't in the bytes (MAIL FROM, RCPT TO, peer).
    """

    channel: str
    account_id: str
    external_id: str
    raw: bytes
    media_type: str
    kind: Literal["message", "status"] = "message"
    envelope: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The arrival is on disk. `duplicate`: it already was."""

    id: str
    duplicate: bool

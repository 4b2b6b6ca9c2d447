"""What a status callback says about a message that we sent. Pure.

Owns Twilio's status words and their rank. Callbacks repeat and arrive out of order, so a state is
comparable: whoever keeps one takes a new one only where ``advances`` says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from channels.sms import form
from triggerhub.domain.errors import Invalid


class DeliveryState(StrEnum):
    """Where a message stands with the carrier."""

    queued = "queued"
    sending = "sending"
    sent = "sent"
    delivered = "delivered"
    read = "read"
    failed = "failed"

    @property
    def rank(self) -> int:
        """Later states have a higher rank. ``failed`` ends a message that was not delivered."""
        return _RANK[self]

    def advances(self, before: DeliveryState) -> bool:
        """Whether this report, coming after ``before``, is news: states never go backwards."""
        return self.rank > before.rank


# A message that reached the customer did not fail, whatever arrives late.
_RANK = {
    DeliveryState.queued: 0,
    DeliveryState.sending: 1,
    DeliveryState.sent: 2,
    DeliveryState.failed: 3,
    DeliveryState.delivered: 4,
    DeliveryState.read: 5,
}

# ``accepted`` and ``scheduled`` are waiting in a messaging service; ``undelivered`` was refused by
# the carrier behind Twilio, ``failed`` by Twilio itself: the same to the person who wrote it.
_STATES = {
    "accepted": DeliveryState.queued,
    "scheduled": DeliveryState.queued,
    "queued": DeliveryState.queued,
    "sending": DeliveryState.sending,
    "sent": DeliveryState.sent,
    "delivered": DeliveryState.delivered,
    "partially_delivered": DeliveryState.sent,
    "read": DeliveryState.read,
    "undelivered": DeliveryState.failed,
    "failed": DeliveryState.failed,
    "canceled": DeliveryState.failed,
}

_MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}\Z")
_ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsStatus:
    """One callback. ``word`` is Twilio's own status, ``error_code`` only where it failed."""

    message_sid: str
    account_sid: str
    state: DeliveryState
    word: str
    error_code: int | None

    @property
    def external_id(self) -> str:
        """The natural key of this report: the same status of the same message is one event."""
        return f"{self.message_sid}:{self.word}"


def state_of(word: str) -> DeliveryState | None:
    """Twilio's status word as a state, None for a word that is not about an outgoing message."""
    return _STATES.get(word)


def parse(form_bytes: bytes) -> SmsStatus:
    """Reads one callback body. Raises ``Invalid`` (a ``Rejected``) with what is wrong with it."""
    return read(form.decode(form_bytes))


def read(fields: form.Fields) -> SmsStatus:
    """The same from decoded fields."""
    message_sid = _value(fields, "MessageSid") or _value(fields, "SmsSid")
    if not _MESSAGE_SID.match(message_sid):
        raise Invalid("MessageSid is missing or has the wrong form")
    account_sid = _value(fields, "AccountSid")
    if not _ACCOUNT_SID.match(account_sid):
        raise Invalid("AccountSid is missing or has the wrong form")
    word = (_value(fields, "MessageStatus") or _value(fields, "SmsStatus")).lower()
    state = state_of(word)
    if state is None:
        raise Invalid("MessageStatus is missing or unknown")
    code = _value(fields, "ErrorCode")
    return SmsStatus(
        message_sid=message_sid,
        account_sid=account_sid,
        state=state,
        word=word,
        error_code=int(code) if code.isascii() and code.isdigit() and len(code) <= 6 else None,
    )


def _value(fields: form.Fields, name: str) -> str:
    return (form.first(fields, name.encode()) or b"").decode("utf-8", "replace")

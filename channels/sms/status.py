"""What a status callback says about a message that we sent. Pure.

Owns Twilio's status words and what they mean in the house's own states. Callbacks repeat and arrive
out of order; which of them is news is decided by ``triggerhub.domain.model.delivery``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from channels.sms import form
from triggerhub.domain.errors import Invalid

State = Literal["sending", "sent", "delivered", "read", "failed"]

# ``accepted``, ``scheduled`` and ``queued`` wait inside Twilio; ``undelivered`` was refused by the
# network behind it, ``failed`` by Twilio itself: the same to the person who wrote the message.
_STATES: dict[str, State] = {
    "accepted": "sending",
    "scheduled": "sending",
    "queued": "sending",
    "sending": "sending",
    "sent": "sent",
    "partially_delivered": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}

_MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}\Z")
_WORD = re.compile(r"[a-z_]{1,40}\Z")
_ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsStatus:
    """One callback. ``word`` is Twilio's own status, ``error_code`` only where it failed."""

    message_sid: str
    account_sid: str
    state: State
    word: str
    error_code: int | None


def key_of(fields: form.Fields) -> str:
    """The natural key of a report: the same word on the same message is one event.

    Raises ``Invalid``. A word that we don't know yet has a key too: the report is kept, and shown.
    """
    sid = _message_sid(fields)
    word = _word(fields)
    if not _WORD.match(word):
        raise Invalid("MessageStatus is missing or has the wrong form")
    return f"{sid}:{word}"


def state_of(word: str) -> State | None:
    """Twilio's status word as a state, None for a word that is not about an outgoing message."""
    return _STATES.get(word)


def parse(form_bytes: bytes) -> SmsStatus:
    """Reads one callback body. Raises ``Invalid`` (a ``Rejected``) with what is wrong with it."""
    return read(form.decode(form_bytes))


def read(fields: form.Fields) -> SmsStatus:
    """The same from decoded fields."""
    message_sid = _message_sid(fields)
    account_sid = _value(fields, "AccountSid")
    if not _ACCOUNT_SID.match(account_sid):
        raise Invalid("AccountSid is missing or has the wrong form")
    word = _word(fields)
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


def _message_sid(fields: form.Fields) -> str:
    sid = _value(fields, "MessageSid") or _value(fields, "SmsSid")
    if not _MESSAGE_SID.match(sid):
        raise Invalid("MessageSid is missing or has the wrong form")
    return sid


def _word(fields: form.Fields) -> str:
    return (_value(fields, "MessageStatus") or _value(fields, "SmsStatus")).lower()


def _value(fields: form.Fields, name: str) -> str:
    return (form.first(fields, name.encode()) or b"").decode("utf-8", "replace")

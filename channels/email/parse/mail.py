"""What one mail says, as plain facts. Knows nothing of bytes, MIME or how it was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from triggerhub.domain.errors import Rejected

_KINDS = frozenset({"empty", "binary", "time", "parser"})
Auto = Literal["no", "auto-reply", "bounce", "feedback", "list"]
"""Who wrote it: a person, or which kind of machine (precedence: feedback, bounce, reply, list)."""


class Unparseable(Rejected):
    """Nothing sensible can be made of these bytes; `problems` says why.

    The first of them is the reason: what stands before its colon is the end of the code
    (`mail_empty`, `mail_binary`, `mail_time`, `mail_parser`), if it is one that we give.
    """

    code = "unparseable"

    def __init__(self, problems: Sequence[str]) -> None:
        kind, _, words = next(iter(problems), "").partition(": ")
        if kind in _KINDS:  # a parser that a mail has taken over makes no codes of its own
            super().__init__("; ".join((words, *problems[1:])), code=f"mail_{kind}")
        else:
            super().__init__("; ".join(problems) or "the mail could not be read")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mailbox as it was written; `name` is the decoded display name, often empty."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One leaf of the mail that is not its text. `content` is decoded; `size` is its length.

    `filename` is without folders, empty when none was given. `content_id` is without angle
    brackets. `inline` means: shown inside the text, not beside it.
    """

    filename: str
    content_type: str
    size: int
    sha256: str
    inline: bool
    content_id: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncedRecipient:
    """One recipient of a delivery report (RFC 3464 section 2.3); words as given, lower case."""

    address: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What a bounce or a feedback report is about. `original_message_id` is empty if not told."""

    recipients: tuple[BouncedRecipient, ...]
    original_message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The first calendar part: its method (`REQUEST`, `REPLY`, ...) and its iCalendar text."""

    method: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMail:
    """Everything read from one mail. Ids are without angle brackets, absent ones empty.

    `text` is all inline text, `reply_text` its new words, `html` is cleaned and loads nothing
    by itself. `date` is aware. `loop_suppressed`: no automatic answer may go out (RFC 3834).
    `authentication_results` are the header's values as they came, newest first, unproven.
    """

    from_: Address
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    delivered_to: tuple[str, ...]
    envelope_to: tuple[str, ...]
    return_path: str | None
    subject: str
    date: datetime | None
    text: str
    reply_text: str
    html: str
    attachments: tuple[Attachment, ...]
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    dedup_key: str
    auto: Auto
    loop_suppressed: bool
    authentication_results: tuple[str, ...]
    bounce: Bounce | None
    calendar: Calendar | None
    problems: tuple[str, ...]

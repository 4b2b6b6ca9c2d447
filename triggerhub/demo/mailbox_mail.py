"""Mails of the demo's customers: what they receive, what they write, how a relay returns one."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from typing import Protocol, TypeVar

KEPT = 1_000  # mails taken, refused and sent each; what is older is forgotten
BYTES_KEPT = 64 * 1024 * 1024  # of each of these
_POLICY = SMTP.clone(cte_type="7bit")


class _Mail(Protocol):
    @property
    def raw(self) -> bytes: ...


_M = TypeVar("_M", bound=_Mail)


def keep(mails: deque[_M], mail: _M) -> None:
    """Remember one more; the oldest are forgotten while all together are too large."""
    mails.append(mail)
    while len(mails) > 1 and sum(len(each.raw) for each in mails) > BYTES_KEPT:
        mails.popleft()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail:
    """A mail that the hub sent, as the relay took it."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    raw: bytes = field(repr=False)
    received_at: datetime

    @property
    def message(self) -> Message:
        return message_from_bytes(self.raw)

    def header(self, name: str) -> str:
        """One header, decoded and on one line; empty where it is absent."""
        value = self.message.get(name)
        return "" if value is None else " ".join(str(make_header(decode_header(value))).split())

    @property
    def message_id(self) -> str:
        return self.header("Message-ID")

    @property
    def subject(self) -> str:
        return self.header("Subject")

    @property
    def answer_to(self) -> str:
        """Where a customer's mail program sends an answer."""
        return parseaddr(self.header("Reply-To") or self.header("From"))[1]

    @property
    def text(self) -> str:
        """The first plain text part."""
        for part in self.message.walk():
            if part.get_content_type() == "text/plain" and not part.get_filename():
                data = part.get_payload(decode=True)
                if isinstance(data, bytes):
                    return data.decode(part.get_content_charset("utf-8")).replace("\r\n", "\n")
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """A mail that went to the hub, and what the hub said. ``code`` 0: it hung up or is away."""

    message_id: str
    sender: str
    to: tuple[str, ...]
    raw: bytes = field(repr=False)
    code: int
    answer: str

    @property
    def ok(self) -> bool:
        return self.code == 250


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    filename: str
    content_type: str
    data: bytes = field(repr=False)


def compose(
    *,
    sender: str,
    name: str,
    to: Sequence[str],
    subject: str,
    text: str,
    html: str | None,
    in_reply_to: str | None,
    references: Sequence[str],
    files: Sequence[File],
    at: datetime,
) -> EmailMessage:
    """A mail as an ordinary mail program writes it."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = formataddr((name, sender)) if name else sender
    message["To"] = ", ".join(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{secrets.token_hex(12)}@{sender.rpartition('@')[2]}>"
    if in_reply_to:
        message["In-Reply-To"] = in_reply_to
    if references:
        message["References"] = " ".join(references)
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for item in files:
        main, _, sub = item.content_type.partition("/")
        message.add_attachment(item.data, maintype=main, subtype=sub, filename=item.filename)
    return message


def quote(mail: ReceivedMail, text: str) -> str:
    """A customer's answer above the mail that it answers, as mail programs do it."""
    quoted = "\n".join(f"> {line}".rstrip() for line in mail.text.splitlines())
    return f"{text}\n\nOn {mail.header('Date')}, {mail.header('From')} wrote:\n{quoted}\n"


def bounce(
    mail: ReceivedMail, rcpt: str, *, action: str, status: str, diagnostic: str, at: datetime
) -> bytes:
    """The report of RFC 3464 with which a relay returns a mail to its sender."""
    boundary = secrets.token_hex(12)
    headers = mail.raw.partition(b"\r\n\r\n")[0]
    report = f"""\
From: Mail Delivery System <mailer-daemon@relay.example>
To: {mail.mail_from}
Subject: Undelivered Mail Returned to Sender
Date: {format_datetime(at)}
Message-ID: <{secrets.token_hex(12)}@relay.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=us-ascii

This is the mail system at relay.example. Your message could not be
delivered to {rcpt}: {diagnostic}

--{boundary}
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
Arrival-Date: {format_datetime(mail.received_at)}

Final-Recipient: rfc822; {rcpt}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--{boundary}
Content-Type: text/rfc822-headers

"""
    return (
        report.replace("\n", "\r\n").encode("ascii", "replace")
        + headers
        + f"\r\n\r\n--{boundary}--\r\n".encode()
    )

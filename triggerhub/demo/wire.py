"""The bytes in which the demo's steps reach the hub: webhook forms and Internet messages.

Pure. Uses the carrier stand-in's own forms, so that history and live demo speak alike; mails are
plain RFC 5322 with Message-ID, In-Reply-To and References, so that threading has real work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import urlencode

from triggerhub.demo import cast
from triggerhub.demo.carrier_message import CarrierMessage, inbound_form, status_form
from triggerhub.demo.carrier_message import Step as Status
from triggerhub.demo.carrier_rules import segments
from triggerhub.demo.cast import Customer
from triggerhub.demo.steps import CustomerWrites, SendsBroken


def message_sid(key: str) -> str:
    """The carrier's id for a message of the demo: the same for the same key."""
    return "SM" + _digest("sid", key)


def message_id(key: str, customer: Customer) -> str:
    """The Message-ID, without angle brackets, of a customer's mail."""
    return f"{_digest('mail', key)[:20]}@{customer.email.partition('@')[2]}"


def sms_form(step: CustomerWrites) -> bytes:
    """The webhook body of an SMS or WhatsApp message, as the carrier posts it."""
    person = cast.customer(step.customer)
    account = cast.sms_account(step.account)
    message = CarrierMessage(
        sid=message_sid(step.key),
        account_sid=account.account_sid,
        direction="inbound",
        sender=cast.their_address(step.channel, person),
        to=cast.our_address(step.channel, step.account),
        body=step.text,
        service_sid=None,
        media_urls=(),
        segments=segments(step.text),
        created_at=step.at,
        status="received",
    )
    return urlencode(inbound_form(message, ())).encode()


def status_body(
    *, sid: str, account_sid: str, sender: str, to: str, status: str, code: int | None = None
) -> bytes:
    """A status callback for a message of the hub's that the carrier knows as `sid`."""
    message = CarrierMessage(
        sid=sid,
        account_sid=account_sid,
        direction="outbound-api",
        sender=sender,
        to=to,
        body="",
        service_sid=None,
        media_urls=(),
        segments=1,
        created_at=datetime.min.replace(tzinfo=UTC),
        status=status,
    )
    return urlencode(status_form(message, Status(status=status, error_code=code))).encode()


def mail_bytes(
    step: CustomerWrites,
    *,
    to: str | None = None,
    in_reply_to: str | None = None,
    references: Sequence[str] = (),
) -> bytes:
    """A customer's mail. `to`: the Reply-To of what is answered, else the account's own mailbox.

    `in_reply_to` and `references` (oldest first) are Message-IDs without angle brackets.
    """
    person = cast.customer(step.customer)
    return compose(
        sender_name=person.name,
        sender=person.email,
        to=to or cast.our_address("email", step.account),
        subject=step.subject,
        text=step.text,
        at=step.at,
        identifier=message_id(step.key, person),
        in_reply_to=in_reply_to,
        references=references,
    ).as_bytes()


def compose(
    *,
    sender_name: str,
    sender: str,
    to: str,
    subject: str,
    text: str,
    at: datetime,
    identifier: str,
    in_reply_to: str | None = None,
    references: Sequence[str] = (),
) -> EmailMessage:
    """A plain-text mail in UTF-8. Raises ValueError for addresses or a subject with line breaks."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(display_name=sender_name, addr_spec=sender)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = subject
    mail["Date"] = at
    mail["Message-ID"] = f"<{identifier}>"
    if in_reply_to is not None:
        mail["In-Reply-To"] = f"<{in_reply_to}>"
        chain = [*references, *([] if in_reply_to in references else [in_reply_to])]
        mail["References"] = " ".join(f"<{reference}>" for reference in chain)
    mail.set_content(text.strip() + "\n", cte="base64" if not text.isascii() else None)
    return mail


def broken_mail(step: SendsBroken) -> bytes:
    """What a customer's scanner sends: the picture itself, with no mail around it."""
    noise = b"".join(hashlib.sha256(f"{step.key} {line}".encode()).digest() for line in range(96))
    return b"II*\x00\x08\x00\x00\x00" + noise.replace(b"\n", b"\x00").replace(b"\r", b"\x00")


def _digest(kind: str, key: str) -> str:
    return hashlib.sha256(f"kestrel demo {kind} {key}".encode()).hexdigest()[:32]

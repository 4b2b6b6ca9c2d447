"""The e-mail channel as the rest of the house sees it: read what came, send one answer.

Owns the translation between mail and the domain's messages. Parses nothing itself (hostile bytes
are read by a guarded parser) and must not know queues, customers or retries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import orjson

from channels.email.author import MAX_NAME, fits, sender_of
from channels.email.compose import ComposedMail, compose
from channels.email.parse.auto import DELIVERY_STATUS, is_daemon
from channels.email.parse.mail import Address as ParsedAddress
from channels.email.parse.mail import ParsedMail
from channels.email.receive_key import delivery_key
from channels.email.reply_address import ReplyAddresses, mailbox_of
from config.mailbox import normal
from triggerhub.domain.errors import Rejected
from triggerhub.domain.masking import masked
from triggerhub.domain.model.message import (
    Account,
    Address,
    Attachment,
    InboundMessage,
    OutboundMessage,
    SendOutcome,
    StatusReport,
)

# What a delivery report's action (RFC 3464, 2.3.3) says of our message; a delay leaves it sent.
_STATES: Final = {
    "failed": "failed",
    "delivered": "delivered",
    "relayed": "sent",
    "expanded": "sent",
    "delayed": "sent",
}

# Above this, encoding leaves the event loop.
_LARGE: Final = 256 * 1024
# What stands in lists and on every console; `inspect` and the original tell all of it.
MAX_SUBJECT: Final = 998  # characters: a line of RFC 5322, 2.1.1
MAX_TO: Final = 100


class MailParser(Protocol):
    """Reads hostile bytes within limits of time and memory."""

    async def parse(self, raw: bytes) -> ParsedMail:
        """Raises Rejected, with the problems in its words, for what can't be read."""
        ...


class Prover(Protocol):
    async def prove(
        self,
        raw: bytes,
        author: str,
        envelope: Mapping[str, str],
        authentication_results: tuple[str, ...],
    ) -> str: ...


class Sender(Protocol):
    async def send(self, mail: ComposedMail) -> SendOutcome: ...


class EmailChannel:
    """Implements `triggerhub.domain.ports.Channel`."""

    name: Final = "email"

    def __init__(
        self, *, parser: MailParser, proof: Prover, replies: ReplyAddresses, relay: Sender
    ) -> None:
        self._parser = parser
        self._proof = proof
        self._replies = replies
        self._relay = relay

    def read(
        self, raw: bytes, account: Account | None, envelope: Mapping[str, str]
    ) -> InboundMessage:
        """Never: a mail isn't read without a guard. Raises Rejected."""
        raise Rejected("a mail is read by `parse`, under guard", code="not_inline")

    def read_status(self, raw: bytes, envelope: Mapping[str, str]) -> StatusReport:
        """Never: what a mail says about another comes as a message. Raises Rejected."""
        raise Rejected("e-mail has no status callbacks; bounces are messages", code="no_status")

    async def parse(
        self, raw: bytes, account: Account | None, envelope: Mapping[str, str]
    ) -> InboundMessage:
        """What one delivery says, and whether its sender is proven. Raises Rejected.

        `external_id` is the Message-ID, by which later answers refer to it, or the delivery key
        where there is none. `text` holds the new words, `quoted` what was folded away. What one of
        the account's web forms has written comes, unproven, from whom it names in Reply-To.
        """
        mail = await self._parser.parse(raw)
        proof, sender, reply_to = "", sender_of(mail.from_), _reply_to(mail, account)
        if reply_to is not None and _is_form(mail.from_, account):
            # The form's own proof says nothing about who filled it in.
            sender, reply_to = reply_to, None
        elif sender is not None and sender.address:
            proof = await self._proof.prove(
                raw, mail.from_.address, envelope, mail.authentication_results
            )
        text = mail.reply_text or mail.text
        tokens = self._replies.find(_addressed(mail, envelope))
        written = bool(tokens) and _written_by_a_person(mail, envelope)
        return InboundMessage(
            key=mail.dedup_key,
            external_id=mail.message_id or delivery_key(raw),
            sender=sender,
            reply_to=reply_to.address if reply_to is not None else "",
            to=_written_to(mail, envelope),
            subject=mail.subject[:MAX_SUBJECT],
            text=text,
            quoted=_quoted(mail.text, text),
            html=mail.html or None,
            attachments=tuple(
                Attachment(
                    filename=each.filename,
                    content_type=each.content_type,
                    size=each.size,
                    inline=each.inline,
                    cid=each.content_id or None,
                    data=each.content,
                )
                for each in mail.attachments
            ),
            proof=proof,
            reply_tokens=tokens,
            references=_newest_first(mail),
            auto="no" if written else mail.auto,
            report=None if written else self._report(mail, envelope),
            sent_at=mail.date,
            problems=mail.problems,
        )

    async def send(self, message: OutboundMessage, account: Account) -> SendOutcome:
        """One attempt through the relay. `reference` is the Message-ID, the same for each attempt.

        Raises Rejected, Unavailable, Ambiguous.
        """
        if sum(each.size for each in message.attachments) > _LARGE:
            mail = await asyncio.to_thread(compose, message, account, self._replies)
        else:
            mail = compose(message, account, self._replies)
        return await self._relay.send(mail)

    async def find_sent(self, message: OutboundMessage, account: Account) -> SendOutcome | None:
        """Not to be known: SMTP has no question for it."""
        return None

    def _report(self, mail: ParsedMail, envelope: Mapping[str, str]) -> StatusReport | None:
        """What a bounce says about a message of ours.

        Only if it names a Message-ID that we signed: whoever knows one has seen the message. So
        has the customer, who may write of deliveries too; words are believed of mail systems only.
        """
        bounce = mail.bounce
        if mail.auto != "bounce" or bounce is None:
            return None
        if self._replies.message_of(bounce.original_message_id) is None:
            return None
        if not _has_status(mail) and (envelope.get("mail_from") or not is_daemon(mail.from_)):
            return None
        recipient = bounce.recipients[0] if bounce.recipients else None
        action = recipient.action if recipient else ""
        return StatusReport(
            reference=bounce.original_message_id,
            # A bounce of no standard form has no action; it is a failure (RFC 3464 knows delays).
            state=_STATES.get(action, "failed"),
            code=recipient.status if recipient else "",
            reason=masked(recipient.diagnostic) if recipient else "",
        )


def _has_status(mail: ParsedMail) -> bool:
    return any(each.content_type in DELIVERY_STATUS for each in mail.attachments)


def _written_by_a_person(mail: ParsedMail, envelope: Mapping[str, str]) -> bool:
    """Whether what looks like a bounce came from somebody who takes bounces (RFC 5321, 4.5.5).

    A mail system reports with an empty envelope sender, or with one that is not its author.
    """
    back = normal(envelope.get("mail_from", ""))
    return (
        mail.auto == "bounce"
        and is_daemon(mail.from_)
        and not _has_status(mail)
        and back == normal(mail.from_.address)
        and bool(mail.from_.address)
    )


def _reply_to(mail: ParsedMail, account: Account | None) -> Address | None:
    """Where answers are asked to go, if that is neither where the mail is from nor to us."""
    asked = next((e for e in mail.reply_to if "@" in e.address and fits(e.address)), None)
    if asked is None:
        return None
    address = mailbox_of(normal(asked.address))
    if address == normal(mail.from_.address) or (account and address in account.addresses):
        return None
    name = (asked.name or mail.from_.name)[:MAX_NAME]
    return Address(kind="email", address=address, name=name, raw=asked.address)


def _is_form(author: ParsedAddress, account: Account | None) -> bool:
    return (
        account is not None and normal(author.address) in account.options.get("forms", "").split()
    )


def _written_to(mail: ParsedMail, envelope: Mapping[str, str]) -> tuple[str, ...]:
    """Every mailbox it was sent to, Bcc of ours included, ours without their reply tokens."""
    named = [each.address for each in (*mail.to, *mail.cc) if fits(each.address)]
    seen = [*named[:MAX_TO], *_recipients(envelope)]
    return tuple(dict.fromkeys(mailbox_of(normal(address)) for address in seen))


def _recipients(envelope: Mapping[str, str]) -> list[str]:
    listed = orjson.loads(envelope.get("rcpt_to") or "[]")
    return [str(address) for address in listed] if isinstance(listed, list) else []


def _quoted(whole: str, new: str) -> str:
    """What of the text isn't among the new words; all of it where they can't be told apart."""
    if whole.strip() == new.strip():
        return ""
    return whole.removeprefix(new).strip() if whole.startswith(new) else whole.strip()


def _newest_first(mail: ParsedMail) -> tuple[str, ...]:
    """References from the newest, then In-Reply-To (the order in which they tell most)."""
    told = (*reversed(mail.references), *([mail.in_reply_to] if mail.in_reply_to else []))
    return tuple(dict.fromkeys(told))


def _addressed(mail: ParsedMail, envelope: Mapping[str, str]) -> Iterable[str]:
    """Everywhere a reply address of ours may stand, the envelope first: it can't be rewritten."""
    yield from _recipients(envelope)
    for each in (*mail.to, *mail.cc):
        yield each.address
    yield from mail.delivered_to
    yield from mail.envelope_to

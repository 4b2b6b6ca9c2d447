"""What the people of the customer's page write and are written to.

Sends in their name through the stand-ins, to the hub's own ports, takes in what the hub sends back,
and keeps both among their belongings. Must not know HTTP, nor the log.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import parseaddr
from typing import Protocol

from triggerhub.demo.belongings import Belongings, Mail, Persona, Text, iso
from triggerhub.demo.carrier_hook import HookResult
from triggerhub.demo.carrier_message import CarrierMessage
from triggerhub.demo.mailbox import Signed
from triggerhub.demo.mailbox_mail import ReceivedMail, SentMail
from triggerhub.demo.scenario import Letter
from triggerhub.domain.errors import Unavailable

MAX_SUBJECT = 200
MAX_MAIL = 20_000
_REFERENCES = 20


class Phone(Protocol):
    """The carrier, as somebody with a phone uses it (`carrier.Carrier`)."""

    async def customer_sends(self, sender: str, to: str, body: str) -> HookResult:
        """Raises LookupError where nobody has the number `to`."""
        ...


class Post(Protocol):
    """The mail stand-in, as somebody with a mailbox uses it (`mailbox.Mailbox`)."""

    async def customer_mails(
        self,
        sender: str,
        to: str,
        subject: str,
        text: str,
        *,
        name: str = "",
        in_reply_to: str | None = None,
        references: Sequence[str] = (),
        signed: Signed = "none",
    ) -> SentMail: ...


class Correspondence:
    """Of people and others alike: what is of nobody here is sent all the same, and not kept."""

    def __init__(
        self, belongings: Belongings, *, phone: Phone, post: Post, now: Callable[[], datetime]
    ) -> None:
        self._belongings = belongings
        self._phone = phone
        self._post = post
        self._now = now

    # --- what the hub sends back ----------------------------------------------------------------

    async def on_message(self, message: CarrierMessage) -> None:
        """A message of the hub's has reached a phone (`Carrier.on_message`)."""
        self._keep_text(
            self._belongings.by_phone(message.to),
            Text(
                id=message.sid,
                channel="whatsapp" if message.whatsapp else "sms",
                mine=False,
                text=message.body,
                at=iso(self._now()),
                state="received",
            ),
        )

    async def on_mail(self, mail: ReceivedMail) -> None:
        """A mail of the hub's has reached the mail stand-in (`Mailbox.on_mail`)."""
        for address in mail.rcpt_tos:
            self._keep_mail(self._belongings.by_mailbox(address), _incoming(mail, address))

    # --- sending --------------------------------------------------------------------------------

    async def send_text(self, sender: str, to: str, body: str) -> None:
        person = self._belongings.by_phone(sender)
        text = Text(
            id=secrets.token_hex(8),
            channel="whatsapp" if sender.startswith("whatsapp:") else "sms",
            mine=True,
            text=body,
            at=iso(self._now()),
            state="sending",
        )
        self._keep_text(person, text)
        try:
            result = await self._phone.customer_sends(sender, to, body)
        except LookupError as exc:
            self._keep_text(person, replace(text, state="refused"))
            raise Unavailable("nobody has that number yet") from exc
        self._keep_text(person, replace(text, state="delivered" if result.ok else "refused"))
        if not result.ok:
            raise Unavailable(f"the hub answered {result.status}")

    async def send_letter(self, letter: Letter, answered: Mail | None = None) -> None:
        person = self._belongings.by_mailbox(letter.sender)
        kept = Mail(
            id=secrets.token_hex(8),
            mine=True,
            sender=letter.sender,
            sender_name=letter.sender_name,
            to=letter.to,
            reply_to=letter.to,
            subject=letter.subject,
            text=letter.text,
            at=iso(self._now()),
            proven=letter.proven,
            state="sending",
        )
        self._keep_mail(person, kept)
        sent = await self._post.customer_mails(
            letter.sender,
            letter.to,
            letter.subject,
            letter.text if answered is None else _quoting(letter.text, answered),
            name=letter.sender_name,
            in_reply_to=None if answered is None else answered.id,
            references=() if answered is None else (*answered.references, answered.id),
            signed="proven" if letter.proven else "forged",
        )
        self._keep_mail(person, replace(kept, state="delivered" if sent.ok else "refused"))
        if not sent.ok:
            raise Unavailable(f"the hub answered {sent.code} {sent.answer}"[:200])

    def _keep_text(self, person: Persona | None, text: Text) -> None:
        if person is not None:
            self._belongings.put_text(person.key, text)

    def _keep_mail(self, person: Persona | None, mail: Mail) -> None:
        if person is not None:
            self._belongings.put_mail(person.key, mail)


def _incoming(mail: ReceivedMail, address: str) -> Mail:
    name, sender = parseaddr(mail.header("From"))
    return Mail(
        id=mail.message_id,
        mine=False,
        sender=sender,
        sender_name=name or sender,
        to=address.lower(),
        reply_to=mail.answer_to,
        subject=mail.subject[:MAX_SUBJECT],
        text=mail.text.strip()[:MAX_MAIL],
        at=iso(mail.received_at),
        references=tuple(mail.header("References").split()[-_REFERENCES:]),
    )


def _quoting(text: str, answered: Mail) -> str:
    """The answer above what it answers, as mail programs write it."""
    quoted = "\n".join(f"> {line}".rstrip() for line in answered.text.splitlines())
    head = f"On {answered.at[:10]} at {answered.at[11:16]}, {answered.sender_name} wrote:"
    return f"{text}\n\n{head}\n{quoted}\n"

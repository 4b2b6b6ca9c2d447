"""What was handed to the hub and what it said to it, to be compared with its log afterwards.

Owns the customers' side of the mixed load: signed webhooks, status callbacks, mails small and
large, and each of them again. Must not know the hub beyond its ports.
"""

from __future__ import annotations

import asyncio
import base64
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count
from urllib.parse import urlencode

import aiosmtplib
from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.acceptance.hub_process import ACCOUNT_SID, AUTH_TOKEN, MAILBOX, NUMBER
from triggerhub.demo.carrier_hook import signature
from triggerhub.demo.carrier_message import CarrierMessage, Step, inbound_form, status_form

LARGE = 70_000  # bytes of an attachment: the mail is then above 64 KiB, kept as a file
PHONES = 30
WRITERS = 10
LATER = (421, 451, 503)


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One thing that a provider hands over, and again until the hub says yes."""

    kind: str  # sms, status, mail
    raw: bytes = field(repr=False)
    sender: str = ""
    signature: str = ""
    tries: int = 0
    yes: int = 0


@dataclass(slots=True, kw_only=True)
class Ledger:
    http_port: int
    smtp_port: int
    public_url: str
    rng: random.Random
    deliveries: list[Delivery] = field(default_factory=list)
    refusals: list[tuple[Delivery, int, str]] = field(default_factory=list)
    _again: list[Delivery] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    # --- what is sent ---------------------------------------------------------------------------

    def text(self, words: str = "Where is my parcel? 包裹在哪里") -> Delivery:
        number = next(self._numbers)
        phone = f"+1555010{self.rng.randrange(PHONES):04d}"
        message = _message(phone, NUMBER, f"Text {number}: {words}")
        return self._signed("sms", inbound_form(message, ()))

    def report(self) -> Delivery:
        """On a message that the hub never sent: it is kept all the same."""
        word = self.rng.choice(["sent", "delivered", "failed"])
        form = status_form(_message(NUMBER, "+15550109999", ""), Step(status=word))
        return self._signed("status", form)

    def mail(self, words: str = "Where is my order?", *, large: bool | None = None) -> Delivery:
        number = next(self._numbers)
        sender = f"writer{self.rng.randrange(WRITERS)}@customer.example"
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = sender, MAILBOX, f"Order {number}"
        mail["Message-ID"] = f"<{secrets.token_hex(8)}@customer.example>"
        mail.set_content(f"{words} ({number})\n")
        if large or (large is None and self.rng.random() < 0.3):
            mail.add_attachment(
                self.rng.randbytes(LARGE), maintype="application", subtype="octet-stream"
            )
        return self._kept(Delivery(kind="mail", raw=mail.as_bytes(), sender=sender))

    def broken(self) -> Delivery:
        """No mail at all: it is kept, and a person is told."""
        raw = b"\x00\xff" + base64.b85encode(self.rng.randbytes(600)) + b"\r\n"
        return self._kept(Delivery(kind="mail", raw=raw, sender="scan@customer.example"))

    def _signed(self, kind: str, form: list[tuple[str, str]]) -> Delivery:
        path = "sms" if kind == "sms" else "status"
        sign = signature(AUTH_TOKEN, f"{self.public_url}/hooks/twilio/{path}", form)
        return self._kept(Delivery(kind=kind, raw=urlencode(form).encode(), signature=sign))

    def _kept(self, delivery: Delivery) -> Delivery:
        self.deliveries.append(delivery)
        return delivery

    # --- how it is sent -------------------------------------------------------------------------

    async def load(self, texts: int, reports: int, mails: int) -> None:
        """So many of each, mixed, with repetitions; ends early where the hub is gone."""
        again, self._again = self._again, []
        made = [self.text() for _ in range(texts)] + [self.report() for _ in range(reports)]
        made += [self.mail() for _ in range(mails)] + [self.broken()]
        self.rng.shuffle(made)
        webhooks = [d for d in (*again, *made) if d.kind != "mail"]
        mailings = [d for d in (*again, *made) if d.kind == "mail"]
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(self._post_all(webhooks[number::3]))
            for number in range(2):
                group.create_task(self._mail_all(mailings[number::2]))

    async def hand_over(self, delivery: Delivery) -> bool:
        """One of them, once; whether there was an answer."""
        if delivery.kind == "mail":
            return await self._mail(delivery)
        async with ClientSession(f"http://127.0.0.1:{self.http_port}") as session:
            return await self._post(session, delivery)

    async def finish(self) -> None:
        """Whatever got no yes is handed over once more, as a provider does."""
        while self._again:
            await self.load(1, 1, 1)

    async def _post_all(self, deliveries: list[Delivery]) -> None:
        base = f"http://127.0.0.1:{self.http_port}"
        async with ClientSession(base, timeout=ClientTimeout(total=30)) as session:
            for number, delivery in enumerate(deliveries):
                times = 2 if self.rng.random() < 0.2 else 1
                for _ in range(times):
                    if not await self._post(session, delivery):
                        self._again += deliveries[number:]
                        return

    async def _post(self, session: ClientSession, delivery: Delivery) -> bool:
        path = "/hooks/twilio/sms" if delivery.kind == "sms" else "/hooks/twilio/status"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": delivery.signature,
        }
        delivery.tries += 1
        try:
            async with session.post(path, data=delivery.raw, headers=headers) as answer:
                # The yes is the status line: what comes after it may be lost.
                return self._judge(delivery, answer.status)
        except (ClientError, ConnectionError):
            return False

    async def _mail_all(self, deliveries: list[Delivery]) -> None:
        for number, delivery in enumerate(deliveries):
            times = 2 if self.rng.random() < 0.2 else 1
            for _ in range(times):
                if not await self._mail(delivery):
                    self._again += deliveries[number:]
                    return

    async def _mail(self, delivery: Delivery) -> bool:
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1",
            port=self.smtp_port,
            local_hostname="customer.example",
            start_tls=False,
            timeout=30,
        )
        delivery.tries += 1
        said = 0
        try:
            await client.connect()
            await client.ehlo()
            await client.mail(delivery.sender)
            await client.rcpt(MAILBOX)
            said = (await client.data(delivery.raw)).code
            self._judge(delivery, said)
            await client.quit()
        except aiosmtplib.SMTPResponseException as error:
            if error.code > 0:
                self._judge(delivery, error.code)
            return False
        except (aiosmtplib.SMTPException, OSError):
            return said != 0
        finally:
            client.close()
        return True

    def _judge(self, delivery: Delivery, code: int) -> bool:
        """False: it is to be handed over again, as the hub's door says when its core is gone."""
        if 200 <= code < 300:
            delivery.yes += 1
        elif code in LATER:
            return False
        else:
            self.refusals.append((delivery, code, ""))
        return True


def _message(sender: str, to: str, body: str) -> CarrierMessage:
    return CarrierMessage(
        sid="SM" + secrets.token_hex(16),
        account_sid=ACCOUNT_SID,
        direction="inbound",
        sender=sender,
        to=to,
        body=body,
        service_sid=None,
        media_urls=(),
        segments=1,
        created_at=datetime.now(UTC),
        status="received",
    )

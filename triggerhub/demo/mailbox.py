"""A local mail relay with the customers' mailboxes behind it.

Owns a real SMTP server on a loopback port that takes the hub's mail and objects to what a strict
relay would object to, and a real SMTP client with which customers write to the hub. Used by the
demo page and by tests alike. Must not know the hub beyond its SMTP port.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, Self

import aiosmtplib

from triggerhub.demo.mailbox_key import PublishedKey, SigningKey
from triggerhub.demo.mailbox_mail import (
    KEPT,
    File,
    ReceivedMail,
    SentMail,
    bounce,
    compose,
    keep,
    quote,
)
from triggerhub.demo.mailbox_relay import Drop, Refused, Relay, Stage

MAX_BYTES = 30 * 1024 * 1024

Signed = Literal["none", "proven", "forged"]


class Mailbox:
    """``async with Mailbox(hub_port=8025) as mailbox: mailbox.relay_url …``

    ``source``: the loopback address from which customers' mail comes. ``login``: user and
    password that the hub must give. ``unknown``: recipients refused at RCPT.
    ``bounces``: recipients whose mail is taken and returned later, with the status of the report
    ("5.1.1"). ``on_mail`` is called with every mail that was taken.
    ``kept``: how many of the newest mails each way are remembered.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        hub_host: str = "127.0.0.1",
        hub_port: int = 0,
        source: str | None = None,
        login: tuple[str, str] | None = None,
        unknown: Sequence[str] = (),
        bounces: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_mail: Callable[[ReceivedMail], Awaitable[None]] | None = None,
        kept: int = KEPT,
    ) -> None:
        self.mails: deque[ReceivedMail] = deque(maxlen=kept)
        self.sent: deque[SentMail] = deque(maxlen=kept)
        self.unknown: set[str] = {address.lower() for address in unknown}
        self.bounces: dict[str, str] = dict(bounces or {})
        self.on_mail = on_mail
        self.hub_host, self.hub_port, self._source = hub_host, hub_port, source
        self.now = now
        self._host, self._port = host, port
        self._login = login
        self._key, self._strangers_key = SigningKey(), SigningKey()
        self._relay = Relay(
            login=login,
            unknown=self.unknown,
            max_bytes=max_bytes,
            now=now,
            taken=self._keep,
            kept=kept,
        )
        self._tasks: set[asyncio.Task[None]] = set()

    # --- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listens; with port 0 the system chooses, see ``relay_url``."""
        self._port = await self._relay.start(self._host, self._port)

    async def stop(self) -> None:
        """Hangs up on everybody."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._relay.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        return self._port

    @property
    def relay_url(self) -> str:
        """To be given to the hub as ``TRIGGERHUB_RELAY_URL``."""
        user = f"{self._login[0]}:{self._login[1]}@" if self._login else ""
        return f"smtp://{user}{self._host}:{self._port}"

    @property
    def refused(self) -> deque[Refused]:
        """What the relay objected to, and why."""
        return self._relay.refused

    async def settled(self) -> None:
        """Returns when every bounce that is due has been sent."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    # --- what tests and the demo page do ------------------------------------------------------

    def inbox(self, address: str) -> list[ReceivedMail]:
        """What one customer has received, oldest first."""
        wanted = address.lower()
        return [mail for mail in self.mails if wanted in (rcpt.lower() for rcpt in mail.rcpt_tos)]

    def fail_next(
        self, code: int, text: str = "try again later", *, at: Stage = "DATA", times: int = 1
    ) -> None:
        """The next ``times`` commands of this kind are answered with this code (4xx, 5xx)."""
        self._relay.fail_next(code, text, at=at, times=times)

    def drop_next(self, when: Drop, *, times: int = 1) -> None:
        """The next connections are lost: at once, before DATA, or after the mail was taken."""
        self._relay.drop_next(when, times=times)

    def published_key(self) -> PublishedKey:
        """The demo's DNS: publishes the key under which "proven" mail is signed. Blocks a while."""
        return self._key.published

    def dns_txt(self, name: str) -> bytes | None:
        return self._key.published(name)

    async def customer_mails(
        self,
        sender: str,
        to: str | Sequence[str],
        subject: str,
        text: str,
        *,
        name: str = "",
        html: str | None = None,
        in_reply_to: str | None = None,
        references: Sequence[str] = (),
        attachments: Sequence[File] = (),
        signed: Signed = "none",
    ) -> SentMail:
        """A customer writes to the hub, by SMTP.

        ``signed``: "proven" carries a DKIM signature of the sender's domain that verifies against
        ``dns_txt``; "forged" one that doesn't.
        """
        recipients = (to,) if isinstance(to, str) else tuple(to)
        message = compose(
            sender=sender,
            name=name,
            to=recipients,
            subject=subject,
            text=text,
            html=html,
            in_reply_to=in_reply_to,
            references=references,
            files=attachments,
            at=self.now(),
        )
        raw = message.as_bytes()
        if signed != "none":
            key = self._key if signed == "proven" else self._strangers_key
            raw = await asyncio.to_thread(key.sign, raw, sender.rpartition("@")[2])
        return await self.send_raw(raw, sender, recipients, message_id=message["Message-ID"])

    async def customer_replies(
        self,
        mail: ReceivedMail,
        text: str,
        *,
        sender: str | None = None,
        name: str = "",
        signed: Signed = "none",
    ) -> SentMail:
        """A customer answers a mail as their mail program would: threaded, quoting it."""
        parents = mail.header("References").split() or mail.header("In-Reply-To").split()[:1]
        subject = mail.subject
        return await self.customer_mails(
            sender or mail.rcpt_tos[0],
            mail.answer_to,
            subject if subject.lower().startswith("re:") else f"Re: {subject}",
            quote(mail, text),
            name=name,
            in_reply_to=mail.message_id,
            references=(*parents, mail.message_id),
            signed=signed,
        )

    async def send_bounce(
        self,
        mail: ReceivedMail,
        *,
        rcpt: str | None = None,
        action: str = "failed",
        status: str = "5.1.1",
        diagnostic: str = "550 5.1.1 no such mailbox",
    ) -> SentMail:
        """Returns a mail to the address that it was sent from, from nobody (RFC 3464)."""
        raw = bounce(
            mail,
            rcpt or mail.rcpt_tos[0],
            action=action,
            status=status,
            diagnostic=diagnostic,
            at=self.now(),
        )
        return await self.send_raw(raw, "", (mail.mail_from,))

    async def send_raw(
        self, raw: bytes, sender: str, recipients: Sequence[str], *, message_id: str = ""
    ) -> SentMail:
        """Any bytes to the hub's SMTP port. An answer other than 250 is returned, not raised."""
        client = aiosmtplib.SMTP(
            hostname=self.hub_host,
            port=self.hub_port,
            local_hostname="customer.example",
            source_address=(self._source, 0) if self._source else None,
            timeout=30,
            start_tls=False,
        )
        code, answer = 0, ""
        try:
            async with client:
                _, answer = await client.sendmail(sender, list(recipients), raw)
                code = 250
        except aiosmtplib.SMTPRecipientsRefused as exc:
            code, answer = exc.recipients[0].code, exc.recipients[0].message
        except aiosmtplib.SMTPResponseException as exc:
            code, answer = exc.code, exc.message
        except aiosmtplib.SMTPException as exc:
            answer = str(exc)
        mail = SentMail(
            message_id=message_id,
            sender=sender,
            to=tuple(recipients),
            raw=raw,
            code=code,
            answer=answer,
        )
        keep(self.sent, mail)
        return mail

    async def _keep(self, mail: ReceivedMail) -> None:
        keep(self.mails, mail)
        if self.on_mail is not None:
            await self.on_mail(mail)
        for rcpt in mail.rcpt_tos:
            if status := self.bounces.get(rcpt):
                self._spawn(mail, rcpt, status)

    def _spawn(self, mail: ReceivedMail, rcpt: str, status: str) -> None:
        async def run() -> None:
            await self.send_bounce(
                mail, rcpt=rcpt, status=status, diagnostic=f"550 {status} not deliverable"
            )

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

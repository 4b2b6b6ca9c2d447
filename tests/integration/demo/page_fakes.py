"""The page's two ways out, remembered instead of sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

from triggerhub.demo.carrier_hook import HookResult
from triggerhub.demo.carrier_message import CarrierMessage
from triggerhub.demo.mailbox import Signed
from triggerhub.demo.mailbox_mail import ReceivedMail, SentMail


@dataclass
class FakePhone:
    """A carrier: `status` is what the hub answers, `known` whether anybody has the number."""

    status: int = 200
    known: bool = True
    sent: list[tuple[str, str, str]] = field(default_factory=list)

    async def customer_sends(self, sender: str, to: str, body: str) -> HookResult:
        if not self.known:
            raise LookupError(to)
        self.sent.append((sender, to, body))
        return HookResult(status=self.status, body="", attempts=1)


@dataclass(frozen=True, kw_only=True)
class Posted:
    sender: str
    to: str
    subject: str
    text: str
    name: str
    in_reply_to: str | None
    references: tuple[str, ...]
    signed: Signed


@dataclass
class FakePost:
    """A mail stand-in: `code` is what the hub answers."""

    code: int = 250
    sent: list[Posted] = field(default_factory=list)

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
    ) -> SentMail:
        self.sent.append(
            Posted(
                sender=sender,
                to=to,
                subject=subject,
                text=text,
                name=name,
                in_reply_to=in_reply_to,
                references=tuple(references),
                signed=signed,
            )
        )
        return SentMail(
            message_id="<1@customer.example>",
            sender=sender,
            to=(to,),
            raw=b"",
            code=self.code,
            answer="",
        )


def phone_message(to: str, body: str, sid: str = "SM1") -> CarrierMessage:
    """A message of the hub's, as the carrier shows it."""
    return CarrierMessage(
        sid=sid,
        account_sid="AC1",
        direction="outbound-api",
        sender="+442079460100",
        to=to,
        body=body,
        service_sid=None,
        media_urls=(),
        segments=1,
        created_at=datetime(2026, 11, 20, 14, 0, tzinfo=UTC),
        status="sent",
    )


def hub_mail(to: str, subject: str, text: str, number: int = 1) -> ReceivedMail:
    """A mail of the hub's, as its relay took it."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Kestrel Coffee <support@demo.example>"
    mail["Reply-To"] = "support+token@demo.example"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = f"<ours-{number}@demo.example>"
    mail["References"] = "<first@customer.example>"
    mail.set_content(text)
    return ReceivedMail(
        mail_from="support@demo.example",
        rcpt_tos=(to,),
        raw=mail.as_bytes(),
        received_at=datetime(2026, 11, 20, 14, 10, tzinfo=UTC),
    )

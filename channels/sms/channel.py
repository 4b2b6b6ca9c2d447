"""The SMS adapter as the rest of the house sees it (``triggerhub.domain.ports.Channel``).

Owns the step from Twilio's words to the house's own. Must not know storage or
routing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from channels.sms import parse, status
from channels.sms.parse import InboundSms, MediaRef, SmsAddress
from channels.sms.send import UNSUBSCRIBED, Sender
from channels.sms.transport import Transport
from triggerhub.domain.model.message import (
    Account,
    Address,
    Attachment,
    InboundMessage,
    OutboundMessage,
    SendOutcome,
    StatusReport,
)

_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "audio/ogg": "ogg",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "video/mp4": "mp4",
    "video/3gpp": "3gp",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "application/pdf": "pdf",
}
_CONSENT: dict[str, Literal["stop", "start"]] = {"STOP": "stop", "START": "start"}
_STOP = ("STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT", "REVOKE",
         "退订", "退訂", "取消订阅", "取消訂閱")  # fmt: skip
_START = ("START", "UNSTOP", "订阅", "訂閱", "恢复订阅", "恢復訂閱")
_WORDS: dict[str, Literal["stop", "start"]] = {
    **dict.fromkeys(_STOP, "stop"),
    **dict.fromkeys(_START, "start"),
}
_ENDS = " \t\r\n.!。！"


class SmsChannel:
    """``name`` is "sms", or "whatsapp" for a second instance that serves such accounts."""

    inline = True

    def __init__(self, transport: Transport, *, public_url: str, name: str = "sms") -> None:
        self._name = name
        self._sender = Sender(transport, public_url=public_url)

    @property
    def name(self) -> str:
        return self._name

    def read(
        self, raw: bytes, account: Account | None, envelope: Mapping[str, str]
    ) -> InboundMessage:
        """The message in a webhook's body. Raises ``Rejected`` for what can't be read.

        Its sender is proven: only what was signed under the account's token is ever accepted.
        """
        del account, envelope
        return to_inbound(parse.parse(raw))

    async def parse(
        self, raw: bytes, account: Account | None, envelope: Mapping[str, str]
    ) -> InboundMessage:
        """The same; a form needs no guard."""
        return self.read(raw, account, envelope)

    def read_status(self, raw: bytes, envelope: Mapping[str, str]) -> StatusReport:
        """A status callback. Raises ``Rejected``.

        ``reference`` is Twilio's id of the message; ours is ``message_id`` in the envelope, which
        also holds where the report overtakes the answer to the request that sent the message.
        """
        del envelope
        report = status.parse(raw)
        code = "" if report.error_code is None else f"twilio.{report.error_code}"
        return StatusReport(
            reference=report.message_sid,
            state=report.state,
            code=code,
            reason=f"the carrier reports {report.word!r}" if report.state == "failed" else "",
            opted_out=report.error_code == UNSUBSCRIBED,
        )

    async def send(self, message: OutboundMessage, account: Account) -> SendOutcome:
        """One attempt, see ``Sender.send``."""
        return await self._sender.send(message, account)

    async def find_sent(self, message: OutboundMessage, account: Account) -> SendOutcome | None:
        """Asks the carrier about an attempt of unknown end, see ``Sender.find_sent``."""
        return await self._sender.find_sent(message, account)

    async def check(self, account: Account) -> None:
        """Whether the account's credentials hold. Raises ``Rejected`` or ``Unavailable``."""
        await self._sender.check(account)


def to_inbound(sms: InboundSms) -> InboundMessage:
    """The house's form of an incoming message."""
    problems = []
    if sms.opt_out is not None:
        problems.append(f"opt_out:{sms.opt_out.lower()}")
    if sms.sender.kind != "number":
        problems.append("sender_cannot_be_answered")
    text = sms.text
    if sms.location is not None:
        place = f"{sms.location.label} ({sms.location.latitude}, {sms.location.longitude})"
        text = f"{text}\n📍 {place.strip()}".strip()
    return InboundMessage(
        key=sms.message_sid,
        external_id=sms.message_sid,
        sender=sender_of(sms.sender, sms.profile_name),
        to=(sms.recipient.value,),
        text=text,
        attachments=tuple(_attachment(ref, i) for i, ref in enumerate(sms.media, start=1)),
        proof="signature",
        consent=_consent(sms),
        references=(sms.replied_to_sid,) if sms.replied_to_sid else (),
        problems=tuple(problems),
    )


def _consent(sms: InboundSms) -> Literal["", "stop", "start"]:
    """What the carrier says that it took the message for, else a word that stands alone.

    It says so (OptOutType) for senders of a Messaging Service with Advanced Opt-Out, those of
    WhatsApp among them. Without that it obeys English words by SMS and says nothing, and by
    WhatsApp does neither, so that nobody but us would hold to them. Words that may be an answer to
    something else (END, CANCEL, QUIT, 取消) are left to its refusal. YES is a word of SMS alone,
    where a wrong guess would only be refused again.
    """
    if sms.opt_out is not None:
        return _CONSENT.get(sms.opt_out, "")
    word = sms.text.strip(_ENDS).upper()
    if word == "YES" and sms.network == "sms":
        return "start"
    return _WORDS.get(word, "")


def sender_of(address: SmsAddress, name: str = "") -> Address:
    """Who wrote, as the house knows senders: one number is one, whichever network it is on."""
    return Address(kind="phone", address=address.value, name=name, raw=address.wire)


def _attachment(ref: MediaRef, number: int) -> Attachment:
    extension = _EXTENSIONS.get(ref.content_type, "bin")
    return Attachment(
        filename=f"media-{number}.{extension}",
        content_type=ref.content_type,
        size=0,
        url=ref.url,
    )

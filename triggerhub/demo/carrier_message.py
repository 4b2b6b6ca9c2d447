"""One message as the carrier keeps it: its resource in the API, its form in a webhook, its fate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

API_VERSION = "2010-04-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that a customer sent along."""

    content_type: str
    data: bytes = field(repr=False)
    redirect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One status that a message takes, ``after`` seconds after the step before.

    ``times`` posts the callback more than once; ``told`` False changes the status in silence.
    """

    status: str
    after: float = 0.0
    error_code: int | None = None
    times: int = 1
    told: bool = True


DELIVERED = (Step(status="sent"), Step(status="delivered"))
READ = (*DELIVERED, Step(status="read"))
UNDELIVERED = (Step(status="sent"), Step(status="undelivered", error_code=30003))


@dataclass(slots=True, kw_only=True)
class CarrierMessage:
    """A message in the carrier's books; ``status`` moves on, hence not frozen.

    ``direction`` is "outbound-api" (the hub sent it) or "inbound" (a customer did). ``statuses`` is
    every status it has had, in order.
    """

    sid: str
    account_sid: str
    direction: str
    sender: str
    to: str
    body: str
    service_sid: str | None
    media_urls: tuple[str, ...]
    segments: int
    created_at: datetime
    status: str
    status_callback: str | None = None
    sent_at: datetime | None = None
    updated_at: datetime | None = None
    error_code: int | None = None
    statuses: list[str] = field(default_factory=list)

    @property
    def whatsapp(self) -> bool:
        return self.to.startswith("whatsapp:")

    def move(self, status: str, now: datetime, error_code: int | None = None) -> None:
        """Takes the next status."""
        self.status = status
        self.statuses.append(status)
        self.updated_at = now
        self.error_code = error_code
        if self.sent_at is None and status in {"sent", "delivered", "read", "undelivered"}:
            self.sent_at = now

    def resource(self) -> dict[str, object]:
        """The ``Message`` resource of the API, every property present."""
        uri = f"/{API_VERSION}/Accounts/{self.account_sid}/Messages/{self.sid}"
        return {
            "account_sid": self.account_sid,
            "api_version": API_VERSION,
            "body": self.body,
            "date_created": _date(self.created_at),
            "date_sent": _date(self.sent_at),
            "date_updated": _date(self.updated_at or self.created_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": self.service_sid,
            "num_media": str(len(self.media_urls)),
            "num_segments": str(self.segments),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }


def inbound_form(message: CarrierMessage, media: Sequence[Media]) -> list[tuple[str, str]]:
    """Every parameter that the webhook for an incoming message carries, in no meaningful order."""
    sid, sender = message.sid, message.sender
    form = [
        ("SmsMessageSid", sid),
        ("NumMedia", str(len(media))),
        ("SmsSid", sid),
        ("SmsStatus", "received"),
        ("Body", message.body),
        ("To", message.to),
        ("NumSegments", str(message.segments)),
        ("MessageSid", sid),
        ("AccountSid", message.account_sid),
        ("From", sender),
        ("ApiVersion", API_VERSION),
    ]
    if message.whatsapp:
        number = sender.removeprefix("whatsapp:+")
        form += [
            ("ProfileName", f"Demo {number[-4:]}"),
            ("WaId", number),
            ("MessageType", "image" if media else "text"),
            ("ReferralNumMedia", "0"),
            ("ChannelMetadata", '{"type":"whatsapp","data":{}}'),
        ]
    else:
        form += [
            (end + part, "")
            for end in ("From", "To")
            for part in ("City", "State", "Zip", "Country")
        ]
    for index, (item, url) in enumerate(zip(media, message.media_urls, strict=True)):
        form += [(f"MediaContentType{index}", item.content_type), (f"MediaUrl{index}", url)]
    return form


def status_form(message: CarrierMessage, step: Step) -> list[tuple[str, str]]:
    """The parameters of a status callback."""
    form = [
        ("SmsSid", message.sid),
        ("SmsStatus", step.status),
        ("MessageStatus", step.status),
        ("To", message.to),
        ("MessageSid", message.sid),
        ("AccountSid", message.account_sid),
        ("From", message.sender),
        ("ApiVersion", API_VERSION),
    ]
    if message.service_sid:
        form.append(("MessagingServiceSid", message.service_sid))
    if step.error_code is not None:
        form.append(("ErrorCode", str(step.error_code)))
    if message.whatsapp:
        form += [("ChannelPrefix", "whatsapp"), ("ChannelToAddress", message.to)]
    return form


def _date(at: datetime | None) -> str | None:
    return None if at is None else format_datetime(at)

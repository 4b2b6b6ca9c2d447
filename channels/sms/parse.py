"""What an incoming SMS, MMS or WhatsApp webhook says. Pure: bytes in, a fact out.

Owns the meaning of Twilio's message form; must not know signatures, accounts or storage. Only known
names are read (Twilio adds parameters without notice, and its signature lets a name and its value
trade characters).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from channels.sms import form
from triggerhub.domain.errors import Invalid

Network = Literal["sms", "whatsapp"]
OptOut = Literal["STOP", "START", "HELP"]

MAX_MEDIA = 10
MAX_BODY_CHARACTERS = 10_000
MAX_ADDRESS_CHARACTERS = 64
MAX_URL_CHARACTERS = 2_048

_MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9a-fA-F]{32}\Z")
_ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}\Z")
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}\Z")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_SHORT_CODE = re.compile(r"[0-9]{3,8}\Z")
# An alphanumeric sender may write to us but can't be answered.
_SENDER_NAME = re.compile(r"[A-Za-z0-9 &+_-]{1,15}\Z")
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?\Z")
_CONTENT_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+\Z")

_WHATSAPP = "whatsapp:"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsAddress:
    """One end of a message. ``value`` is E.164 where ``kind`` is "number"."""

    network: Network
    kind: Literal["number", "short_code", "name"]
    value: str

    @property
    def wire(self) -> str:
        """As Twilio spells it."""
        return f"{_WHATSAPP}{self.value}" if self.network == "whatsapp" else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRef:
    """A picture or other file that came along; to be fetched with the account's credentials."""

    url: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place that a WhatsApp user shared, in degrees as the carrier wrote them."""

    latitude: str
    longitude: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSms:
    """One message from a customer, as the carrier reports it."""

    message_sid: str
    account_sid: str
    messaging_service_sid: str | None
    network: Network
    sender: SmsAddress
    recipient: SmsAddress
    text: str
    media: tuple[MediaRef, ...]
    segments: int
    opt_out: OptOut | None
    profile_name: str
    replied_to_sid: str | None
    location: Location | None


def parse(form_bytes: bytes) -> InboundSms:
    """Reads one webhook body. Raises ``Invalid`` (a ``Rejected``) with what is wrong with it."""
    return read(form.decode(form_bytes))


def read(fields: form.Fields) -> InboundSms:
    """The same from decoded fields."""
    known = _known(fields)
    message_sid = _sid(known, _MESSAGE_SID, "MessageSid", "SmsMessageSid", "SmsSid")
    account_sid = _sid(known, _ACCOUNT_SID, "AccountSid")
    service_sid = known.get("MessagingServiceSid") or None
    if service_sid is not None and not _SERVICE_SID.match(service_sid):
        raise Invalid("MessagingServiceSid is not MG and 32 hex digits")
    sender = _address(known, "From")
    recipient = _address(known, "To")
    if sender.network != recipient.network:
        raise Invalid(f"From is on {sender.network}, To is on {recipient.network}")
    text = known.get("Body", "")
    if len(text) > MAX_BODY_CHARACTERS:
        raise Invalid(f"Body of {len(text)} characters; at most {MAX_BODY_CHARACTERS}")
    replied = known.get("OriginalRepliedMessageSid", "")
    return InboundSms(
        message_sid=message_sid,
        account_sid=account_sid,
        messaging_service_sid=service_sid,
        network=sender.network,
        sender=sender,
        recipient=recipient,
        text=text,
        media=_media(known, fields),
        segments=_count(known, "NumSegments", default=1, most=1_000),
        opt_out=_opt_out(known),
        profile_name=known.get("ProfileName", "")[:200],
        replied_to_sid=replied if _MESSAGE_SID.match(replied) else None,
        location=_location(known),
    )


_NAMES = (
    "From",
    "To",
    "MessageSid",
    "SmsMessageSid",
    "SmsSid",
    "AccountSid",
    "MessagingServiceSid",
    "Body",
    "NumMedia",
    "NumSegments",
    "OptOutType",
    "ProfileName",
    "OriginalRepliedMessageSid",
    "Latitude",
    "Longitude",
    "Label",
    "Address",
)
_KNOWN = {name.encode(): name for name in _NAMES}


def _known(fields: form.Fields) -> dict[str, str]:
    known: dict[str, str] = {}
    for raw_name, raw_value in fields:
        name = _KNOWN.get(raw_name)
        if name is None:
            continue
        value = _text(name, raw_value)
        if known.setdefault(name, value) != value:
            raise Invalid(f"{name} is given twice with different values")
    return known


def _text(name: str, value: bytes) -> str:
    try:
        # No database keeps a NUL in a text, and no telephone shows one.
        return value.decode("utf-8").replace("\0", "")
    except UnicodeDecodeError as exc:
        raise Invalid(f"{name} is not UTF-8 (byte {exc.start})") from exc


def _sid(known: dict[str, str], pattern: re.Pattern[str], *names: str) -> str:
    for name in names:
        value = known.get(name, "")
        if value:
            if not pattern.match(value):
                raise Invalid(f"{name} has the wrong form")
            return value
    raise Invalid(f"{names[0]} is missing")


def _address(known: dict[str, str], name: str) -> SmsAddress:
    raw = known.get(name, "")
    if not raw:
        raise Invalid(f"{name} is missing")
    if len(raw) > MAX_ADDRESS_CHARACTERS:
        raise Invalid(f"{name} is longer than {MAX_ADDRESS_CHARACTERS} characters")
    address = address_of(raw)
    if address is None:
        raise Invalid(f"{name} is neither a number in E.164, a short code nor a sender's name")
    return address


def address_of(raw: str) -> SmsAddress | None:
    """Twilio's spelling of an address, or None where it is none: ``+1…``, ``whatsapp:+1…``."""
    network: Network = "sms"
    value = raw
    if raw.startswith(_WHATSAPP):
        network, value = "whatsapp", raw.removeprefix(_WHATSAPP)
    if _E164.match(value):
        return SmsAddress(network=network, kind="number", value=value)
    if network == "sms" and _SHORT_CODE.match(value):
        return SmsAddress(network=network, kind="short_code", value=value)
    if network == "sms" and _SENDER_NAME.match(value) and any(c.isalpha() for c in value):
        return SmsAddress(network=network, kind="name", value=value)
    return None


def _media(known: dict[str, str], fields: form.Fields) -> tuple[MediaRef, ...]:
    count = _count(known, "NumMedia", default=0, most=MAX_MEDIA)
    found = []
    for index in range(count):
        url = _text(f"MediaUrl{index}", form.first(fields, b"MediaUrl%d" % index) or b"")
        if not url:
            raise Invalid(f"NumMedia is {count} but MediaUrl{index} is missing")
        if len(url) > MAX_URL_CHARACTERS or not url.startswith(("https://", "http://")):
            raise Invalid(f"MediaUrl{index} is no web address")
        declared = form.first(fields, b"MediaContentType%d" % index) or b""
        content_type = declared.decode("ascii", "replace").partition(";")[0].strip().lower()
        if not _CONTENT_TYPE.match(content_type):
            content_type = "application/octet-stream"
        found.append(MediaRef(url=url, content_type=content_type))
    return tuple(found)


def _count(known: dict[str, str], name: str, *, default: int, most: int) -> int:
    value = known.get(name, "")
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= 6):
        raise Invalid(f"{name} is no count")
    if int(value) > most:
        raise Invalid(f"{name} is {int(value)}; at most {most}")
    return int(value)


def _opt_out(known: dict[str, str]) -> OptOut | None:
    match known.get("OptOutType", "").upper():
        case "STOP":
            return "STOP"
        case "START":
            return "START"
        case "HELP":
            return "HELP"
        case _:
            return None


def _location(known: dict[str, str]) -> Location | None:
    latitude, longitude = known.get("Latitude", ""), known.get("Longitude", "")
    if not (_DEGREES.match(latitude) and _DEGREES.match(longitude)):
        return None
    label = ", ".join(filter(None, (known.get("Label", ""), known.get("Address", ""))))
    return Location(latitude=latitude, longitude=longitude, label=label[:500])

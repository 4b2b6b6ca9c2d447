"""What the carrier refuses: parameters and formats of a request to send, with Twilio's own codes.

Pure. Owns the rules of ``POST /2010-04-01/Accounts/{Sid}/Messages.json``; must not know the hub, so
that it can catch the hub's mistakes. One thing is stricter than the real carrier: an unknown
parameter is refused instead of ignored, because it is always a mistake of ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

MAX_BODY_CHARACTERS = 1_600
MAX_MEDIA = 10

_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_SHORT_CODE = re.compile(r"[0-9]{3,8}\Z")
_SID = {
    name: re.compile(rf"{prefix}[0-9a-fA-F]{{32}}\Z")
    for name, prefix in (
        ("MessagingServiceSid", "MG"),
        ("ApplicationSid", "AP"),
        ("ContentSid", "HX"),
    )
}
_PARAMETERS = frozenset(
    {
        "To",
        "From",
        "MessagingServiceSid",
        "Body",
        "MediaUrl",
        "StatusCallback",
        "ApplicationSid",
        "MaxPrice",
        "ProvideFeedback",
        "Attempt",
        "ValidityPeriod",
        "ForceDelivery",
        "ContentRetention",
        "AddressRetention",
        "SmartEncoded",
        "PersistentAction",
        "TrafficType",
        "ShortenUrls",
        "ScheduleType",
        "SendAt",
        "SendAsMms",
        "ContentVariables",
        "RiskCheck",
        "FallbackFrom",
        "ContentSid",
    }
)
_ENUMS = {
    "ContentRetention": {"retain", "discard"},
    "AddressRetention": {"retain", "obfuscate"},
    "TrafficType": {"free"},
    "ScheduleType": {"fixed"},
    "RiskCheck": {"enable", "disable"},
}
_BOOLEANS = ("ProvideFeedback", "ForceDelivery", "SmartEncoded", "ShortenUrls", "SendAsMms")
_INTEGERS = ("Attempt", "ValidityPeriod")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierAccount:
    """A customer of the carrier, as the carrier knows it.

    ``services`` maps the SID of a messaging service to the numbers of its sender pool.
    """

    sid: str
    auth_token: str = field(repr=False)
    numbers: tuple[str, ...]
    sms_url: str = ""
    services: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def owns(self, address: str) -> bool:
        return address.removeprefix("whatsapp:") in self.numbers


class Refusal(Exception):
    """An error answer of the REST API."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> dict[str, object]:
        """The JSON document that Twilio sends with every error."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """A request to send that the carrier takes."""

    to: str
    sender: str
    service_sid: str | None
    body: str
    media_urls: tuple[str, ...]
    status_callback: str | None

    @property
    def whatsapp(self) -> bool:
        return self.to.startswith("whatsapp:")


def check(
    form: Sequence[tuple[str, str]],
    account: CarrierAccount,
    *,
    opted_out: Collection[tuple[str, str]] = (),
) -> SendRequest:
    """The request behind a form, or ``Refusal`` with the code of its first fault.

    ``opted_out``: pairs of (customer's address, our address).
    """
    given: dict[str, list[str]] = {}
    for name, value in form:
        if name not in _PARAMETERS:
            raise Refusal(20001, f"Parameter '{name}' is not a parameter of this resource")
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        if len(values) > 1 and name not in {"MediaUrl", "PersistentAction"}:
            raise Refusal(20001, f"Parameter '{name}' is given {len(values)} times")
    one = {name: values[0] for name, values in given.items()}
    _check_formats(one)
    to = _to(one.get("To", ""))
    media = tuple(given.get("MediaUrl", ()))
    sender, service = _sender(one, account, to)
    body = _body(one, media)
    if (to, sender) in opted_out:
        raise Refusal(21610, "Attempt to send to unsubscribed recipient")
    return SendRequest(
        to=to,
        sender=sender,
        service_sid=service,
        body=body,
        media_urls=media,
        status_callback=one.get("StatusCallback"),
    )


def _check_formats(one: Mapping[str, str]) -> None:
    for name, pattern in _SID.items():
        if name in one and not pattern.match(one[name]):
            raise Refusal(20001, f"Parameter '{name}' is not a valid SID")
    for name, allowed in _ENUMS.items():
        if name in one and one[name] not in allowed:
            raise Refusal(20001, f"Parameter '{name}' must be one of {sorted(allowed)}")
    for name in _BOOLEANS:
        if name in one and one[name].lower() not in {"true", "false"}:
            raise Refusal(20001, f"Parameter '{name}' must be true or false")
    for name in _INTEGERS:
        if name in one and not (one[name].isascii() and one[name].isdigit()):
            raise Refusal(20001, f"Parameter '{name}' must be an integer")
    callback = one.get("StatusCallback")
    if callback is not None and not _is_web_address(callback):
        raise Refusal(21609, "The 'StatusCallback' URL is not a valid URL.")


def _to(to: str) -> str:
    if not to:
        raise Refusal(21604, "A 'To' phone number is required.")
    if not _E164.match(to.removeprefix("whatsapp:")):
        raise Refusal(21211, f"The 'To' number {to} is not a valid phone number.")
    return to


def _sender(one: Mapping[str, str], account: CarrierAccount, to: str) -> tuple[str, str | None]:
    sender = one.get("From", "")
    service = one.get("MessagingServiceSid")
    if service is not None:
        pool = account.services.get(service)
        if not pool:
            raise Refusal(21701, f"The Messaging Service {service} does not exist.")
        if not sender:
            prefix = "whatsapp:" if to.startswith("whatsapp:") else ""
            sender = prefix + pool[0]
    if not sender:
        raise Refusal(21603, "A 'From' phone number is required.")
    bare = sender.removeprefix("whatsapp:")
    if not (_E164.match(bare) or _SHORT_CODE.match(bare)):
        raise Refusal(
            21212,
            f"The 'From' number {sender} is not a valid phone number, shortcode, or sender ID.",
        )
    if sender.startswith("whatsapp:") != to.startswith("whatsapp:"):
        raise Refusal(21910, "'From' and 'To' must be on the same channel.")
    if not account.owns(sender):
        if sender.startswith("whatsapp:"):
            raise Refusal(63007, "Could not find a Channel with the specified 'From' address")
        raise Refusal(21606, f"The 'From' number {sender} is not a number of your account.")
    if sender == to:
        raise Refusal(21266, "'To' and 'From' number cannot be the same")
    return sender, service


def _body(one: Mapping[str, str], media: tuple[str, ...]) -> str:
    body = one.get("Body", "")
    if not body and not media and "ContentSid" not in one:
        raise Refusal(21602, "Message body is required.")
    if len(body) > MAX_BODY_CHARACTERS:
        raise Refusal(21617, "The concatenated message body exceeds the 1600 character limit.")
    if len(media) > MAX_MEDIA:
        raise Refusal(21623, f"Number of media files exceeds allowed limit ({MAX_MEDIA})")
    for url in media:
        if not _is_web_address(url):
            raise Refusal(21620, "Invalid media URL(s)")
    return body


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and "_" not in (host or "_")


# GSM 03.38: the basic alphabet, and what costs two places in it.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("^{}\\[~]|€\f")


def segments(body: str) -> int:
    """Into how many SMS a text is cut (GSM 03.38 and 03.40: 160/153 septets or 70/67 UTF-16)."""
    if all(c in _GSM or c in _GSM_EXTENDED for c in body):
        length = sum(2 if c in _GSM_EXTENDED else 1 for c in body)
        single, each = 160, 153
    else:
        length = len(body.encode("utf-16-le", "surrogatepass")) // 2
        single, each = 70, 67
    return 1 if length <= single else -(-length // each)

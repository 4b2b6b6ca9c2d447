"""Sends one message through Twilio's SDK: one attempt, and an honest word about its end.

Owns the translation between an ``OutboundMessage`` and Twilio's REST API, errors included. Must not
know when to try again; the router decides that from what is raised.

The SDK is large (51 MB), so it is imported at the first attempt, in a thread.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast
from urllib.parse import quote

from channels.sms.settings import SmsAccount
from channels.sms.status import state_of
from channels.sms.transport import Transport
from triggerhub.domain.errors import Ambiguous, OptedOut, Rejected, Unavailable
from triggerhub.domain.model.message import Account, OutboundMessage, SendOutcome

MAX_CHARACTERS = 1_600
STATUS_PATH = "/hooks/twilio/status"
STATUS_REFERENCE = "message"
_LOOK_BACK = timedelta(seconds=2)
_LOOK_AT = 200
UNSUBSCRIBED = 21610  # Twilio's code: the recipient has asked for no more messages
_NUMBERS = re.compile(r"\+?\d[\d ().-]{5,}\d")


_Refusals = tuple[type[Exception], ...]


class _Sent(Protocol):
    """What we read of the SDK's ``MessageInstance``."""

    sid: str | None
    status: str | None
    body: str | None
    from_: str | None
    direction: str | None
    messaging_service_sid: str | None
    date_created: datetime | None


class _Messages(Protocol):
    def create_async(self, **values: object) -> Awaitable[_Sent]: ...
    def list_async(self, **values: object) -> Awaitable[Sequence[_Sent]]: ...


class Sender:
    """``status_url``: where the carrier shall report, our public ``/hooks/twilio/status``."""

    def __init__(self, transport: Transport, *, public_url: str) -> None:
        self._transport = transport
        self._status_url = public_url.rstrip("/") + STATUS_PATH

    async def send(self, message: OutboundMessage, account: Account) -> SendOutcome:
        """One attempt.

        Raises ``Rejected`` (for a refusal of Twilio's with the code ``twilio.<number>``),
        ``OptedOut`` where the recipient wants no more, ``Unavailable`` where nothing can have been
        sent, ``Ambiguous`` where it may have been.
        """
        settings = SmsAccount.of(account)
        values = self._values(message, account, settings)
        messages, refusals = await self._messages(settings)
        with _translated(refusals, unreadable=Ambiguous):
            sent = await messages.create_async(**values)
        if not sent.sid:
            raise Ambiguous("the carrier gave no id", code="twilio.unreadable")
        return _outcome(sent)

    async def find_sent(self, message: OutboundMessage, account: Account) -> SendOutcome | None:
        """The message that an attempt of unknown end left with the carrier.

        None where there is none, or where several look alike and it is not to be known. Raises
        ``Unavailable`` and ``Rejected`` as ``send`` does.
        """
        settings = SmsAccount.of(account)
        messages, refusals = await self._messages(settings)
        to = _to(message, account)
        # The list is newest first. It is not filtered by date: DateSent is empty while queued.
        with _translated(refusals, unreadable=Unavailable):
            found = await messages.list_async(to=to, limit=_LOOK_AT, page_size=_LOOK_AT)
        since = message.created_at - _LOOK_BACK
        alike = [
            sent
            for sent in found
            if sent.sid
            and sent.direction == "outbound-api"
            and sent.body == message.text
            and sent.date_created is not None
            and sent.date_created.astimezone(UTC) >= since
            and _is_ours(sent, settings)
        ]
        return _outcome(alike[0]) if len(alike) == 1 else None

    async def check(self, account: Account) -> None:
        """Whether the credentials hold: raises ``Rejected`` or ``Unavailable`` where they don't."""
        settings = SmsAccount.of(account)
        client, refusals = await self._client(settings)
        with _translated(refusals, unreadable=Unavailable):
            await client.api.v2010.accounts(settings.account_sid).fetch_async()

    def _values(
        self, message: OutboundMessage, account: Account, settings: SmsAccount
    ) -> Mapping[str, object]:
        if len(message.text) > MAX_CHARACTERS:
            raise Rejected(
                f"{len(message.text)} characters; an SMS may have {MAX_CHARACTERS}",
                code="too_long",
            )
        if any("\ud800" <= character <= "\udfff" for character in message.text):
            raise Rejected("the text holds half a character", code="not_text")
        media = [a.url for a in message.attachments if a.url]
        if len(media) != len(message.attachments):
            raise Rejected("the carrier fetches attachments by URL", code="attachment_without_url")
        # The status URL names our message, so that a report can be placed that comes before the
        # answer to this request, or when that answer is lost. The signature covers it.
        reference = quote(message.message_id, safe="")
        values: dict[str, object] = {
            "to": _to(message, account),
            "body": message.text,
            "status_callback": f"{self._status_url}?{STATUS_REFERENCE}={reference}",
        }
        if media:
            values["media_url"] = media
        if settings.messaging_service_sid is not None:
            values["messaging_service_sid"] = settings.messaging_service_sid
        else:
            prefix = "whatsapp:" if _is_whatsapp(message, account) else ""
            values["from_"] = prefix + (message.sender or settings.numbers[0])
        return values

    async def _messages(self, settings: SmsAccount) -> tuple[_Messages, _Refusals]:
        client, refusals = await self._client(settings)
        return cast("_Messages", client.messages), refusals

    async def _client(self, settings: SmsAccount) -> tuple[Any, _Refusals]:
        make_client, refusals = await asyncio.to_thread(_load_sdk)
        client = make_client(
            settings.account_sid,
            settings.auth_token.get_secret_value(),
            http_client=self._transport,
            # Empty would mean os.environ, where TWILIO_REGION could send it elsewhere.
            environment={"": ""},
        )
        return client, refusals


def _load_sdk() -> tuple[Callable[..., Any], _Refusals]:
    # Here and not above: see the docstring of the module.
    from twilio.base.exceptions import (
        TwilioRestException,
        TwilioServiceException,
    )
    from twilio.rest import Client

    return Client, (TwilioRestException, TwilioServiceException)


@contextmanager
def _translated(
    refusals: _Refusals, *, unreadable: type[Ambiguous] | type[Unavailable]
) -> Iterator[None]:
    try:
        yield
    except refusals as exc:
        raise _rejected(exc) from exc
    except ValueError as exc:
        raise unreadable("the carrier's answer can't be read", code="twilio.unreadable") from exc


def _is_whatsapp(message: OutboundMessage, account: Account) -> bool:
    return account.channel == "whatsapp" or message.to.raw.startswith("whatsapp:")


def _to(message: OutboundMessage, account: Account) -> str:
    if message.to.kind != "phone" or not message.to.address:
        raise Rejected("an SMS goes to a phone number", code="wrong_address")
    prefix = "whatsapp:" if _is_whatsapp(message, account) else ""
    return prefix + message.to.address


def _is_ours(sent: _Sent, settings: SmsAccount) -> bool:
    if sent.messaging_service_sid and settings.messaging_service_sid:
        return sent.messaging_service_sid == settings.messaging_service_sid
    return settings.owns((sent.from_ or "").removeprefix("whatsapp:"))


def _outcome(sent: _Sent) -> SendOutcome:
    state = state_of(str(sent.status or ""))
    assert sent.sid is not None
    # Once the carrier has taken it, it is sent; what it does with it is told by its reports.
    return SendOutcome(
        reference=sent.sid, state=state if state in {"delivered", "read", "failed"} else "sent"
    )


def _rejected(exc: Exception) -> Rejected:
    number = getattr(exc, "code", None) or getattr(exc, "status", None) or "refused"
    text = getattr(exc, "msg", None) or getattr(exc, "detail", None) or getattr(exc, "title", "")
    # The reason goes into the log, which holds no addresses.
    reason = _NUMBERS.sub("(number)", str(text).removeprefix("Unable to create record: "))
    made = OptedOut if number == UNSUBSCRIBED else Rejected
    return made(reason[:300] or "refused by the carrier", code=f"twilio.{number}")

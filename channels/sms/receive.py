"""Twilio's webhooks: prove who calls, commit the bytes, then say yes.

Owns the HTTP edge of the SMS channel. Must not know what becomes of a message: beyond its id
nothing is read before it is committed.

| refused with | when |
|---|---|
| 400 | the form has no usable id, or too many fields |
| 403 | the signature doesn't hold |
| 404 | no account has this AccountSid and number |
| 408, 413 | the body comes too slowly, or is above 64 KiB |
| 415 | the body is no form |
| 503 | it can't be committed now; with Retry-After |
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterable
from typing import Literal
from urllib.parse import parse_qsl

import structlog
from aiohttp import hdrs, web

from channels.sms import form, status
from channels.sms.send import STATUS_PATH, STATUS_REFERENCE
from channels.sms.signature import SignedUrl, verify_body, verify_form
from triggerhub.domain.errors import Rejected, TooLarge, Unavailable
from triggerhub.domain.model.message import Account, Arrival
from triggerhub.domain.ports import AccountDirectory, Inbox

SMS_PATH = "/hooks/twilio/sms"
CHANNELS = ("sms", "whatsapp")
READ_SECONDS = 10.0
MEDIA_TYPE = "application/x-www-form-urlencoded"

_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
_MESSAGE_SID = re.compile(rb"(?:SM|MM)[0-9a-fA-F]{32}\Z")
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")
_WHATSAPP = "whatsapp:"
_log = structlog.get_logger("channels.sms")

Kind = Literal["message", "status"]


def routes(inbox: Inbox, accounts: AccountDirectory, *, public_url: str) -> list[web.RouteDef]:
    """POST ``/hooks/twilio/sms`` and ``/hooks/twilio/status``.

    ``public_url`` is the hub's address as Twilio was told it; signatures are checked against it.
    Raises ``ValueError`` where it is no absolute http(s) URL.
    """
    base = public_url.rstrip("/")
    messages = _Hook(inbox, accounts, SignedUrl(base + SMS_PATH), kind="message")
    reports = _Hook(inbox, accounts, SignedUrl(base + STATUS_PATH), kind="status")
    return [web.post(SMS_PATH, messages.handle), web.post(STATUS_PATH, reports.handle)]


class _Refused(Exception):
    def __init__(self, status_code: int, reason: str) -> None:
        super().__init__(reason)
        self.status_code = status_code
        self.reason = reason


class _Hook:
    def __init__(
        self, inbox: Inbox, accounts: AccountDirectory, url: SignedUrl, *, kind: Kind
    ) -> None:
        self._inbox, self._accounts, self._url, self._kind = inbox, accounts, url, kind

    async def handle(self, request: web.Request) -> web.Response:
        try:
            arrival = await self._admit(request)
            await self._inbox.accept(arrival)
        except _Refused as refused:
            return self._refuse(refused.status_code, refused.reason)
        except TooLarge as exc:
            return self._refuse(413, str(exc))
        except Rejected as exc:
            return self._refuse(400, str(exc))
        except Unavailable as exc:
            _log.warning("sms.unavailable", kind=self._kind, code=exc.code)
            seconds = max(1, math.ceil(exc.retry_after.total_seconds()))
            return web.Response(status=503, text="try again", headers={"Retry-After": str(seconds)})
        return web.Response(body=_TWIML, content_type="text/xml")

    def _refuse(self, status_code: int, reason: str) -> web.Response:
        _log.warning("sms.refused", kind=self._kind, status=status_code, reason=reason)
        return web.Response(status=status_code, text=reason)

    async def _admit(self, request: web.Request) -> Arrival:
        """The proven arrival behind a request, or ``_Refused``, ``Rejected``."""
        body = await _read(request)
        signature = request.headers.get("X-Twilio-Signature", "")
        query = request.raw_path.partition("?")[2].partition("#")[0]
        if not _is_form(request):
            raise self._other_body(signature, query, body)
        fields = form.decode(body)
        account = self._account(fields)
        if not verify_form(
            signature, urls=self._url.with_query(query), fields=fields, tokens=_tokens(account)
        ):
            raise _Refused(403, "the signature doesn't hold")
        envelope = {"peer": request.remote or ""}
        if token := request.headers.get("I-Twilio-Idempotency-Token", ""):
            envelope["idempotency_token"] = token[:100]
        if self._kind == "message":
            external_id = _message_sid(fields)
            if sender := _text(fields, b"From").removeprefix(_WHATSAPP):
                envelope["from"] = sender[:100]
        else:
            external_id = status.key_of(fields)
            # Named by ourselves when we asked for reports; covered by the signature of the URL.
            reference = dict(parse_qsl(query)).get(STATUS_REFERENCE, "")
            if _REFERENCE.match(reference):
                envelope["message_id"] = reference
        return Arrival(
            channel=account.channel,
            account_id=account.id,
            external_id=external_id,
            raw=body,
            media_type=MEDIA_TYPE,
            kind=self._kind,
            envelope=envelope,
        )

    def _account(self, fields: form.Fields) -> Account:
        sid = _text(fields, b"AccountSid")
        # An outgoing message, on which a status reports, is from our number; others are to it.
        ours = _text(fields, b"To" if self._kind == "message" else b"From")
        number = ours.removeprefix(_WHATSAPP)
        channels = reversed(CHANNELS) if ours.startswith(_WHATSAPP) else CHANNELS
        for channel in channels:
            account = self._accounts.by_address(channel, number) if number else None
            if account is not None and account.options.get("account_sid") == sid:
                return account
        if self._kind == "status":
            # A number that was given up since, or a sender of a messaging service.
            for account in self._twilio_accounts():
                if account.options.get("account_sid") == sid:
                    return account
        raise _Refused(404, "no account has this AccountSid and number")

    def _other_body(self, signature: str, query: str, body: bytes) -> _Refused:
        tokens = [t for account in self._twilio_accounts() for t in _tokens(account)]
        if verify_body(
            signature, urls=self._url.with_query(query), query=query, body=body, tokens=tokens
        ):
            return _Refused(415, f"the body must be {MEDIA_TYPE}")
        return _Refused(403, "the signature doesn't hold, or covers no body")

    def _twilio_accounts(self) -> Iterable[Account]:
        for channel in CHANNELS:
            yield from self._accounts.of_channel(channel)


def _is_form(request: web.Request) -> bool:
    # Reading a media type with its parameters takes longer than proving the signature.
    plain = request.headers.get(hdrs.CONTENT_TYPE) == MEDIA_TYPE
    return plain or request.content_type == MEDIA_TYPE


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > form.MAX_BYTES:
        raise _Refused(413, f"at most {form.MAX_BYTES} bytes are read")
    if request.content.is_eof():
        # The usual case: a webhook is one packet and already whole; no timer is needed.
        whole = request.content.read_nowait(-1)
        if len(whole) > form.MAX_BYTES:
            raise _Refused(413, f"at most {form.MAX_BYTES} bytes are read")
        return whole
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > form.MAX_BYTES:
                    raise _Refused(413, f"at most {form.MAX_BYTES} bytes are read")
    except TimeoutError as exc:
        raise _Refused(408, "the body came too slowly") from exc
    return bytes(body)


def _tokens(account: Account) -> list[str]:
    return [
        token
        for name in ("auth_token", "previous_auth_token")
        if (token := account.secrets.get(name, ""))
    ]


def _message_sid(fields: form.Fields) -> str:
    for name in (b"MessageSid", b"SmsMessageSid", b"SmsSid"):
        value = form.first(fields, name)
        if value:
            if not _MESSAGE_SID.match(value):
                break
            return value.decode("ascii")
    raise _Refused(400, "MessageSid is missing or has the wrong form")


def _text(fields: form.Fields, name: bytes) -> str:
    # No database keeps a NUL in a text.
    return (form.first(fields, name) or b"").decode("utf-8", "replace").replace("\0", "")

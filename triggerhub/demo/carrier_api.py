"""The carrier's REST API: who asks, what is refused, what is answered, and failures on demand.

Owns the HTTP side of Twilio's 2010-04-01 messages resource. Must not know how a message travels.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from triggerhub.demo.carrier_message import API_VERSION, CarrierMessage, Media
from triggerhub.demo.carrier_rules import CarrierAccount, Refusal, SendRequest, check

Failure = Literal["status", "timeout", "drop_before_read", "drop_after_read", "garbage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One request that the hub made."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    form: tuple[tuple[str, str], ...]
    account_sid: str
    authorized: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    status: int | None
    kind: Failure
    code: int
    retry_after: int | None


class CarrierApi:
    """Handlers over a carrier's books. ``take`` accepts a message that passed every rule."""

    def __init__(
        self,
        *,
        accounts: Mapping[str, CarrierAccount],
        messages: deque[CarrierMessage],
        media: Mapping[str, Media],
        opted_out: set[tuple[str, str]],
        take: Callable[[CarrierAccount, SendRequest], CarrierMessage],
        kept: int,
    ) -> None:
        self.requests: deque[Recorded] = deque(maxlen=kept)
        self._accounts, self._messages, self._media = accounts, messages, media
        self._opted_out, self._take = opted_out, take
        self._faults: deque[_Fault] = deque()
        self._stopping = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        account = f"/{API_VERSION}/Accounts/{{account}}"
        return [
            web.get(f"{account}.json", self._fetch_account),
            web.post(f"{account}/Messages.json", self._create),
            web.get(f"{account}/Messages.json", self._list),
            web.get(f"{account}/Messages/{{sid}}.json", self._fetch),
            web.get(f"{account}/Messages/{{sid}}/Media/{{media}}", self._fetch_media),
        ]

    def release(self) -> None:
        """Lets go of the requests that were left without an answer."""
        self._stopping.set()

    def fail_next(
        self,
        kind: Failure = "status",
        *,
        status: int | None = None,
        times: int = 1,
        code: int = 20500,
        retry_after: int | None = None,
    ) -> None:
        """The next ``times`` API requests fail.

        ``kind``: "status" (answer with ``status``), "timeout" (take the message and never answer),
        "drop_before_read" (hang up at once, nothing is done), "drop_after_read" (take the message,
        then hang up without an answer), "garbage" (take the message, answer 201 with no JSON).
        """
        if kind == "status" and status is None:
            raise ValueError("a failure by status needs its status")
        fault = _Fault(status=status, kind=kind, code=code, retry_after=retry_after)
        self._faults.extend([fault] * times)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.popleft() if self._faults else None
        if fault is not None and fault.kind == "drop_before_read":
            return _hang_up(request)
        try:
            account, form = await self._enter(request)
            if fault is not None and fault.kind == "status":
                return _answer_fault(fault)
            sending = check(form, account, opted_out=self._opted_out)
        except Refusal as refusal:
            return _refused(refusal)
        message = self._take(account, sending)
        match fault.kind if fault else "":
            case "drop_after_read":
                return _hang_up(request)
            case "timeout":
                await self._stopping.wait()
                return _hang_up(request)
            case "garbage":
                return web.Response(status=201, text="<html>", content_type="text/html")
            case _:
                return web.json_response(message.resource(), status=201)

    async def _fetch_account(self, request: web.Request) -> web.StreamResponse:
        try:
            account, _ = await self._enter(request)
        except Refusal as refusal:
            return _refused(refusal)
        return web.json_response(
            {
                "sid": account.sid,
                "status": "active",
                "type": "Full",
                "friendly_name": "Demo",
                "owner_account_sid": account.sid,
                "date_created": None,
                "date_updated": None,
                "uri": f"/{API_VERSION}/Accounts/{account.sid}.json",
                "subresource_uris": {},
            }
        )

    async def _list(self, request: web.Request) -> web.StreamResponse:
        try:
            account, _ = await self._enter(request)
            size, page = _page_of(request)
        except Refusal as refusal:
            return _refused(refusal)
        to, sender = request.query.get("To"), request.query.get("From")
        found = [
            message
            for message in reversed(self._messages)
            if message.account_sid == account.sid
            and to in (None, message.to)
            and sender in (None, message.sender)
        ]
        start = page * size
        shown = found[start : start + size]
        path = f"/{API_VERSION}/Accounts/{account.sid}/Messages.json"

        def uri(number: int) -> str:
            query = {k: v for k, v in request.query.items() if k not in {"Page", "PageSize"}}
            return f"{path}?{urlencode({**query, 'PageSize': size, 'Page': number})}"

        return web.json_response(
            {
                "messages": [message.resource() for message in shown],
                "page": page,
                "page_size": size,
                "start": start,
                "end": start + max(len(shown) - 1, 0),
                "uri": uri(page),
                "first_page_uri": uri(0),
                "next_page_uri": uri(page + 1) if start + size < len(found) else None,
                "previous_page_uri": uri(page - 1) if page else None,
            }
        )

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        try:
            account, _ = await self._enter(request)
            sid = request.match_info["sid"]
            for message in self._messages:
                if message.sid == sid and message.account_sid == account.sid:
                    return web.json_response(message.resource())
            raise _not_found(request)
        except Refusal as refusal:
            return _refused(refusal)

    async def _fetch_media(self, request: web.Request) -> web.StreamResponse:
        try:
            await self._enter(request)
            media = self._media.get(request.match_info["media"])
            if media is None:
                raise _not_found(request)
        except Refusal as refusal:
            return _refused(refusal)
        if media.redirect is not None:
            return web.Response(status=307, headers={"Location": media.redirect})
        return web.Response(body=media.data, headers={"Content-Type": media.content_type})

    async def _enter(
        self, request: web.Request
    ) -> tuple[CarrierAccount, tuple[tuple[str, str], ...]]:
        """Records a request, checks who makes it, and reads its form."""
        sid = request.match_info["account"]
        account = self._accounts.get(sid)
        authorized = account is not None and _authorized(request, account)
        form: tuple[tuple[str, str], ...] = ()
        if request.method == "POST":
            if request.content_type != "application/x-www-form-urlencoded":
                raise Refusal(20415, "Content-Type is not supported", status=415)
            try:
                text = (await request.read()).decode("ascii")
                form = tuple(
                    parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
                )
            except ValueError as exc:
                raise Refusal(20001, "The form can't be read") from exc
        self.requests.append(
            Recorded(
                method=request.method,
                path=request.path,
                query=tuple(request.query.items()),
                form=form,
                account_sid=sid,
                authorized=authorized,
            )
        )
        if account is None or not authorized:
            raise Refusal(20003, "Authenticate", status=401)
        return account, form


def _authorized(request: web.Request, account: CarrierAccount) -> bool:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    with suppress(binascii.Error, ValueError):
        given = base64.b64decode(credentials, validate=True)
        return hmac.compare_digest(given, f"{account.sid}:{account.auth_token}".encode())
    return False


def _page_of(request: web.Request) -> tuple[int, int]:
    try:
        size = int(request.query.get("PageSize", "50"))
        page = int(request.query.get("Page", "0"))
    except ValueError as exc:
        raise Refusal(20001, "PageSize and Page are integers") from exc
    if not 1 <= size <= 1000 or page < 0:
        raise Refusal(20001, "PageSize must be between 1 and 1000")
    return size, page


def _refused(refusal: Refusal) -> web.Response:
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if refusal.status == 401 else None
    return web.json_response(refusal.body(), status=refusal.status, headers=headers)


def _not_found(request: web.Request) -> Refusal:
    return Refusal(20404, f"The requested resource {request.path} was not found", status=404)


def _answer_fault(fault: _Fault) -> web.Response:
    status = fault.status or 500
    code = 20429 if status == 429 else fault.code
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return web.json_response(
        Refusal(code, "Injected fault", status=status).body(), status=status, headers=headers
    )


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)

"""A local carrier that speaks Twilio's REST API and posts Twilio's webhooks.

Owns a small telephone network in memory: accounts with numbers, customers' phones, messages between
them. It is a real HTTP server on a loopback port, used by the demo page and by tests alike, and it
refuses what the real one would refuse. Must not know the hub beyond its public URLs.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

from aiohttp import ClientSession, TCPConnector, web

from triggerhub.demo import carrier_hook
from triggerhub.demo.carrier_api import CarrierApi, Failure, Recorded
from triggerhub.demo.carrier_hook import HookResult
from triggerhub.demo.carrier_message import (
    API_VERSION,
    DELIVERED,
    READ,
    CarrierMessage,
    Media,
    Step,
    inbound_form,
    status_form,
)
from triggerhub.demo.carrier_rules import CarrierAccount, SendRequest, segments

_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
_START = frozenset({"START", "YES", "UNSTOP"})
_WINDOW = timedelta(hours=24)
KEPT = 10_000  # messages, callbacks and requests each; what is older is forgotten
MEDIA_BYTES_KEPT = 64 * 1024 * 1024


class Carrier:
    """``async with Carrier([account]) as carrier: carrier.url …``

    ``plan``: the statuses that every outgoing message goes through, unless ``plan_next`` says
    otherwise. ``hub_address``: where webhooks are really delivered when the hub's public URL does
    not lead to it. ``on_message`` is called with each message that reaches a customer's phone.
    ``kept``: how many of the newest messages, callbacks and requests are remembered.
    """

    def __init__(
        self,
        accounts: Iterable[CarrierAccount] = (),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        hub_address: str | None = None,
        plan: Sequence[Step] = DELIVERED,
        whatsapp_plan: Sequence[Step] = READ,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_message: Callable[[CarrierMessage], Awaitable[None]] | None = None,
        kept: int = KEPT,
    ) -> None:
        self.accounts: dict[str, CarrierAccount] = {account.sid: account for account in accounts}
        self.messages: deque[CarrierMessage] = deque(maxlen=kept)
        self.callbacks: deque[HookResult] = deque(maxlen=kept)
        self.opted_out: set[tuple[str, str]] = set()
        self.on_message = on_message
        self.hub_address = hub_address
        self._host, self._port = host, port
        self._plan, self._whatsapp_plan = tuple(plan), tuple(whatsapp_plan)
        self._plans: deque[tuple[Step, ...]] = deque()
        self._media: dict[str, Media] = {}
        self._last_inbound: dict[tuple[str, str], datetime] = {}
        self._now = now
        self._runner: web.AppRunner | None = None
        self._session: ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.api = CarrierApi(
            accounts=self.accounts,
            messages=self.messages,
            media=self._media,
            opted_out=self.opted_out,
            take=self._take,
            kept=kept,
        )

    # --- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listens; with port 0 the system chooses, see ``url``."""
        app = web.Application(client_max_size=1024 * 1024)
        app.add_routes(self.api.routes())
        # As the real one calls: a connection for each webhook, so that none is stale.
        self._session = ClientSession(connector=TCPConnector(force_close=True))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Ends the callbacks under way and the server."""
        self.api.release()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The API's base, to be given to the hub as ``TRIGGERHUB_TWILIO_API_URL``."""
        return f"http://{self._host}:{self._port}"

    @property
    def requests(self) -> deque[Recorded]:
        """What the hub asked of the API, in order."""
        return self.api.requests

    def add_account(self, account: CarrierAccount) -> None:
        """Adds or replaces an account."""
        self.accounts[account.sid] = account

    async def settled(self) -> None:
        """Returns when every status callback has been delivered."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    # --- what tests and the demo page do ------------------------------------------------------

    def plan_next(self, *steps: Step) -> None:
        """The next outgoing message goes through these statuses instead of the usual ones."""
        self._plans.append(steps)

    def fail_next(
        self,
        kind: Failure = "status",
        *,
        status: int | None = None,
        times: int = 1,
        code: int = 20500,
        retry_after: int | None = None,
    ) -> None:
        """The next ``times`` API requests fail, see ``CarrierApi.fail_next``."""
        self.api.fail_next(kind, status=status, times=times, code=code, retry_after=retry_after)

    def phone(self, number: str) -> list[CarrierMessage]:
        """What a customer's phone shows, oldest first: what it received and what it sent."""
        return [
            message
            for message in self.messages
            if (message.direction == "inbound" and message.sender == number)
            or (message.direction != "inbound" and message.to == number and message.sent_at)
        ]

    def add_media(self, content_type: str, data: bytes, *, redirect: str | None = None) -> Media:
        """A file to be sent along by ``customer_sends``."""
        return Media(content_type=content_type, data=data, redirect=redirect)

    async def customer_sends(
        self,
        sender: str,
        to: str,
        body: str,
        *,
        media: Sequence[Media] = (),
        message_sid: str | None = None,
        extra: Mapping[str, str] | None = None,
        tamper: Callable[[list[tuple[str, str]]], None] | None = None,
    ) -> HookResult:
        """A customer writes to one of the numbers; the hub gets the signed webhook.

        ``sender`` and ``to`` are both E.164 or both with ``whatsapp:``. ``message_sid`` repeats a
        delivery. ``extra`` adds parameters before signing. ``tamper`` changes the form after it was
        signed, as an attacker would. Raises ``LookupError`` where no account has the number.
        """
        account = next((a for a in self.accounts.values() if a.owns(to)), None)
        if account is None:
            raise LookupError(f"no account has the number {to}")
        if not account.sms_url:
            raise LookupError(f"{to} has no webhook")
        word = body.strip().upper()
        # By WhatsApp the carrier holds to such words only for senders of a Messaging Service.
        if word in _STOP and (account.services or not sender.startswith("whatsapp:")):
            self.opted_out.add((sender, to))
        elif word in _START:
            self.opted_out.discard((sender, to))
        now = self._now()
        # The window is over for whoever wrote before the day.
        self._last_inbound = {
            pair: at for pair, at in self._last_inbound.items() if now - at <= _WINDOW
        } | {(sender, to): now}
        sid = message_sid or _sid("MM" if media else "SM")
        message = CarrierMessage(
            sid=sid,
            account_sid=account.sid,
            direction="inbound",
            sender=sender,
            to=to,
            body=body,
            service_sid=None,
            media_urls=self._keep_media(account.sid, sid, media),
            segments=segments(body),
            created_at=now,
            status="received",
            sent_at=now,
            statuses=["received"],
        )
        if message_sid is None:
            self.messages.append(message)
        form = inbound_form(message, media)
        if account.services and word in _STOP | _START | {"HELP"}:
            kind = "STOP" if word in _STOP else "START" if word in _START else "HELP"
            form.append(("OptOutType", kind))
        form.extend((extra or {}).items())
        return await self._post(account, account.sms_url, form, tamper=tamper)

    def _take(self, account: CarrierAccount, sending: SendRequest) -> CarrierMessage:
        message = CarrierMessage(
            sid=_sid("MM" if sending.media_urls else "SM"),
            account_sid=account.sid,
            direction="outbound-api",
            sender=sending.sender,
            to=sending.to,
            body=sending.body,
            service_sid=sending.service_sid,
            media_urls=sending.media_urls,
            segments=segments(sending.body),
            created_at=self._now(),
            status="accepted" if sending.service_sid else "queued",
            status_callback=sending.status_callback,
        )
        message.statuses.append(message.status)
        self.messages.append(message)
        task = asyncio.get_running_loop().create_task(
            self._deliver(account, message, self._choose_plan(message))
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return message

    def _choose_plan(self, message: CarrierMessage) -> tuple[Step, ...]:
        if self._plans:
            return self._plans.popleft()
        if not message.whatsapp:
            return self._plan
        # Outside 24 hours after the customer's last message WhatsApp takes templates only.
        last = self._last_inbound.get((message.to, message.sender))
        if last is None or self._now() - last > _WINDOW:
            return (Step(status="failed", error_code=63016),)
        return self._whatsapp_plan

    async def _deliver(
        self, account: CarrierAccount, message: CarrierMessage, plan: Sequence[Step]
    ) -> None:
        shown = False
        for step in plan:
            await asyncio.sleep(step.after)
            message.move(step.status, self._now(), step.error_code)
            if not shown and step.status in {"sent", "delivered", "read"}:
                shown = True
                if self.on_message is not None:
                    await self.on_message(message)
            if message.status_callback and step.told:
                form = status_form(message, step)
                for _ in range(step.times):
                    self.callbacks.append(
                        await self._post(account, message.status_callback, form, twiml=False)
                    )

    # --- webhooks -----------------------------------------------------------------------------

    async def _post(
        self,
        account: CarrierAccount,
        url: str,
        form: list[tuple[str, str]],
        *,
        twiml: bool = True,
        tamper: Callable[[list[tuple[str, str]]], None] | None = None,
    ) -> HookResult:
        assert self._session is not None, "the carrier is not started"
        return await carrier_hook.post(
            self._session,
            url,
            form,
            token=account.auth_token,
            idempotency_token=secrets.token_hex(16),
            address=self.hub_address,
            expect_twiml=twiml,
            tamper=tamper,
        )

    def _keep_media(self, account: str, message: str, media: Sequence[Media]) -> tuple[str, ...]:
        urls = []
        for item in media:
            sid = _sid("ME")
            self._media[sid] = item
            path = f"/{API_VERSION}/Accounts/{account}/Messages/{message}/Media/{sid}"
            urls.append(self.url + path)
        while sum(len(item.data) for item in self._media.values()) > MEDIA_BYTES_KEPT:
            del self._media[next(iter(self._media))]
        return tuple(urls)


def _sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)

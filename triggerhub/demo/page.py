"""The customer's page at /demo: a phone and a mailbox in a browser, in front of the stand-ins.

Owns its routes and the checks of what a visitor sends; sending goes through the carrier and the
mail stand-in to the hub's own ports, and what the hub sends back comes in by `on_message` and
`on_mail`. Mounted only with --demo. Must not know the log: what happened is handed to it.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from importlib import resources
from typing import Protocol

import structlog
from aiohttp import web

from triggerhub.demo import scenario
from triggerhub.demo.belongings import Belongings, Frame, Happened, Mail, Text
from triggerhub.demo.carrier_hook import HookResult
from triggerhub.demo.carrier_message import CarrierMessage
from triggerhub.demo.cast import MAIL_ACCOUNTS
from triggerhub.demo.mailbox import Signed
from triggerhub.demo.mailbox_mail import ReceivedMail, SentMail
from triggerhub.demo.scenario import Letter, Ways
from triggerhub.domain.errors import Conflict, Invalid, NotFound, Unavailable

log = structlog.get_logger(__name__)

MAX_TEXT = 1_600
MAX_SUBJECT = 200
MAX_MAIL = 20_000
_HEARTBEAT = 15.0
_REFERENCES = 20
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
# Colours and sizes are not among them: they are the console's (`/tokens.css`).
_FILES = "index.html page.css main.js words.js wire.js dom.js phone.js mailbox.js happened.js"


class Phone(Protocol):
    """The carrier, as somebody with a phone uses it (`carrier.Carrier`)."""

    async def customer_sends(self, sender: str, to: str, body: str) -> HookResult:
        """Raises LookupError where nobody has the number `to`."""
        ...


class Post(Protocol):
    """The mail stand-in, as somebody with a mailbox uses it (`mailbox.Mailbox`)."""

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
    ) -> SentMail: ...


# (seq, type, when, what it means in English)
Events = AsyncIterator[tuple[int, str, datetime, str]]


class CustomerPage:
    """The page's state and handlers; `start` and `stop` frame its life.

    `events`: what happens in the hub from now on. `now` and `rng` are injected for tests.
    """

    def __init__(
        self,
        *,
        phone: Phone,
        post: Post,
        events: Events | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rng: random.Random | None = None,
    ) -> None:
        self.belongings = Belongings()
        self._phone = phone
        self._post = post
        self._events = events
        self._now = now
        self._rng = rng or random.Random()  # noqa: S311 (who writes in a rush is no secret)
        self._watching: asyncio.Task[None] | None = None
        self._rush: asyncio.Task[int] | None = None
        self._ways = Ways(text=self._text_of_anybody, letter=self._letter_of_anybody)

    # --- life -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begins to follow the hub's events."""
        if self._events is not None:
            self._watching = asyncio.create_task(self._follow(self._events), name="demo.events")

    async def stop(self) -> None:
        """Ends the open streams and what is under way."""
        self.belongings.close()
        tasks = [task for task in (self._watching, self._rush) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def rush_over(self) -> None:
        """Returns when the rush hour under way, if any, is over."""
        if self._rush is not None:
            await asyncio.wait([self._rush])

    async def _follow(self, events: Events) -> None:
        async for seq, kind, at, text in events:
            self.belongings.happened(Happened(seq=seq, type=kind, at=_iso(at), text=text))

    # --- what the hub sends back ----------------------------------------------------------------

    async def on_message(self, message: CarrierMessage) -> None:
        """A message of the hub's has reached a phone (`Carrier.on_message`)."""
        person = self.belongings.by_phone(message.to)
        if person is None:
            return
        self.belongings.put_text(
            person.key,
            Text(
                id=message.sid,
                channel="whatsapp" if message.whatsapp else "sms",
                mine=False,
                text=message.body,
                at=_iso(self._now()),
                state="received",
            ),
        )

    async def on_mail(self, mail: ReceivedMail) -> None:
        """A mail of the hub's has reached the mail stand-in (`Mailbox.on_mail`)."""
        for address in mail.rcpt_tos:
            person = self.belongings.by_mailbox(address)
            if person is not None:
                self.belongings.put_mail(person.key, _incoming(mail, address))

    # --- routes ---------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """Everything below /demo."""
        return [
            web.get("/demo", self._index),
            web.get("/demo/assets/{name}", self._asset),
            web.get("/demo/state", self._state),
            web.get("/demo/stream", self._stream),
            web.post("/demo/sms", self._post_sms),
            web.post("/demo/mail", self._post_mail),
            web.post("/demo/scenario/{name}", self._post_scenario),
        ]

    async def _index(self, request: web.Request) -> web.Response:
        return _file("index.html")

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in _FILES.split():
            raise NotFound("there is no such file")
        return _file(name)

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(self.belongings.state(), headers={"Cache-Control": "no-store"})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: first the whole state, then each change."""
        queue = self.belongings.watch()
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        try:
            await response.prepare(request)
            await response.write(_event(self.belongings.state()))
            while True:
                try:
                    frame = await asyncio.wait_for(queue.get(), _HEARTBEAT)
                except TimeoutError:
                    await response.write(b": still here\n\n")
                    continue
                if frame is None:
                    break
                await response.write(_event(frame))
        except ConnectionResetError:
            log.debug("demo.page_left")
        finally:
            self.belongings.leave(queue)
        return response

    async def _post_sms(self, request: web.Request) -> web.Response:
        body = await _json(request)
        person = self.belongings.person(_word(body, "person", 40))
        channel = body.get("channel", "sms")
        if channel not in ("sms", "whatsapp"):
            raise Invalid("channel is sms or whatsapp")
        text = _word(body, "text", MAX_TEXT)
        prefix = "whatsapp:" if channel == "whatsapp" else ""
        await self._send_text(prefix + person.phone, prefix + person.number, text)
        return web.json_response({"sent": 1}, status=202)

    async def _post_mail(self, request: web.Request) -> web.Response:
        body = await _json(request)
        person = self.belongings.person(_word(body, "person", 40))
        proven = body.get("proven", True)
        if not isinstance(proven, bool):
            raise Invalid("proven is true or false")
        answered = None
        if body.get("reply_to") is not None:
            answered = self.belongings.mail(person.key, _word(body, "reply_to", 1_000))
            to = answered.reply_to
        else:
            to = _word(body, "to", 200)
            if to not in {account.addresses[0] for account in MAIL_ACCOUNTS}:
                raise Invalid("to is one of the company's mailboxes")
        letter = Letter(
            sender_name=person.name,
            sender=person.email,
            to=to,
            subject=_word(body, "subject", MAX_SUBJECT, lines=False),
            text=_word(body, "text", MAX_MAIL),
            proven=proven,
        )
        await self._send_letter(letter, answered)
        return web.json_response({"sent": 1}, status=202)

    async def _post_scenario(self, request: web.Request) -> web.Response:
        body = await _json(request)
        name = request.match_info["name"]
        person = self.belongings.person(_word(body, "person", 40))
        match name:
            case "late-parcel":
                sent = await scenario.late_parcel(person, self._ways)
            case "two-channels":
                sent = await scenario.two_channels(person, self._ways)
            case "forged-sender":
                sent = await scenario.forged_sender(person, self._ways)
            case "rush-hour":
                sent = self._begin_rush(body.get("count", scenario.RUSH_USUAL))
            case _:
                raise NotFound("there is no such scenario")
        return web.json_response({"sent": sent}, status=202)

    def _begin_rush(self, count: object) -> int:
        if not isinstance(count, int) or isinstance(count, bool):
            raise Invalid("count is a whole number")
        if not 1 <= count <= scenario.RUSH_MOST:
            raise Invalid(f"count is from 1 to {scenario.RUSH_MOST}")
        if self._rush is not None and not self._rush.done():
            raise Conflict("a rush hour is under way")
        rush = scenario.rush_hour(count, self._now(), self._rng, self._ways)
        self._rush = asyncio.create_task(rush, name="demo.rush")
        return count

    # --- sending --------------------------------------------------------------------------------

    async def _text_of_anybody(self, sender: str, to: str, body: str) -> None:
        await self._send_text(sender, to, body)

    async def _letter_of_anybody(self, letter: Letter) -> None:
        await self._send_letter(letter, None)

    async def _send_text(self, sender: str, to: str, body: str) -> None:
        person = self.belongings.by_phone(sender)
        text = Text(
            id=secrets.token_hex(8),
            channel="whatsapp" if sender.startswith("whatsapp:") else "sms",
            mine=True,
            text=body,
            at=_iso(self._now()),
            state="sending",
        )
        if person is not None:
            self.belongings.put_text(person.key, text)
        try:
            result = await self._phone.customer_sends(sender, to, body)
        except LookupError as exc:
            if person is not None:
                self.belongings.settle_text(person.key, text, "refused")
            raise Unavailable("nobody has that number yet") from exc
        if person is not None:
            self.belongings.settle_text(person.key, text, "delivered" if result.ok else "refused")
        if not result.ok:
            raise Unavailable(f"the hub answered {result.status}")

    async def _send_letter(self, letter: Letter, answered: Mail | None) -> None:
        person = self.belongings.by_mailbox(letter.sender)
        kept = Mail(
            id=secrets.token_hex(8),
            mine=True,
            sender=letter.sender,
            sender_name=letter.sender_name,
            to=letter.to,
            reply_to=letter.to,
            subject=letter.subject,
            text=letter.text,
            at=_iso(self._now()),
            proven=letter.proven,
            state="sending",
        )
        if person is not None:
            self.belongings.put_mail(person.key, kept)
        sent = await self._post.customer_mails(
            letter.sender,
            letter.to,
            letter.subject,
            letter.text if answered is None else _quoting(letter.text, answered),
            name=letter.sender_name,
            in_reply_to=None if answered is None else answered.id,
            references=() if answered is None else (*answered.references, answered.id),
            signed="proven" if letter.proven else "forged",
        )
        if person is not None:
            self.belongings.settle_mail(person.key, kept, "delivered" if sent.ok else "refused")
        if not sent.ok:
            raise Unavailable(f"the hub answered {sent.code} {sent.answer}"[:200])


def _incoming(mail: ReceivedMail, address: str) -> Mail:
    name, sender = parseaddr(mail.header("From"))
    return Mail(
        id=mail.message_id,
        mine=False,
        sender=sender,
        sender_name=name or sender,
        to=address.lower(),
        reply_to=mail.answer_to,
        subject=mail.subject[:MAX_SUBJECT],
        text=mail.text.strip()[:MAX_MAIL],
        at=_iso(mail.received_at),
        references=tuple(mail.header("References").split()[-_REFERENCES:]),
    )


def _quoting(text: str, answered: Mail) -> str:
    """The answer above what it answers, as mail programs write it."""
    quoted = "\n".join(f"> {line}".rstrip() for line in answered.text.splitlines())
    head = f"On {answered.at[:10]} at {answered.at[11:16]}, {answered.sender_name} wrote:"
    return f"{text}\n\n{head}\n{quoted}\n"


def _file(name: str) -> web.Response:
    data = resources.files("triggerhub.demo").joinpath("page", name).read_bytes()
    return web.Response(
        body=data,
        content_type=_TYPES[name.rpartition(".")[2]],
        charset="utf-8",
        headers={"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY},
    )


def _event(frame: Frame) -> bytes:
    return b"data: " + json.dumps(frame, ensure_ascii=False).encode() + b"\n\n"


async def _json(request: web.Request) -> dict[str, object]:
    """The body. JSON alone: a form of another site can't send it."""
    if request.content_type != "application/json":
        raise Invalid("send application/json", code="unsupported_media_type")
    try:
        body = await request.json()
    except ValueError as exc:
        raise Invalid("the body is no JSON", code="malformed") from exc
    if not isinstance(body, dict):
        raise Invalid("the body is no JSON object", code="malformed")
    return body


def _word(body: dict[str, object], name: str, most: int, *, lines: bool = True) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"{name} is missing")
    value = value.strip()
    if len(value) > most:
        raise Invalid(f"{name} has more than {most} characters")
    if not all(c.isprintable() or (lines and c in "\n\r\t") for c in value):
        raise Invalid(f"{name} has characters that can't be shown")
    return value


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

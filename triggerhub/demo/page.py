"""The customer's page at /demo: a phone and a mailbox in a browser, in front of the stand-ins.

Owns its routes, its files and the stream that tells it of changes. Mounted only with --demo. Must
not know the log: what happened is handed to it; nor how anything is sent (`correspondence`).
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from importlib import resources

import structlog
from aiohttp import web

from triggerhub.demo import scenario
from triggerhub.demo.asked import asked, word
from triggerhub.demo.belongings import Belongings, Frame, Happened, iso
from triggerhub.demo.cast import MAIL_ACCOUNTS
from triggerhub.demo.correspondence import MAX_MAIL, MAX_SUBJECT, Correspondence, Phone, Post
from triggerhub.demo.scenario import Letter, Ways
from triggerhub.domain.errors import Conflict, Invalid, NotFound

log = structlog.get_logger(__name__)

MAX_TEXT = 1_600
_HEARTBEAT = 15.0
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
# Colours and sizes are not among them: they are the console's (`/tokens.css`).
_FILES = "index.html page.css main.js words.js wire.js dom.js phone.js mailbox.js happened.js"

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
        self._correspondence = Correspondence(self.belongings, phone=phone, post=post, now=now)
        # What the hub sends back (`Carrier.on_message`, `Mailbox.on_mail`).
        self.on_message = self._correspondence.on_message
        self.on_mail = self._correspondence.on_mail
        self._events = events
        self._now = now
        self._rng = rng or random.Random()  # noqa: S311 (who writes in a rush is no secret)
        self._watching: asyncio.Task[None] | None = None
        self._rush: asyncio.Task[int] | None = None
        self._ways = Ways(
            text=self._correspondence.send_text, letter=self._correspondence.send_letter
        )

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
            self.belongings.happened(Happened(seq=seq, type=kind, at=iso(at), text=text))

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
        body = await asked(request)
        person = self.belongings.person(word(body, "person", 40))
        channel = body.get("channel", "sms")
        if channel not in ("sms", "whatsapp"):
            raise Invalid("channel is sms or whatsapp")
        text = word(body, "text", MAX_TEXT)
        prefix = "whatsapp:" if channel == "whatsapp" else ""
        await self._correspondence.send_text(prefix + person.phone, prefix + person.number, text)
        return web.json_response({"sent": 1}, status=202)

    async def _post_mail(self, request: web.Request) -> web.Response:
        body = await asked(request)
        person = self.belongings.person(word(body, "person", 40))
        proven = body.get("proven", True)
        if not isinstance(proven, bool):
            raise Invalid("proven is true or false")
        answered = None
        if body.get("reply_to") is not None:
            answered = self.belongings.mail(person.key, word(body, "reply_to", 1_000))
            to = answered.reply_to
        else:
            to = word(body, "to", 200)
            if to not in {account.addresses[0] for account in MAIL_ACCOUNTS}:
                raise Invalid("to is one of the company's mailboxes")
        letter = Letter(
            sender_name=person.name,
            sender=person.email,
            to=to,
            subject=word(body, "subject", MAX_SUBJECT, lines=False),
            text=word(body, "text", MAX_MAIL),
            proven=proven,
        )
        await self._correspondence.send_letter(letter, answered)
        return web.json_response({"sent": 1}, status=202)

    async def _post_scenario(self, request: web.Request) -> web.Response:
        body = await asked(request)
        name = request.match_info["name"]
        person = self.belongings.person(word(body, "person", 40))
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

"""A whole hub in this process, with real sockets, real stand-ins and people at its consoles.

Its two halves are joined as two processes are.

Owns wiring and waiting. Must not know what a test is about.
"""

from __future__ import annotations

import asyncio
import socket
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from config.seed import Seed
from config.settings import Settings
from tests.acceptance.console import Console
from tests.acceptance.hub_process import ACCOUNT_SID, AUTH_TOKEN, NUMBER, seed
from triggerhub import database
from triggerhub.apart.core_life import rooms_of, tell_committed
from triggerhub.apart.far import far_ports
from triggerhub.apart.link import Link
from triggerhub.apart.packed import unpacked
from triggerhub.bootstrap.core import Core, build_core
from triggerhub.bootstrap.edge import Edge, build_edge
from triggerhub.bootstrap.parts import Parts
from triggerhub.demo.carrier import Carrier
from triggerhub.demo.carrier_rules import CarrierAccount
from triggerhub.demo.mailbox import Mailbox
from triggerhub.domain.clock import SystemClock
from triggerhub.domain.ports import Json

PUBLIC_URL = "http://hub.example"


class MovedClock(SystemClock):
    """The system's clock, a while ahead: so hours pass between two lines of a test."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead

    def millis(self) -> int:
        return super().millis() + int(self.ahead.total_seconds() * 1000)


@dataclass(slots=True, kw_only=True)
class Company:
    core: Core
    edge: Edge
    carrier: Carrier
    mailbox: Mailbox
    clock: MovedClock
    people: AsyncExitStack

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.edge.http_port}"

    async def at_console(self, login: str, *, available: bool = False) -> Console:
        """Somebody who has signed in and whose console is live."""
        console = Console(base=self.base, login=login, origin=PUBLIC_URL)
        await self.people.enter_async_context(console)
        await console.sign_in()
        line = asyncio.create_task(console.attend())

        async def hang_up() -> None:
            line.cancel()
            await asyncio.gather(line, return_exceptions=True)

        self.people.push_async_callback(hang_up)
        await console.until(lambda state: state["me"], "its snapshot")
        if available:
            await console.ask("presence.set", presence="available")
        return console


async def in_the_background(core: Core, edge: Edge) -> None:
    """All of it until cancelled; a fault in one part is a fault of the test."""

    async def one(run: Callable[[], Awaitable[None]]) -> None:
        await run()

    async with asyncio.TaskGroup() as group:
        for name, run in {**core.background(), **edge.background()}.items():
            group.create_task(one(run), name=name)


@asynccontextmanager
async def joined(core: Core, settings: Settings, parts: Parts) -> AsyncIterator[Edge]:
    """The edge of this core, over a line of its own."""
    loop, (ours, theirs) = asyncio.get_running_loop(), socket.socketpair()
    far = Link(rooms_of(core))
    await loop.create_unix_connection(lambda: far, sock=theirs)
    edge: Edge | None = None

    def heard(topic: str, value: Any) -> None:
        assert topic == "committed"
        if edge is not None:
            first, rows = value
            edge.store.tail.publish(unpacked(rows), first)

    near = Link(on_tiding=heard)
    await loop.create_unix_connection(lambda: near, sock=ours)
    edge = await build_edge(settings, parts, await far_ports(near, settings, parts.clock))
    telling = asyncio.create_task(tell_committed(core, far))
    try:
        yield edge
    finally:
        telling.cancel()
        await edge.store.stop()
        near.close()
        far.close()


@asynccontextmanager
async def company(
    folder: Path, *, undo: timedelta = timedelta(0), **settings: Any
) -> AsyncIterator[Company]:
    """Ann and Ben are agents, Sue supervises; nobody's mail is believed without a signature."""
    clock = MovedClock()
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(Carrier())
        mailbox = await stack.enter_async_context(Mailbox())
        people = {"ann": "agent", "ben": "agent", "sue": "supervisor"}
        chosen = Settings(
            data_dir=folder,
            http_port=0,
            smtp_port=0,
            public_url=PUBLIC_URL,
            relay_url=SecretStr(mailbox.relay_url),
            twilio_api_url=carrier.url,
            seed=Seed.model_validate(tomllib.loads(seed(people))),
            **settings,
        )
        await asyncio.to_thread(database.migrate, chosen)
        parts = Parts(undo=undo, clock=clock, look_up=lambda name, timeout: mailbox.dns_txt(name))
        core = await build_core(chosen, parts)
        edge = await stack.enter_async_context(joined(core, chosen, parts))
        background = asyncio.create_task(in_the_background(core, edge))
        await edge.listen()
        carrier.hub_address = f"http://127.0.0.1:{edge.http_port}"
        carrier.add_account(
            CarrierAccount(
                sid=ACCOUNT_SID,
                auth_token=AUTH_TOKEN,
                numbers=(NUMBER,),
                sms_url=f"{PUBLIC_URL}/hooks/twilio/sms",
            )
        )
        mailbox.hub_port = edge.smtp_port
        try:
            async with AsyncExitStack() as consoles:
                yield Company(
                    core=core,
                    edge=edge,
                    carrier=carrier,
                    mailbox=mailbox,
                    clock=clock,
                    people=consoles,
                )
            assert not background.done(), background
        finally:
            await edge.stop_accepting()
            await edge.say_goodbye()
            background.cancel()
            with suppress(asyncio.CancelledError):
                await background
            await core.close()


# --- what people do and see -----------------------------------------------------------------------


async def accepted(console: Console, text: str) -> Json:
    """Wait for the offer with these words and accept it; the interaction's row."""

    def offered(state: Json) -> Json | None:
        for offer in state["offers"].values():
            if offer["state"] == "pending" and text in offer["interaction"]["preview"]:
                found: Json = offer
                return found
        return None

    offer = await console.until(offered, f"an offer of {text!r}")
    await console.ask("offer.accept", offer_id=offer["id"])
    row: Json = await console.until(
        lambda state: _active(state, offer["interaction_id"]), "the accepted work"
    )
    return row


def _active(state: Json, interaction_id: str) -> Json | None:
    row: Json | None = state["interactions"].get(interaction_id)
    return row if row is not None and row["state"] == "active" else None


async def replied(console: Console, row: Json, text: str) -> str:
    """Answer on the way that it came; the message's id."""
    result = await console.ask(
        "message.send",
        interaction_id=row["id"],
        channel=row["channel"],
        account_id=row["account_id"],
        identity_id=row["identity_id"],
        text=text,
    )
    return str(result["message_id"])


async def entry(console: Console, text: str, state: str | None = None) -> Json:
    """Wait until a timeline shows this message, in this state."""

    def shown(held: Json) -> Json | None:
        for page in held["timelines"].values():
            for item in page["items"]:
                if text in (item["text"] or "") and state in (None, item["state"]):
                    found: Json = item
                    return found
        return None

    found: Json = await console.until(shown, f"{text!r} {state or ''}")
    return found


async def event(console: Console, kind: str, after: int = 0) -> Json:
    """Wait by long-poll until the log holds an event of this type; a supervisor may ask."""
    while True:
        page = await console.get(f"events?after={after}&limit=500&wait=20")
        after = page["next"]
        for found in page["events"]:
            if found["type"] == kind:
                one: Json = found
                return one
        assert page["events"], f"no {kind} within 20 s"

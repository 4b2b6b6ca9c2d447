"""What the agents do: accept what is offered, read what their customer writes on, close."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import orjson

from bench import company
from bench.wire import WebSocketClient


@dataclass(slots=True)
class Talk:
    console: WebSocketClient
    interaction_id: str
    address: bytes
    awaited: bool = False
    """The customer has written on, and it is not on the console yet."""


@dataclass(slots=True)
class Desk:
    """The agents' consoles. Offers are accepted; work is closed when its customer is done."""

    consoles: list[WebSocketClient] = field(default_factory=list)
    offers: int = 0
    arrived: Callable[[bytes, float], None] | None = None
    """Called with the customer's address when a message of theirs is on a console."""
    write_on: Callable[[bytes], bool] | None = None
    """Lets this customer write once more; False where they have nothing more to say."""
    closed: int = 0
    failed: list[bytes] = field(default_factory=list)
    frames: int = 0
    received: int = 0
    _offered: set[bytes] = field(default_factory=set)
    _talks: dict[str, Talk] = field(default_factory=dict)
    """By interaction, from the offer until the work is closed."""
    _writing: dict[bytes, Talk] = field(default_factory=dict)
    """The same by the customer's address."""
    _ready: int = 0
    _waited_for: int = 0
    _all_ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, port: int, agents: int) -> None:
        loop = asyncio.get_running_loop()
        for number in range(agents):
            agent = company.Agent(number=number)
            upgrade = (
                "GET /api/v1/live HTTP/1.1\r\nHost: hub.example\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: YmVuY2htYXJrLWJlbmNoIQ==\r\n"
                f"Origin: {company.PUBLIC_URL}\r\n"
                f"Cookie: triggerhub_session={agent.session}\r\n\r\n"
            ).encode()
            _, console = await loop.create_connection(
                partial(WebSocketClient, upgrade, self._got), "127.0.0.1", port
            )
            self.consoles.append(console)
            await console.opened
            console.send(
                orjson.dumps({"type": "hello", "after": None, "epoch": None, "csrf": agent.csrf})
            )
            console.send(_command("presence", "presence.set", {"presence": "available"}))
        self._waited_for = agents
        if self._ready < agents:
            async with asyncio.timeout(60):
                await self._all_ready.wait()

    def _got(self, console: WebSocketClient, frame: bytes) -> None:
        self.frames += 1
        self.received += len(frame)
        at = frame.index(b'"type":"') + 8
        match frame[at : frame.index(b'"', at)]:
            case b"offer.changed":
                self._offer(console, frame)
            case b"entry.changed":
                self._entry(frame)
            case b"command.done":
                self._done(console, frame)
            case b"command.failed" | b"bye":
                self.failed.append(frame[:300])
            case _:
                pass

    def _offer(self, console: WebSocketClient, frame: bytes) -> None:
        offer_id = _text(frame, b'"data":{"id":"')
        if offer_id in self._offered:
            return
        now = time.perf_counter()
        self._offered.add(offer_id)
        self.offers += 1
        address = _text(frame, b'"address":"')
        interaction_id = _text(frame, b'"interaction_id":"').decode()
        talk = Talk(console, interaction_id, address)
        self._talks[interaction_id] = self._writing[address] = talk
        if self.arrived is not None:
            self.arrived(address, now)
        console.send(
            # The hub would know an id that is used again, and give the old answer.
            _command(f"accept {interaction_id}", "offer.accept", {"offer_id": offer_id.decode()})
        )

    def _entry(self, frame: bytes) -> None:
        talk = self._writing.get(_text(frame, b'"from":{"address":"'))
        if talk is None or not talk.awaited or b'"direction":"in"' not in frame:
            return
        talk.awaited = False
        if self.arrived is not None:
            self.arrived(talk.address, time.perf_counter())
        self._go_on(talk)

    def _done(self, console: WebSocketClient, frame: bytes) -> None:
        kind, _, interaction_id = _text(frame, b'"data":{"id":"').decode().partition(" ")
        if kind == "accept":
            self._go_on(self._talks[interaction_id])
        elif kind == "close":
            self.closed += 1
        else:
            self._ready += 1
            if self._ready == self._waited_for:
                self._all_ready.set()

    def _go_on(self, talk: Talk) -> None:
        talk.awaited = True
        if self.write_on is not None and self.write_on(talk.address):
            return
        del self._talks[talk.interaction_id], self._writing[talk.address]
        talk.console.send(
            _command(
                f"close {talk.interaction_id}",
                "interaction.close",
                {"interaction_id": talk.interaction_id},
            )
        )

    @property
    def lost(self) -> int:
        return sum(console.closed for console in self.consoles)

    def close(self) -> None:
        for console in self.consoles:
            console.close()


def _command(command_id: str, name: str, data: dict[str, str]) -> bytes:
    return orjson.dumps({"type": "command", "id": command_id, "name": name, "data": data})


def _text(frame: bytes, before: bytes) -> bytes:
    at = frame.index(before) + len(before)
    return frame[at : frame.index(b'"', at)]

"""A console without a browser: it signs in, keeps its state by frames, and comes back by itself.

Owns one person's session, one socket at a time, the reducer's state, and commands that are said
again with the same id until they are answered. Must not know the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    CookieJar,
    WSMsgType,
)

from tests.acceptance.hub_process import PASSWORD
from tests.unit.console.reducer import empty, reduce
from triggerhub.domain.ports import Json

ANSWER_WITHIN = 30.0
KINDS = ("agents", "queues", "interactions", "offers", "accounts", "attention")


class Refused(AssertionError):
    """A command that the hub refused; `problem` says why."""

    def __init__(self, name: str, problem: Json) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.problem = problem


@dataclass(slots=True, kw_only=True)
class Asked:
    """A command on its way. `seq` is that of its answer."""

    id: str
    name: str
    data: Json
    answer: asyncio.Future[Json]


@dataclass(slots=True, kw_only=True)
class Console:
    """`base`: where the hub is reached; `origin`: as which address it knows itself."""

    base: str
    login: str
    origin: str = ""
    state: Json = field(default_factory=empty)
    frames: list[Json] = field(default_factory=list)
    greetings: list[str] = field(default_factory=list)
    done: list[tuple[Asked, Json]] = field(default_factory=list)
    byes: list[str] = field(default_factory=list)
    watching: set[str] = field(default_factory=set)
    csrf: str = ""
    session: ClientSession | None = None
    _socket: ClientWebSocketResponse | None = None
    _open: dict[str, Asked] = field(default_factory=dict)
    _names: Any = field(default_factory=lambda: count(1))
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        self.session = ClientSession(
            self.base, cookie_jar=CookieJar(unsafe=True), timeout=ClientTimeout(total=30)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self.session is not None:
            await self.session.close()

    @property
    def http(self) -> ClientSession:
        assert self.session is not None
        return self.session

    @property
    def me(self) -> str:
        return str(self.state["me"]["id"])

    # --- HTTP -----------------------------------------------------------------------------------

    async def sign_in(self) -> None:
        body = {"login": self.login, "password": PASSWORD}
        async with self.http.post("/api/v1/session", json=body) as answer:
            assert answer.status == 200, await answer.text()
            self.csrf = (await answer.json())["csrf"]

    async def get(self, path: str) -> Json:
        async with self.http.get(f"/api/v1/{path}") as answer:
            assert answer.status == 200, await answer.text()
            found: Json = await answer.json()
            return found

    # --- the feed -------------------------------------------------------------------------------

    async def attend(self) -> None:
        """One connection, from greeting to its end; what was asked before is asked again."""
        headers = {"Origin": self.origin or self.base}
        async with self.http.ws_connect("/api/v1/live", headers=headers) as socket:
            epoch = self.state["epoch"]
            after = self.state["seq"] if epoch else None
            await socket.send_json(
                {
                    "type": "hello",
                    "after": after,
                    "epoch": epoch,
                    "csrf": self.csrf,
                    "watch": sorted(self.watching),
                }
            )
            async for message in socket:
                assert message.type is WSMsgType.TEXT, message
                await self._take(message.json(), socket)
        self._socket = None
        self._stir()

    async def attend_always(self, up: Callable[[], Awaitable[object]]) -> None:
        """Until cancelled: a connection after the other; `up` says when the hub can be reached."""
        while True:
            await up()
            try:
                await self.attend()
            except (ClientError, ConnectionError):
                self._socket = None

    async def _take(self, frame: Json, socket: ClientWebSocketResponse) -> None:
        kind, data = frame["type"], frame["data"]
        self.frames.append(frame)
        if kind in ("command.done", "command.failed"):
            asked = self._open.pop(str(data["id"]), None)
            if asked is not None and kind == "command.done":
                self.done.append((asked, data["result"]))
                asked.answer.set_result(data["result"])
            elif asked is not None:
                asked.answer.set_exception(Refused(asked.name, data["problem"]))
        elif kind == "bye":
            self.byes.append(data["reason"])
        else:
            self.state = reduce(self.state, frame)
        if kind in ("snapshot", "resumed"):
            self.greetings.append(kind)
            self._socket = socket
            for asked in list(self._open.values()):
                await self._say(asked, socket)
        self._stir()

    def _stir(self) -> None:
        self._moved.set()
        self._moved.clear()

    async def until(self, holds: Callable[[Json], object], why: str, seconds: float = 30) -> Any:
        """Wait until the state is so; what `holds` returned."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := holds(self.state)):
                    await self._moved.wait()
        except TimeoutError:
            raise AssertionError(
                f"{self.login} never saw {why}, byes {self.byes}: {self.state}"
            ) from None
        return found

    async def watch(self, customer_id: str) -> None:
        """Hold this customer's scroll: read once, kept up to date by frames."""
        self.watching.add(customer_id)
        if self._socket is not None:
            await self._socket.send_json({"type": "watch", "customer_id": customer_id})
        page = await self.get(f"customers/{customer_id}/timeline?limit=200")
        timelines = self.state["timelines"] | {customer_id: page | {"stale": False}}
        self.state = self.state | {"timelines": timelines}

    # --- commands -------------------------------------------------------------------------------

    async def ask(self, name: str, **data: Any) -> Json:
        """The command's result, however often the line breaks. Raises Refused."""
        loop = asyncio.get_running_loop()
        asked = Asked(
            id=f"{self.login}-{next(self._names)}",
            name=name,
            data=data,
            answer=loop.create_future(),
        )
        self._open[asked.id] = asked
        if self._socket is not None:
            await self._say(asked, self._socket)
        async with asyncio.timeout(ANSWER_WITHIN * 4):
            return await asked.answer

    async def refusal(self, name: str, data: Json) -> Json:
        """The problem with which a command is refused."""
        try:
            result = await self.ask(name, **data)
        except Refused as refused:
            return refused.problem
        raise AssertionError(f"{name} was carried out: {result}")

    async def _say(self, asked: Asked, socket: ClientWebSocketResponse) -> None:
        message = {"type": "command", "id": asked.id, "name": asked.name, "data": asked.data}
        try:
            await socket.send_json(message)
        except (ClientError, ConnectionError):
            return  # said again when the line is back

    # --- what is compared -----------------------------------------------------------------------

    def seen(self) -> Json:
        """The lists of the state; offers without what belongs to the screen pop."""
        return comparable(self.state)


def comparable(state: Json) -> Json:
    found: Json = {kind: state[kind] for kind in KINDS}
    found["offers"] = {
        key: {k: v for k, v in row.items() if k not in ("card", "timeline")}
        for key, row in state["offers"].items()
    }
    return found


def differences(one: Json, other: Json, path: str = "") -> list[str]:
    """Where two states differ, and how: for reading when a test fails."""
    found: list[str] = []
    for key in sorted(one.keys() | other.keys()):
        here, there, where = one.get(key), other.get(key), f"{path}/{key}"
        if isinstance(here, dict) and isinstance(there, dict):
            found += differences(here, there, where)
        elif here != there:
            found.append(f"{where}: {here!r} != {there!r}")
    return found


async def fresh_snapshot(console: Console) -> Json:
    """What the hub says now to one who comes with nothing."""
    async with Console(base=console.base, login=console.login, origin=console.origin) as other:
        other.csrf = console.csrf
        other.http.cookie_jar.update_cookies(
            {cookie.key: cookie.value for cookie in console.http.cookie_jar}
        )
        headers = {"Origin": console.origin or console.base}
        async with other.http.ws_connect("/api/v1/live", headers=headers) as socket:
            hello = {"type": "hello", "after": None, "epoch": None, "csrf": console.csrf}
            await socket.send_json(hello)
            while not other.greetings:
                await other._take(await socket.receive_json(timeout=30), socket)
    return other.state

"""A served console and the people who use it from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
from aiohttp import (
    ClientResponse,
    ClientSession,
    ClientWebSocketResponse,
    CookieJar,
    WSMsgType,
    web,
)
from argon2 import PasswordHasher

from agent_console.server import ConsoleServer
from tests.integration.console.promised import hold_to, operations_at
from triggerhub.domain.ports import Json
from triggerhub.http import Drain

PASSWORD = "right words"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def eventually(check: Callable[[], object]) -> None:
    """Give the others turns until `check` holds; fails after many."""
    for _ in range(20_000):
        if check():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to be")


@dataclass(slots=True)
class Served:
    base: str
    server: ConsoleServer
    drain: Drain
    ready: dict[str, bool]
    routes: frozenset[tuple[str, str]]
    """(method, path) of all that the listener answers."""
    sessions: list[ClientSession] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def on(
        cls, runner: web.AppRunner, server: ConsoleServer, drain: Drain, ready: dict[str, bool]
    ) -> AsyncIterator[Served]:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        assert runner.app is not None
        routes = frozenset(
            (route.method, route.resource.canonical)
            for route in runner.app.router.routes()
            if route.resource is not None
        )
        found = cls(f"http://127.0.0.1:{port}", server, drain, ready, routes)
        try:
            yield found
        finally:
            for session in found.sessions:
                await session.close()
            await runner.cleanup()

    def person(self) -> Person:
        session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        self.sessions.append(session)
        return Person(self.base, session)

    async def signed_in(self, login: str) -> Person:
        person = self.person()
        async with person.call("POST", "session", login=login, password=PASSWORD) as answer:
            assert answer.status == 200, await answer.text()
            person.csrf = (await answer.json())["csrf"]
        return person

    def token(self, token: str) -> Person:
        person = self.person()
        person.bearer = token
        return person


@dataclass(slots=True)
class Person:
    base: str
    session: ClientSession
    csrf: str = ""
    bearer: str = ""

    @asynccontextmanager
    async def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **body: object
    ) -> AsyncIterator[ClientResponse]:
        own = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        if self.csrf:
            own["X-CSRF-Token"] = self.csrf
        if body:
            own["Content-Type"] = "application/json"
        async with self.session.request(
            method,
            path if path.startswith("http") else f"{self.base}/api/v1/{path}",
            data=orjson.dumps(body) if body else None,
            headers=own | (headers or {}),
            allow_redirects=False,
        ) as answer:
            if answer.url.path.startswith("/api/v1/"):
                await _is_promised(method, answer)
            yield answer

    async def get(self, path: str) -> Json:
        async with self.call("GET", path) as answer:
            assert answer.status == 200, await answer.text()
            found: Json = await answer.json()
            return found

    @asynccontextmanager
    async def live(
        self,
        after: int | None = None,
        epoch: str | None = None,
        origin: str | None = None,
        watch: Sequence[str] = (),
    ) -> AsyncIterator[Line]:
        async with self.session.ws_connect(
            f"{self.base}/api/v1/live", headers={"Origin": origin or self.base}
        ) as socket:
            line = Line(socket)
            await line.say(
                type="hello", after=after, epoch=epoch, csrf=self.csrf, watch=list(watch)
            )
            yield line


async def _is_promised(method: str, answer: ClientResponse) -> None:
    """What the OpenAPI document says of this call holds for its answer, whatever it is."""
    path = answer.url.path
    operations = operations_at(path)
    if operations is None:
        assert answer.status in (401, 403, 404, 405), (method, path, answer.status)
        return
    if method.lower() in operations:
        operation = operations[method.lower()]
    else:
        assert answer.status == 405, (method, path, answer.status)
        given = answer.headers["Allow"].split(", ")
        known = {name.upper() for name in operations}
        assert given == sorted(known | ({"HEAD"} if "GET" in known else set())), path
        operation = next(iter(operations.values()))
    promised = operation["responses"]
    assert str(answer.status) in promised, (method, path, answer.status)
    described = promised[str(answer.status)]
    assert answer.headers.keys() >= described.get("headers", {}).keys()
    content = described.get("content")
    assert content is None or answer.content_type in content or "octet" in str(content)
    schema = (content or {}).get(answer.content_type, {}).get("schema")
    if schema is not None and method != "HEAD":
        hold_to(schema, await answer.json(content_type=None))


@dataclass(slots=True)
class Line:
    socket: ClientWebSocketResponse
    frames: list[Json] = field(default_factory=list)

    async def say(self, **message: object) -> None:
        await self.socket.send_str(orjson.dumps(message).decode())

    async def until(self, kind: str) -> Json:
        """The next frame of that type; those before it are kept in `frames`."""
        async with asyncio.timeout(5):
            while True:
                message = await self.socket.receive()
                assert message.type is WSMsgType.TEXT, (message, self.frames)
                frame: Json = orjson.loads(message.data)
                self.frames.append(frame)
                if frame["type"] == kind:
                    return frame

    async def end(self) -> int | None:
        """The close code."""
        async with asyncio.timeout(5):
            while not self.socket.closed:
                message = await self.socket.receive()
                if message.type is WSMsgType.TEXT:
                    self.frames.append(orjson.loads(message.data))
        return self.socket.close_code


async def begin(line: Line) -> tuple[int, Json]:
    frame = await line.until("snapshot")
    return frame["seq"], frame["data"]

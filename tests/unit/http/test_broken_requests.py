"""What isn't HTTP, or isn't the body it says it is, is refused shortly and without a traceback."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import structlog
from aiohttp import BodyPartReader, ClientSession, web
from prometheus_client import CollectorRegistry

from triggerhub.http import Drain, create_app, create_runner
from triggerhub.observability import configure_logging


async def _whole(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def _pieces(request: web.Request) -> web.Response:
    if request.content.is_eof():
        return web.Response(body=request.content.read_nowait(-1))
    return web.Response(body=b"".join([chunk async for chunk in request.content.iter_any()]))


async def _parts(request: web.Request) -> web.Response:
    part = await (await request.multipart()).next()
    assert isinstance(part, BodyPartReader)
    return web.Response(body=await part.read())


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    app = create_app(
        routes=[web.post("/hooks/x", _pieces), web.post("/api/x", _whole),
                web.post("/api/parts", _parts)],
        registry=CollectorRegistry(),
        checks={},
        drain=Drain(),
    )  # fmt: skip
    runner = create_runner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What a hub would write into its log."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    configure_logging(form="json", stream=written)
    yield written
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.parametrize("path", ["/hooks/x", "/api/x", "/api/parts"])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_body_that_is_not_what_it_says(path: str, coding: str, lines: io.StringIO) -> None:
    headers = {"Content-Encoding": coding, "Content-Type": "multipart/form-data; boundary=b"}
    async with (
        served() as port,
        ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{port}{path}", data=b"\x01not packed" * 9, headers=headers
        ) as answer,
    ):
        assert answer.status == 400
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["code"] == "malformed"
    assert "Traceback" not in lines.getvalue()


NO_HTTP = {
    "bytes": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "long": b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    "no header": b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
}


@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP)
async def test_what_is_no_http(sent: bytes, lines: io.StringIO) -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        answer = await reader.read()
        writer.close()
    head = answer.partition(b"\r\n\r\n")[0]
    assert head.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
    assert b"Server: triggerhub" in head.split(b"\r\n")
    said = lines.getvalue()
    assert "Traceback" not in said
    assert '"level":"error"' not in said
    assert said.count("\n") <= 1

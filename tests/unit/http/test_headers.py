"""No answer says what it is made of, and none is a page where programs call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from triggerhub.http import Drain, create_app


async def _yes(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


@pytest.mark.parametrize(
    ("path", "status"), [("/hooks/x", 200), ("/hooks/404", 404), ("/api/x", 404), ("/healthz", 200)]
)
async def test_the_server_names_itself_alone(path: str, status: int) -> None:
    app = create_app(
        routes=[web.post("/hooks/x", _yes), web.get("/hooks/x", _yes)],
        registry=CollectorRegistry(),
        checks={},
        drain=Drain(),
    )
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(path)
        assert answer.status == status
        assert answer.headers["Server"] == "triggerhub"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/hooks/x", 405),
        ("HEAD", "/hooks/x", 405),
        ("PUT", "/api/x", 405),
        ("POST", "/hooks/y", 404),
        ("GET", "/hooks/", 404),
        ("GET", "/customers", 200),
        ("GET", "/customers/nobody", 404),
        ("GET", "/demo", 404),
    ],
)
async def test_the_console_answers_no_program(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    (tmp_path / "index.html").write_text("<title>console</title>")
    app = create_app(
        routes=[web.post("/hooks/x", _yes), web.post("/api/x", _yes)],
        registry=CollectorRegistry(),
        checks={},
        drain=Drain(),
        console_files=tmp_path,
        console_pages=re.compile("customers"),
    )
    async with TestClient(TestServer(app)) as client:
        answer = await client.request(method, path)
        assert answer.status == status
        assert answer.headers.get("Allow") == ("POST" if status == 405 else None)

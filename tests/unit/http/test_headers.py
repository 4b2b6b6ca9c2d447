"""No answer says what it is made of, a webhook's neither."""

from __future__ import annotations

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

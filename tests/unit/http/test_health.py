"""Whether the hub is ready, and what is said beside."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from triggerhub.domain.errors import Unavailable
from triggerhub.http import Drain, create_app
from triggerhub.http.health import Check


async def _well() -> None:
    pass


async def _stuck() -> None:
    raise Unavailable("nothing could be written for seconds")


async def _cut() -> None:
    raise ConnectionRefusedError


async def _not_reached() -> str:
    return "not reached"


@pytest.mark.parametrize(
    ("check", "drained", "status", "said"),
    [
        (_well, False, 200, {"database": "ok"}),
        (_stuck, False, 503, {"database": "nothing could be written for seconds"}),
        (_cut, False, 503, {"database": "ConnectionRefusedError"}),
        (_well, True, 503, {"database": "ok", "drain": "going down"}),
    ],
)
async def test_ready_is_who_says_so_of_each_part(
    check: Check, drained: bool, status: int, said: dict[str, str]
) -> None:
    drain = Drain()
    app = create_app(
        routes=[],
        registry=CollectorRegistry(),
        checks={"database": check},
        drain=drain,
        notes={"redis": _not_reached},
    )
    if drained:
        drain.begin()
    async with TestClient(TestServer(app)) as client, client.get("/readyz") as answer:
        assert answer.status == status
        assert answer.headers.get("Connection") == ("close" if drained else None)
        assert (await answer.json())["checks"] == {**said, "redis": "not reached"}


async def test_who_is_cut_off_is_told_why() -> None:
    """The drain may begin while the parts are asked: the answer that closes the line says so."""
    drain = Drain()

    async def ends_meanwhile() -> str:
        drain.begin()
        return "ok"

    app = create_app(
        routes=[],
        registry=CollectorRegistry(),
        checks={"database": _well},
        drain=drain,
        notes={"redis": ends_meanwhile},
    )
    async with TestClient(TestServer(app)) as client, client.get("/readyz") as answer:
        assert (answer.status, answer.headers["Connection"]) == (503, "close")

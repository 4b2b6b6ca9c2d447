"""The console's server on a real socket, over a house in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from agent_console.api.route import HubFace
from agent_console.live.hub import LiveHub
from agent_console.pages import PAGES
from agent_console.server import console_server
from agent_console.sessions import Sessions, hash_of
from tests.integration.console.served import PASSWORD, QUICK, Served
from tests.unit.console import scenes
from tests.unit.console.furnished import furnished
from tests.unit.console.house import House
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.permissions import Actor
from triggerhub.http import Drain, create_app, create_runner, problem_of


def peopled() -> House:
    """Everyone can sign in; ana holds cu_1's work in her queue, cu_2's waits in bo's."""
    house = furnished()
    hashed = QUICK.hash(PASSWORD)
    house.keys.passwords = dict.fromkeys(house.users, hashed)
    house.keys.tokens[hash_of("token-integration")] = Actor(id="tok_1", role="integration")
    house.keys.tokens[hash_of("token-admin")] = Actor(id="tok_2", role="admin")
    house.append(*scenes.new_work(house, "1", "cu_1", "qu_sales"))
    house.append(scenes.offered(house, "1", "of_1", "user_ana"))
    house.append(*scenes.accepted("1", "of_1", "user_ana", "qu_sales"))
    house.append(*scenes.new_work(house, "2", "cu_2", "qu_support"))
    for number, queue_id in (("1", "qu_sales"), ("2", "qu_support")):
        facts = {"customer_id": f"cu_{number}", "queue_id": queue_id}
        house.messages[f"me_{number}"] = facts | {
            "message_id": f"me_{number}", "raw_content": f"raw_{number}", "channel": "email",
            "parsed_content": None,
        }  # fmt: skip
        house.contents[f"raw_{number}"] = (facts | {"kind": "raw"}, b"raw bytes")
        house.contents[f"att_{number}"] = (
            facts | {"kind": "attachment", "media_type": "text/html", "filename": "x.html"},
            b"<script>alert(1)</script>",
        )
        house.htmls[f"me_{number}"] = ("<p>hello</p><script>alert(1)</script>", {})
    return house


@pytest.fixture
def house() -> House:
    return peopled()


@pytest.fixture
async def served(house: House, tmp_path: Path) -> AsyncIterator[Served]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>console</title>")
    (tmp_path / "assets" / "index-Ab3dEf9_.js").write_text("1")
    drain, ready = Drain(), {"up": True}

    async def database() -> None:
        if not ready["up"]:
            raise Unavailable("the database can't be reached")

    hub = LiveHub(house, house, house.clock, epoch="ep_1", every=timedelta(milliseconds=5))
    server = console_server(
        views=house,
        desk=house,
        tail=house,
        credentials=house.keys,
        accounts=house,
        presences=house,
        clock=house.clock,
        epoch="ep_1",
        face=HubFace(name=lambda: "Demo", timezone=lambda: "UTC", version="0.0.1"),
        describe=problem_of,
        sessions=Sessions(house.keys, house.clock, hasher=QUICK),
        hub=hub,
    )
    app = create_app(
        routes=server.routes,
        registry=CollectorRegistry(),
        checks={"database": database},
        drain=drain,
        console_files=tmp_path,
        console_pages=PAGES,
    )
    running = asyncio.create_task(server.run())
    async with Served.on(create_runner(app, drain_seconds=1), server, drain, ready) as found:
        yield found
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running

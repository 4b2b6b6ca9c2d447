"""Redis is configured and can't be reached: nothing is lost, and the node says so."""

from __future__ import annotations

import socket
from pathlib import Path

from aiohttp import ClientSession
from pydantic import SecretStr

from tests.integration.hub.company import company


async def test_a_node_without_its_redis_works_and_says_so(tmp_path: Path) -> None:
    with socket.socket() as nobody:  # bound and not listening: the port is surely refused
        nobody.bind(("127.0.0.1", 0))
        url = SecretStr(f"redis://127.0.0.1:{nobody.getsockname()[1]}/0")
        async with company(tmp_path, redis_url=url) as house, ClientSession(house.base) as session:
            async with session.get("/readyz") as answer:
                assert answer.status == 200
                said = (await answer.json())["checks"]
            assert said["database"] == said["router"] == "ok"
            assert "looks at the log itself" in said["redis"]
            async with session.get("/metrics") as answer:
                assert "triggerhub_stream_healthy 0.0" in await answer.text()


async def test_a_single_node_has_nothing_to_say_of_redis(tmp_path: Path) -> None:
    async with company(tmp_path) as house, ClientSession(house.base) as session:
        async with session.get("/readyz") as answer:
            assert set((await answer.json())["checks"]) == {"content", "database", "router"}
        async with session.get("/metrics") as answer:
            assert "triggerhub_stream_healthy 1.0" in await answer.text()

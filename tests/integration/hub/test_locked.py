"""Another process holds the database: who delivers is told in time, and so is who watches."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.integration.hub.company import Company, company
from triggerhub.bootstrap import core, edge
from triggerhub.domain.errors import Unavailable

CARRIER_WAITS = 15.0  # seconds, Twilio's


def test_a_delivery_is_refused_before_its_carrier_gives_up() -> None:
    """It may come while another has just begun to wait."""
    assert 2 * core.BUSY_MS / 1000 < CARRIER_WAITS - 2


async def _ready(house: Company, wanted: bool) -> dict[str, str]:
    """Write and ask until it says so; what it says of each part."""
    async with ClientSession(house.base) as session:
        for _ in range(200):
            with suppress(Unavailable):
                await house.core.store.write(lambda _tx: None)
            async with session.get("/readyz") as answer:
                if (answer.status == 200) == wanted:
                    found: dict[str, str] = (await answer.json())["checks"]
                    return found
    raise AssertionError(f"it never was ready={wanted}")


async def test_a_locked_database_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "BUSY_MS", 100)
    monkeypatch.setattr(edge, "STUCK", 0.3)
    async with company(tmp_path) as house:
        path = house.core.store.database.path
        assert path is not None
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert "written" in (await _ready(house, wanted=False))["database"]
            other.execute("ROLLBACK")
        await _ready(house, wanted=True)

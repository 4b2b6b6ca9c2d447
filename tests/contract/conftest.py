"""Each suite here runs once on every engine that may stand behind the same URL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from storage.store import Store
from storage.streams.memory import Bus
from tests.contract.houses import START, House
from triggerhub.domain.clock import ManualClock


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of this test's own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.db'}"
    return cast("str", request.getfixturevalue("postgres_url"))


@pytest.fixture
def empty_house(database_url: str, tmp_path: Path) -> House:
    return House(database_url, tmp_path, ManualClock(START), Bus())


@pytest.fixture
def house(empty_house: House) -> House:
    """With the schema of this release."""
    empty_house.migrate()
    return empty_house


@pytest.fixture
async def store(house: House) -> AsyncIterator[Store]:
    async with house.store() as made:
        yield made

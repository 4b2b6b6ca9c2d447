"""A company for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.hub.company import Company, company


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Company]:
    async with company(tmp_path) as found:
        yield found

"""The list of customers in a real browser: as it is, without being loaded anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.hub_process import NUMBER
from tests.acceptance.shift import Stage, enter, on_stage, words
from tests.services.browser import OpenPage

FIRST, SECOND = "+15550100041", "+15550100042"

pytestmark = pytest.mark.browser


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(tmp_path) as stage:
        yield stage


async def shows(page: Page, *texts: str) -> None:
    """The rows from above, by where they stand on the screen."""
    rows = page.locator("aside a.row")
    await expect(rows).to_have_count(len(texts))
    for text in texts:
        await expect(rows.filter(has_text=text)).to_be_visible()
    tops = [(await rows.filter(has_text=text).bounding_box() or {"y": -1.0})["y"] for text in texts]
    assert tops == sorted(tops), texts


async def test_an_open_list_of_customers_follows_what_comes(
    stage: Stage, open_page: OpenPage
) -> None:
    """What others' customers write too; and nothing moves under the pointer."""
    say = words("en")
    assert (await stage.carrier.customer_sends(FIRST, NUMBER, "First words")).ok
    page = await open_page("en-GB", (1280, 720))
    await enter(page, stage.hub, say, "customers", "ann")
    await shows(page, "First words")
    assert (await stage.carrier.customer_sends(SECOND, NUMBER, "Second words")).ok
    await shows(page, "Second words", "First words")
    await page.locator("aside a.row", has_text="Second words").hover()
    assert (await stage.carrier.customer_sends(FIRST, NUMBER, "Third words")).ok
    await shows(page, "Second words", "Third words")
    await expect(page.get_by_role("button", name=say("customers.newer"))).to_be_visible()
    await page.mouse.move(900, 400)
    await expect(page.get_by_role("button", name=say("customers.newer"))).to_be_hidden()
    await shows(page, "Third words", "Second words")

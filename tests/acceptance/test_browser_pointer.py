"""Nothing moves under the pointer of an agent, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.acceptance.hub_process import MAILBOX, NUMBER
from tests.acceptance.shift import Stage, offer, on_stage, sign_in, words

PHONE, SENDER = "+15550100042", "ada@customer.example"

pytestmark = pytest.mark.browser


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(tmp_path) as stage:
        yield stage


async def top(row: Locator) -> float:
    box = await row.bounding_box()
    assert box is not None
    return box["y"]


async def test_offers_come_and_go_but_nothing_moves_under_the_pointer(
    stage: Stage, page: Page
) -> None:
    say = words("en")
    await sign_in(page, stage.hub, say)
    queues = page.get_by_role("region", name=say("queues.mine")).get_by_role("listitem")
    await queues.hover()
    stands = await top(queues)
    # Two are offered while somebody points at the list.
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "First words")).ok
    await expect(offer(page, say).filter(has_text="First words")).to_be_in_viewport(ratio=1)
    assert (await stage.mailbox.customer_mails(SENDER, MAILBOX, "A lamp", "Second words")).ok
    await expect(offer(page, say)).to_have_count(2)
    assert await top(queues) == stands
    # The first is accepted by two clicks: the second click finds nothing to take.
    button = offer(page, say).first.get_by_role("button", name=say("offer.accept"))
    box = await button.bounding_box()
    assert box is not None
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.click(*at)
    await expect(page.get_by_text(say("offer.accepted"), exact=True)).to_be_visible()
    await page.mouse.click(*at)
    await page.mouse.click(*at)
    await page.mouse.move(900, 400)
    await expect(page.get_by_text(say("offer.accepted"), exact=True)).to_have_count(0)
    await expect(offer(page, say)).to_have_count(1)
    await expect(page.locator("a.row")).to_have_count(1)

"""A small window, and with it every window at a high zoom, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.hub_process import MAILBOX, NUMBER
from tests.acceptance.shift import Stage, enter, entry, offer, on_stage, sign_in, words
from tests.services.browser import OpenPage

PHONE, SENDER = "+15550100042", "ada@customer.example"

pytestmark = pytest.mark.browser


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(tmp_path) as stage:
        yield stage


async def fits(page: Page, width: int) -> bool:
    found = await page.evaluate("document.documentElement.scrollWidth")
    return bool(found == width)


async def test_one_column_at_a_time_is_shown(stage: Stage, open_page: OpenPage) -> None:
    """As a wide window does at a zoom of 200 %: everything can be reached, nothing is cut off."""
    say = words("zh-CN")
    page = await open_page("zh-CN", (640, 360))
    await sign_in(page, stage.hub, say, "?lang=zh")
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "包裹在哪里")).ok
    await offer(page, say).get_by_role("button", name=say("offer.accept")).click()
    await expect(entry(page, "包裹在哪里")).to_be_in_viewport()
    await expect(page.get_by_role("button", name=say("act.wrapUp"))).to_be_in_viewport(ratio=1)
    await expect(page.get_by_role("heading", level=1)).to_be_in_viewport(ratio=1)
    assert await fits(page, 640)
    await page.get_by_role("button", name=say("act.back")).click()
    await expect(page.locator("a.row")).to_be_in_viewport()
    await expect(entry(page, "包裹在哪里")).to_be_hidden()
    await page.locator("a.row").click()
    await expect(entry(page, "包裹在哪里")).to_be_in_viewport()
    await page.get_by_role("button", name=say("settings.title")).click()
    leave = page.get_by_role("menuitem", name=say("settings.signOut"))
    await leave.scroll_into_view_if_needed()
    await expect(leave).to_be_in_viewport(ratio=1)


async def test_an_offer_is_seen_and_taken_over_other_work(
    stage: Stage, open_page: OpenPage
) -> None:
    """It lies over the top of what was said; where one writes and presses nothing moves."""
    say = words("en")
    page = await open_page("en-GB", (390, 844))
    await sign_in(page, stage.hub, say)
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "First words")).ok
    await offer(page, say).get_by_role("button", name=say("offer.accept")).click()
    field = page.get_by_role("textbox", name=say("reply.write"))
    await field.fill("Half an answer")
    send = page.locator(".composer .btn-primary")
    await expect(send).to_be_in_viewport(ratio=1)
    assert await fits(page, 390)
    stood = await field.bounding_box(), await entry(page, "First words").bounding_box()
    assert (await stage.mailbox.customer_mails(SENDER, MAILBOX, "A lamp", "Second words")).ok
    held_out = offer(page, say)
    take = held_out.get_by_role("button", name=say("offer.accept"))
    await expect(held_out).to_contain_text("Second words")
    for name in ("offer.accept", "offer.decline", "offer.look"):
        button = held_out.get_by_role("button", name=say(name))
        await expect(button).to_be_in_viewport(ratio=1)
    await expect(field).to_be_focused()
    assert (await field.bounding_box(), await entry(page, "First words").bounding_box()) == stood
    # Shown once, wherever one is.
    await page.get_by_role("button", name=say("act.back")).click()
    await expect(held_out).to_have_count(1)
    await expect(take).to_be_in_viewport(ratio=1)
    await page.locator("a.row").click()
    await expect(field).to_have_value("Half an answer")
    await take.click()
    await expect(entry(page, "Second words")).to_be_in_viewport()
    await expect(held_out).to_have_count(0)
    assert await fits(page, 390)


async def test_why_no_more_work_comes_is_answered_with_work_in_hand(
    stage: Stage, open_page: OpenPage
) -> None:
    say = words("en")
    page = await open_page("en-GB", (390, 844))
    await sign_in(page, stage.hub, say)
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "First words")).ok
    await offer(page, say).get_by_role("button", name=say("offer.accept")).click()
    await expect(entry(page, "First words")).to_be_in_viewport()
    await page.get_by_role("button", name=say("act.back")).click()
    await page.get_by_role("button", name=say("work.why")).click()
    answer = page.get_by_role("heading", name=say("empty.title"))
    await expect(answer).to_be_in_viewport(ratio=1)
    # What comes meanwhile is seen, and takes nobody away from the answer.
    assert (await stage.mailbox.customer_mails(SENDER, MAILBOX, "A lamp", "Second words")).ok
    take = offer(page, say).get_by_role("button", name=say("offer.accept"))
    await expect(take).to_be_in_viewport(ratio=1)
    await expect(answer).to_be_in_viewport(ratio=1)
    await page.get_by_role("button", name=say("act.back")).click()
    await expect(page.locator("a.row")).to_be_in_viewport()
    await expect(answer).to_be_hidden()
    await take.click()
    await expect(entry(page, "Second words")).to_be_in_viewport()


async def test_all_of_the_board_and_of_what_needs_attention_can_be_reached(
    stage: Stage, open_page: OpenPage
) -> None:
    say = words("en")
    page = await open_page("en-GB", (390, 600))
    await stage.mailbox.send_raw(b"\0\1\2\r\n", SENDER, (MAILBOX,))
    await enter(page, stage.hub, say, "attention", "sue")
    dismiss = page.get_by_role("button", name=say("attention.dismiss"))
    await expect(dismiss).to_be_in_viewport(ratio=1)
    assert await fits(page, 390)
    await page.get_by_role("link", name=say("rail.supervisor")).click()
    full = page.get_by_role("button", name=say("board.full"))
    await expect(full).to_be_in_viewport(ratio=1)
    agents = page.get_by_role("region", name=say("board.agents"))
    for name in ("Ann", "Ben"):
        row = agents.get_by_role("button").filter(has_text=name)
        await row.scroll_into_view_if_needed()
        await expect(row).to_be_in_viewport(ratio=1)
    assert await fits(page, 390)

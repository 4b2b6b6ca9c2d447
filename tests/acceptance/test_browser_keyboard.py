"""Work by keyboard, in a small window and on several pages of one browser, in a real browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.hub_process import MAILBOX, NUMBER, PASSWORD
from tests.acceptance.shift import Stage, accept, entry, offer, on_stage, sign_in, words
from tests.services.browser import OpenPage

PHONE = "+15550100042"
FOCUSED = "document.activeElement.tagName"

pytestmark = pytest.mark.browser


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(tmp_path) as stage:
        yield stage


async def test_the_focus_is_never_lost_and_what_comes_in_is_told(stage: Stage, page: Page) -> None:
    say = words("en")
    await sign_in(page, stage.hub, say)
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "First words")).ok
    await accept(page, say, "First words")
    field = page.get_by_role("textbox", name=say("reply.write"))
    await expect(field).to_be_focused()
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Are you there?")).ok
    told = page.locator("[aria-live=polite]", has_text="Are you there?")
    await expect(told).to_be_attached()
    await expect(field).to_be_focused()
    # Sent and taken back without leaving the field.
    await field.fill("Too early")
    await field.press("Control+Enter")
    await expect(page.get_by_role("button", name=say("undo.undo"))).to_be_visible()
    await field.press("Control+z")
    await expect(field).to_have_value("Too early")
    await field.fill("")
    await field.press("Escape")
    await page.keyboard.press("e")
    panel = page.get_by_role("region", name=say("wrapUp.title"))
    await expect(panel).to_be_focused()
    code = panel.get_by_role("radio", name=say("code.delivery"))
    await code.press("Enter")
    await expect(code).to_be_checked()
    await code.press("Enter")
    await expect(panel).to_have_count(0)
    await expect(page.get_by_role("main")).to_be_focused()
    # An offer that is declined by its button leaves the focus where it stood.
    assert (await stage.carrier.customer_sends("+15550100043", NUMBER, "Second words")).ok
    await offer(page, say).get_by_role("button", name=say("offer.decline")).press("Enter")
    await expect(offer(page, say)).to_have_count(0)
    assert await page.evaluate(FOCUSED) == "ASIDE"


async def test_a_small_window_shows_one_column_at_a_time(stage: Stage, open_page: OpenPage) -> None:
    """As a wide one does at a zoom of 200 %: everything can be reached, nothing is cut off."""
    say = words("zh-CN")
    page = await open_page("zh-CN", (640, 360))
    await sign_in(page, stage.hub, say, "?lang=zh")
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "包裹在哪里")).ok
    await offer(page, say).get_by_role("button", name=say("offer.accept")).click()
    await expect(entry(page, "包裹在哪里")).to_be_in_viewport()
    await expect(page.get_by_role("button", name=say("act.wrapUp"))).to_be_in_viewport(ratio=1)
    await expect(page.get_by_role("heading", level=1)).to_be_in_viewport(ratio=1)
    assert await page.evaluate("document.documentElement.scrollWidth") == 640
    sender = "ada@customer.example"
    assert (await stage.mailbox.customer_mails(sender, MAILBOX, "台灯", "不亮了")).ok
    await page.get_by_role("button", name=re.compile(say("act.back"))).click()
    held_out = offer(page, say)
    await expect(held_out.get_by_role("button", name=say("offer.look"))).to_be_in_viewport(ratio=1)
    await page.locator("a.row").first.click()
    await expect(entry(page, "包裹在哪里")).to_be_in_viewport()
    await expect(held_out).to_be_hidden()


async def test_a_page_ends_when_somebody_else_signs_in_on_another(stage: Stage, page: Page) -> None:
    """One browser has one session: the first page must not go on in a name that isn't its own."""
    say = words("en")
    await sign_in(page, stage.hub, say)
    other = await page.context.new_page()
    await other.goto(f"{stage.hub.base}/login")
    await other.get_by_label(say("login.user")).fill("ben")
    await other.get_by_label(say("login.password"), exact=True).fill(PASSWORD)
    await other.get_by_role("button", name=say("login.enter")).click()
    await expect(other.get_by_role("navigation", name=say("rail.title"))).to_be_visible()
    await expect(page.get_by_text(say("login.ended"))).to_be_visible()

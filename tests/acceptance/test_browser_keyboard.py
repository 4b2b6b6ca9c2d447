"""Work by keyboard and on several pages of one browser, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.hub_process import MAILBOX, NUMBER, PASSWORD
from tests.acceptance.shift import Stage, accept, offer, on_stage, sign_in, words

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


async def test_the_keyboard_comes_back_from_a_formatted_mail(stage: Stage, page: Page) -> None:
    """The frame is of another origin and passes on nothing that is pressed: the page says so."""
    say = words("en")
    await sign_in(page, stage.hub, say)
    html = "<p>It does not light. <a href='https://lamp.example/'>The lamp</a></p>"
    sent = await stage.mailbox.customer_mails(
        "ada@customer.example", MAILBOX, "A lamp", "It does not light.", html=html
    )
    assert sent.ok
    await accept(page, say, "It does not light.")
    await page.get_by_role("button", name=say("timeline.formatted")).click()
    frame = page.locator("iframe")
    await expect(frame).not_to_have_css("height", "160px")  # it has told how high it is
    held, leave = (
        page.get_by_text(say("timeline.mailHoldsKeys")),
        page.get_by_role("button", name=say("timeline.mailLeave")),
    )
    await expect(held).to_have_count(0)
    height = await page.locator("article.entry").bounding_box()
    await frame.click(position={"x": 40, "y": 8})
    await expect(held).to_be_visible()
    assert await page.locator("article.entry").bounding_box() == height
    await leave.click()
    await expect(held).to_have_count(0)
    await page.keyboard.press("n")
    field = page.get_by_role("textbox", name=say("note.write"))
    await expect(field).to_be_focused()
    # By Tab alone one comes through the mail and out of it.
    await field.press("Escape")
    await page.get_by_role("log").focus()
    for _ in range(3):
        await page.keyboard.press("Tab")
        if await page.evaluate(FOCUSED) == "IFRAME":
            break
    await expect(held).to_be_visible()
    await page.keyboard.press("Tab")
    if await page.evaluate(FOCUSED) == "IFRAME":  # its document is a stop, and then its link
        await page.keyboard.press("Tab")
    await expect(held).to_have_count(0)
    await page.keyboard.press("r")
    await expect(page.get_by_role("textbox", name=say("reply.write"))).to_be_focused()


async def test_one_choice_of_several_is_made_by_the_arrows(stage: Stage, page: Page) -> None:
    say = words("en")
    await sign_in(page, stage.hub, say)
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "First words")).ok
    await accept(page, say, "First words")
    await expect(page.get_by_role("textbox", name=say("reply.write"))).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("e")
    panel = page.get_by_role("region", name=say("wrapUp.title"))
    await expect(panel).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowRight")
    chosen = panel.get_by_role("radio", name=say("code.delivery"))
    await expect(chosen).to_be_focused()
    await expect(chosen).to_be_checked()
    await page.keyboard.press("Tab")
    await expect(panel.get_by_role("radio", name=say("disposition.solved"))).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(panel.get_by_role("radio", name=say("followUp.none"), exact=True)).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Tab")
    await expect(panel.get_by_role("button", name=say("wrapUp.done"))).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(panel).to_have_count(0)
    await page.goto(f"{stage.hub.base}/customers")
    await page.get_by_role("link", name="First words").click()
    planned = say("system.scheduled").partition("{")[0]
    await expect(page.get_by_role("log").get_by_text(planned)).to_be_visible()


async def test_one_goes_into_the_card_and_back_to_where_one_was(stage: Stage, page: Page) -> None:
    """Beside the timeline, and where it is opened over it."""
    say = words("en")
    await sign_in(page, stage.hub, say)
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "First words")).ok
    await accept(page, say, "First words")
    card = page.get_by_role("complementary", name=say("card.title"))
    wrap_up = page.get_by_role("button", name=say("act.wrapUp"))
    for width in (1440, 1024):
        await page.set_viewport_size({"width": width, "height": 768})
        await wrap_up.focus()
        await page.keyboard.press("c")
        await expect(card).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Escape")
        await expect(wrap_up).to_be_focused()
    await expect(card).to_have_count(0)


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

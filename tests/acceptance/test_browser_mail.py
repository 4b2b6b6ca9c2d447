"""A formatted mail in its frame, in a real browser."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Frame, Page, Route, expect

from tests.acceptance.hub_process import MAILBOX
from tests.acceptance.shift import Say, Stage, accept, on_stage, sign_in, words

SENDER = "ada@customer.example"
# One white pixel; the mail says how large it is shown.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII="
)
HOSTILE = """
<script>window.taken = 1</script><img src="x" onerror="window.taken = 2">
<svg onload="window.taken = 3"></svg><details open ontoggle="window.taken = 4"></details>
<iframe srcdoc="<script>parent.taken = 5</script>"></iframe>
<iframe src="javascript:parent.taken = 6"></iframe>
<a id="link" target="_self" href="javascript:window.taken = 7">link</a>
"""
# Fulfilled when for thirty pictures no mail has said how high it is.
AT_REST = """() => new Promise((done) => {
  let said = 0, still = 0
  const look = () => {
    still = said > 0 && heights.length === said ? still + 1 : 0
    said = heights.length
    if (still < 30) requestAnimationFrame(look)
    else done()
  }
  look()
})"""

pytestmark = pytest.mark.browser


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(tmp_path) as stage:
        yield stage


async def opened(stage: Stage, page: Page, say: Say, html: str) -> Frame:
    """The frame of a mail that was taken in hand and is shown as it was sent."""
    sent = await stage.mailbox.customer_mails(SENDER, MAILBOX, "A lamp", "It is dark.", html=html)
    assert sent.ok
    await accept(page, say, "It is dark.")
    await page.get_by_role("button", name=say("timeline.formatted")).click()
    frame = await (await page.locator("iframe").element_handle()).content_frame()
    assert frame is not None
    await frame.wait_for_url("**/messages/*/html*")
    return frame


async def becomes(frame: Frame, condition: str) -> None:
    """Asked from outside again and again: within, the policy lets nothing be evaluated."""
    async with asyncio.timeout(20):
        while not await frame.evaluate(condition):
            pass


async def all_of_it_is_seen(frame: Frame) -> None:
    await becomes(frame, "document.body && innerHeight === document.body.scrollHeight")


async def test_a_mail_is_as_high_as_it_is_whatever_comes_later(stage: Stage, page: Page) -> None:
    say = words("en")
    await sign_in(page, stage.hub, say)

    async def picture(route: Route) -> None:
        await route.fulfill(body=PIXEL, content_type="image/png")

    await page.route("https://cdn.example/*", picture)
    high = "<p style='height:700px'>A long letter</p>"
    frame = await opened(
        stage, page, say, f"{high}<img width='300' src='https://cdn.example/lamp.png'>"
    )
    await all_of_it_is_seen(frame)
    # One reads on where it begins.
    await expect(page.locator("article.entry .subject")).to_be_in_viewport(ratio=1)
    blocked = page.get_by_text(
        say("timeline.imagesBlocked").partition(" | ")[0].replace("{n}", "1")
    )
    await expect(blocked).to_be_visible()
    before = await frame.evaluate("innerHeight")
    async with page.expect_event("framenavigated"):
        await page.locator(".gate").get_by_role("button", name=say("act.show")).click()
    await frame.wait_for_load_state()
    await becomes(frame, f"innerHeight >= {before + 250}")
    await all_of_it_is_seen(frame)
    await expect(blocked).to_have_count(0)
    # What was short is not left half empty, and a narrower window makes it higher.
    await page.set_viewport_size({"width": 560, "height": 800})
    await all_of_it_is_seen(frame)


async def test_images_are_offered_only_where_there_are_some(stage: Stage, page: Page) -> None:
    say = words("en")
    await sign_in(page, stage.hub, say)
    frame = await opened(stage, page, say, "<p>A short letter</p>")
    await all_of_it_is_seen(frame)
    assert await frame.evaluate("innerHeight") < 100
    await expect(page.locator(".gate")).to_have_count(0)


async def uncleaned(page: Page, html: str) -> None:
    """Every mail says this too, as if it had got past the cleaner."""

    async def answer(route: Route) -> None:
        cleaned = await route.fetch()
        body = (await cleaned.text()).replace("</body>", f"{html}</body>")
        await route.fulfill(response=cleaned, body=body)

    await page.route("**/messages/*/html*", answer)


async def test_a_mail_whose_height_goes_against_the_frames_comes_to_rest(
    stage: Stage, page: Page
) -> None:
    say = words("en")
    await sign_in(page, stage.hub, say)
    await page.evaluate(
        "heights = []; addEventListener('message', ({ data }) => heights.push(data.height))"
    )
    await uncleaned(page, "<div style='height:calc(1500px - 100cqh)'></div>")
    frame = await opened(stage, page, say, "<p>A restless letter</p>")
    async with asyncio.timeout(20):
        await page.evaluate(AT_REST)
    heights = await page.evaluate("heights")
    assert heights.count(heights[-1]) > 10, "it did go up and down"
    assert await frame.evaluate("innerHeight") == heights[-1] == max(heights)


async def test_no_script_of_a_mail_runs_even_if_it_was_not_cleaned(
    stage: Stage, page: Page
) -> None:
    say = words("en")
    await sign_in(page, stage.hub, say)
    await uncleaned(page, HOSTILE)
    frame = await opened(stage, page, say, "<p>A hostile letter</p>")
    await all_of_it_is_seen(frame)  # our own script runs
    await frame.locator("#link").click()
    assert await frame.evaluate("[window.taken, window.origin]") == [None, "null"]
    assert await page.evaluate("window.taken") is None

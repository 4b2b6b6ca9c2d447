"""Mail that only claims to be from a known customer, in a real browser."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.async_api import APIRequestContext, Locator, Page, expect

from tests.acceptance.hub_process import MAILBOX, NUMBER, PASSWORD, HubProcess
from tests.acceptance.shift import (
    Say,
    Stage,
    accept,
    enter,
    entry,
    offer,
    on_stage,
    sign_in,
    words,
)
from tests.services.browser import OpenPage

CUSTOMER = "ada@customer.example"
FORGED = "Please send me a copy of my last bill."
HISTORY = 30
PHONE = "+15550100042"

pytestmark = pytest.mark.browser


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(tmp_path) as stage:
        yield stage


async def known_customer(stage: Stage, ben: APIRequestContext, matters: int = HISTORY) -> None:
    """A customer with a history, that a colleague has dealt with."""
    base = stage.hub.base
    answer = await ben.post(f"{base}/api/v1/session", data={"login": "ben", "password": PASSWORD})
    headers = {"X-CSRF-Token": (await answer.json())["csrf"]}

    async def ask(name: str, **data: str) -> str | None:
        answer = await ben.post(f"{base}/api/v1/commands/{name}", data=data, headers=headers)
        assert answer.ok, await answer.text()
        found = (await answer.json()) or {}
        return str(found["interaction_id"]) if found.get("interaction_id") else None

    await ask("presence.set", presence="busy")
    for number in range(matters):
        sent = await stage.mailbox.customer_mails(
            CUSTOMER, MAILBOX, f"Matter {number}", f"Words {number}\n" * 5, name="Ada Lamp"
        )
        assert sent.ok
        async with asyncio.timeout(20):
            while await ask("work.take_next") is None:
                pass  # it is on its way into the queue


def forge(hub: HubProcess, words: str) -> None:
    """From an address that the hub doesn't trust to say who it is."""
    mail = EmailMessage()
    mail["From"] = f"Ada Lamp <{CUSTOMER}>"
    mail["To"] = MAILBOX
    mail["Subject"] = words
    mail["Message-ID"] = f"<{words.replace(' ', '-')}@elsewhere.example>"
    mail.set_content(words)
    with smtplib.SMTP("127.0.0.1", hub.smtp_port, source_address=("127.0.0.2", 0)) as smtp:
        smtp.send_message(mail)


# The likely customer's timeline comes as many pictures late as `pictures` says.
LATE = """
const fetched = window.fetch
window.fetch = async (...all) => {
  const answer = await fetched(...all)
  if (String(all[0]).includes('/timeline') && (await answer.clone().json()).items.length > 9) {
    for (let left = Number(localStorage.pictures ?? 0); left > 0; left--) {
      await new Promise((next) => requestAnimationFrame(next))
    }
  }
  return answer
}
"""


async def test_what_is_not_proven_is_on_the_screen_with_its_warning(
    stage: Stage, page: Page, open_page: OpenPage
) -> None:
    """Whenever the likely customer's history, which belongs above it, comes after it."""
    say = words("en")
    await known_customer(stage, (await open_page()).context.request)
    await page.add_init_script(LATE)
    await sign_in(page, stage.hub, say)
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Where is my parcel?")).ok
    await accept(page, say, "Where is my parcel?")
    for pictures in range(5):
        # What was held of the customer is gone with the page.
        await page.evaluate("(pictures) => { localStorage.pictures = pictures }", pictures)
        await page.goto(page.url.partition("#")[0])
        mail = f"Please send me my bill {pictures}"
        await expect(entry(page, "Where is my parcel?")).to_be_visible()
        await asyncio.to_thread(forge, stage.hub, mail)
        held_out = offer(page, say)
        await expect(held_out).to_contain_text(mail)
        await page.keyboard.press("p")
        await expect(entry(page, mail)).to_be_in_viewport(ratio=1)
        await expect(banner(page, say)).to_be_in_viewport(ratio=1)
        await page.keyboard.press("d")
        await expect(held_out).to_have_count(0)
        await page.go_back()


def banner(page: Page, say: Say) -> Locator:
    return page.get_by_role("region", name=say("proof.title"))


async def test_nobody_overlooks_that_a_sender_is_not_proven(
    stage: Stage, page: Page, open_page: OpenPage
) -> None:
    """On the offer, in the lists, over the timeline at any width, beside it, and in the answer."""
    say = words("en")
    await known_customer(stage, (await open_page()).context.request, matters=9)
    await sign_in(page, stage.hub, say)
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Where is my parcel?")).ok
    await accept(page, say, "Where is my parcel?")
    await asyncio.to_thread(forge, stage.hub, FORGED)
    held_out = offer(page, say)
    await expect(held_out.locator(".proof-mark")).to_be_visible()
    await held_out.get_by_role("button", name=say("offer.accept")).click()
    claim = entry(page, FORGED).filter(has=page.locator(".proof-mark"))
    await expect(claim).to_be_visible()
    listed = page.locator("a.row").filter(has=page.locator(".proof-mark"))
    await expect(listed).to_have_count(1)
    await expect(page.locator("a.row")).to_have_count(2)
    answer = page.locator(".composer").get_by_text(CUSTOMER).last
    for width in (1440, 1024, 560):
        await page.set_viewport_size({"width": width, "height": 768})
        await expect(banner(page, say)).to_be_in_viewport(ratio=1)
        await expect(banner(page, say)).to_contain_text("Ada Lamp")
        await expect(page.locator("header .proof-mark")).to_be_in_viewport(ratio=1)
        await expect(answer).to_be_in_viewport(ratio=1)
        # However far up one reads in what is the likely customer's.
        await page.get_by_role("log").hover()
        await page.mouse.wheel(0, -2000)
        theirs = entry(page, "Words 0")
        await expect(theirs).to_be_in_viewport()
        await expect(theirs.locator(".proof-mark")).to_have_count(0)
        await expect(banner(page, say)).to_be_in_viewport(ratio=1)
    board = await open_page()
    await enter(board, stage.hub, say, "supervisor", "sue")
    await board.get_by_role("region", name=say("board.agents")).get_by_text("Ann").click()
    drawer = board.get_by_role("complementary").filter(has_text=FORGED)
    await expect(drawer.get_by_role("img", name=say("proof.title"))).to_have_count(1)
    await board.get_by_role("link", name=say("rail.customers")).click()
    people = board.locator("aside a.row")
    await expect(people).to_have_count(3)
    await expect(people.get_by_role("img", name=say("proof.title"))).to_have_count(1)
    # An agent's word ends it everywhere, for what was said so far.
    await banner(page, say).get_by_role("button", name=say("proof.them")).click()
    await expect(banner(page, say)).to_have_count(0)
    await page.reload()
    await expect(entry(page, FORGED)).to_contain_text(say("proof.settled"))
    await expect(page.locator(".proof-mark")).to_have_count(0)


async def test_a_wrong_word_is_taken_back_on_the_card(
    stage: Stage, page: Page, open_page: OpenPage
) -> None:
    say = words("en")
    await known_customer(stage, (await open_page()).context.request, matters=1)
    await sign_in(page, stage.hub, say)
    await asyncio.to_thread(forge, stage.hub, FORGED)
    await accept(page, say, FORGED)
    await banner(page, say).get_by_role("button", name=say("proof.them")).click()
    await expect(banner(page, say)).to_have_count(0)
    card = page.get_by_role("complementary", name=say("card.title"))
    given = card.locator(".row").filter(has_text=say("identityWhy.agent"))
    await expect(given).to_contain_text(CUSTOMER)
    await given.get_by_role("button", name=say("identity.undoOf").partition("{")[0]).click()
    await expect(banner(page, say)).to_contain_text("Ada Lamp")
    await expect(given).to_have_count(0)

"""An agent's shift in a real browser, in both languages, and a hub that dies in its midst."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.acceptance.hub_process import MAILBOX, NUMBER, PASSWORD, HubProcess, seed
from tests.services.browser import OpenPage
from triggerhub.demo.carrier import Carrier
from triggerhub.demo.carrier_message import Step
from triggerhub.demo.mailbox import Mailbox

WORDS = Path("agent_console/web/src/i18n")
PHONE = "+15550100042"
PATIENCE = 20_000  # ms; the undo of five seconds is within it

pytestmark = pytest.mark.browser
Say = Callable[[str], str]


def words(language: str) -> Say:
    """The console's own sentences, so that a test speaks as the page does."""
    known: dict[str, Any] = json.loads((WORDS / f"{language}.json").read_text())

    def say(key: str) -> str:
        found: Any = known
        for part in key.split("."):
            found = found[part]
        return str(found)

    return say


@dataclass(slots=True, kw_only=True)
class Stage:
    hub: HubProcess
    carrier: Carrier
    mailbox: Mailbox


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    # Slow enough that each state is seen before the next one comes.
    plan = (Step(status="sent"), Step(status="delivered", after=0.5))
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(Carrier(plan=plan))
        mailbox = await stack.enter_async_context(Mailbox())
        hub = HubProcess(
            folder=tmp_path,
            seed=seed({"ann": "agent", "ben": "agent"}),
            settings={"relay_url": mailbox.relay_url, "twilio_api_url": carrier.url},
        )
        carrier.add_account(hub.carrier_account())
        mailbox.hub_port = hub.smtp_port
        stack.push_async_callback(hub.end)
        await hub.open()
        yield Stage(hub=hub, carrier=carrier, mailbox=mailbox)


async def _sign_in(page: Page, hub: HubProcess, say: Say, query: str = "") -> None:
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    await page.goto(f"{hub.base}/{query}")
    await page.get_by_label(say("login.user")).fill("ann")
    await page.get_by_label(say("login.password"), exact=True).fill(PASSWORD)
    await page.get_by_role("button", name=say("login.enter")).click()
    menu = say("presence.menu").partition("{")[0].strip()
    await page.get_by_role("button", name=re.compile(menu)).click()
    await page.get_by_role("menuitem", name=say("presence.available")).first.click()


def _offer(page: Page, say: Say) -> Locator:
    return page.get_by_role("article", name=re.compile(say("offer.from").partition("{")[0].strip()))


def _entry(page: Page, text: str) -> Locator:
    """What the timeline shows of one message; the list of work repeats its words elsewhere."""
    return page.locator("article.entry", has_text=text)


async def _accept(page: Page, say: Say, text: str) -> None:
    offer = _offer(page, say)
    await expect(offer).to_contain_text(text)
    await offer.get_by_role("button", name=say("offer.accept")).click()
    await expect(_entry(page, text)).to_be_visible()


async def _reply(page: Page, say: Say, text: str) -> None:
    field = page.get_by_role("textbox", name=say("reply.write"))
    await field.fill(text)
    await field.press("Control+Enter")


@pytest.mark.parametrize(("language", "query"), [("en", ""), ("zh-CN", "?lang=zh")])
async def test_a_text_is_offered_accepted_answered_and_followed_up(
    stage: Stage, page: Page, language: str, query: str
) -> None:
    say = words(language)
    await _sign_in(page, stage.hub, say, query)
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Where is my parcel? 包裹在哪里")).ok
    await _accept(page, say, "Where is my parcel?")
    await _reply(page, say, "On its way. 在路上。")
    answer = _entry(page, "On its way.")
    await expect(answer).to_contain_text(say("delivery.delivered"))
    (received,) = [m for m in stage.carrier.phone(PHONE) if m.direction != "inbound"]
    assert received.body == "On its way. 在路上。"
    assert received.statuses[-2:] == ["sent", "delivered"]
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Thank you!")).ok
    await expect(_entry(page, "Thank you!")).to_be_visible()
    await expect(_offer(page, say)).to_have_count(0)


async def test_a_mail_is_answered_and_its_answer_comes_into_the_same_conversation(
    stage: Stage, page: Page
) -> None:
    say = words("en")
    await _sign_in(page, stage.hub, say)
    sent = await stage.mailbox.customer_mails(
        "ada@customer.example", MAILBOX, "A broken lamp", "It does not light.", name="Ada Lamp"
    )
    assert sent.ok
    await _accept(page, say, "It does not light.")
    await _reply(page, say, "We send you another one.")
    await expect(_entry(page, "We send you another one.")).to_contain_text(say("delivery.sent"))
    (mail,) = stage.mailbox.inbox("ada@customer.example")
    assert mail.header("In-Reply-To") == sent.message_id
    assert (await stage.mailbox.customer_replies(mail, "Thank you, that is kind.")).ok
    await expect(_entry(page, "Thank you, that is kind.")).to_be_visible()
    await expect(_offer(page, say)).to_have_count(0)


async def test_nothing_is_missing_after_the_hub_was_killed(
    stage: Stage, page: Page, open_page: OpenPage
) -> None:
    """The page stays open, is never loaded again, and what happened meanwhile is on it."""
    say = words("en")
    hub = stage.hub
    await _sign_in(page, hub, say)
    await page.evaluate("window.stayed = true")
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "First words")).ok
    await _accept(page, say, "First words")
    hub.kill()
    await hub.gone()
    await expect(page.get_by_text(say("net.lost").partition("{")[0].strip())).to_be_visible()
    # Written while the hub is away: kept, sent when it is back, and sent once.
    await _reply(page, say, "Written in the dark")
    await hub.open()
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Words before it came back")).ok
    await expect(_entry(page, "Words before it came back")).to_be_visible()
    answer = _entry(page, "Written in the dark")
    await expect(answer).to_contain_text(say("delivery.delivered"))
    hub.kill()
    await hub.gone()
    await hub.open()
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Words after the second")).ok
    await expect(_entry(page, "Words after the second")).to_be_visible()
    for text in ("First words", "Written in the dark", "Words before", "Words after"):
        await expect(_entry(page, text)).to_have_count(1)
    assert await page.evaluate("window.stayed") is True
    shown = await page.locator("article.entry").all_inner_texts()
    await page.reload()
    await expect(page.locator("article.entry")).to_have_count(len(shown))
    assert await page.locator("article.entry").all_inner_texts() == shown
    assert len([m for m in stage.carrier.phone(PHONE) if m.direction != "inbound"]) == 1

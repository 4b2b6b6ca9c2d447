"""An agent's shift in a real browser, in both languages, and a hub that dies in its midst."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.hub_process import MAILBOX, NUMBER
from tests.acceptance.shift import Stage, accept, entry, offer, on_stage, reply, sign_in, words
from tests.services.browser import OpenPage

PHONE = "+15550100042"

pytestmark = pytest.mark.browser


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(tmp_path) as stage:
        yield stage


@pytest.mark.parametrize(("language", "query"), [("en", ""), ("zh-CN", "?lang=zh")])
async def test_a_text_is_offered_accepted_answered_and_followed_up(
    stage: Stage, page: Page, language: str, query: str
) -> None:
    say = words(language)
    await sign_in(page, stage.hub, say, query)
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Where is my parcel? 包裹在哪里")).ok
    await accept(page, say, "Where is my parcel?")
    await reply(page, say, "On its way. 在路上。")
    answer = entry(page, "On its way.")
    await expect(answer).to_contain_text(say("delivery.delivered"))
    (received,) = [m for m in stage.carrier.phone(PHONE) if m.direction != "inbound"]
    assert received.body == "On its way. 在路上。"
    assert received.statuses[-2:] == ["sent", "delivered"]
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Thank you!")).ok
    await expect(entry(page, "Thank you!")).to_be_visible()
    await expect(offer(page, say)).to_have_count(0)


async def test_a_mail_is_answered_and_its_answer_comes_into_the_same_conversation(
    stage: Stage, page: Page
) -> None:
    say = words("en")
    await sign_in(page, stage.hub, say)
    sent = await stage.mailbox.customer_mails(
        "ada@customer.example", MAILBOX, "A broken lamp", "It does not light.", name="Ada Lamp"
    )
    assert sent.ok
    await accept(page, say, "It does not light.")
    await reply(page, say, "We send you another one.")
    await expect(entry(page, "We send you another one.")).to_contain_text(say("delivery.sent"))
    (mail,) = stage.mailbox.inbox("ada@customer.example")
    assert mail.header("In-Reply-To") == sent.message_id
    assert (await stage.mailbox.customer_replies(mail, "Thank you, that is kind.")).ok
    await expect(entry(page, "Thank you, that is kind.")).to_be_visible()
    await expect(offer(page, say)).to_have_count(0)


async def test_a_reply_that_is_undone_comes_back_with_its_attachment(
    stage: Stage, page: Page
) -> None:
    """It is sent once, as it was: to the sender, who is told apart from where answers are asked."""
    say = words("en")
    await sign_in(page, stage.hub, say)
    mail = EmailMessage()
    mail["From"], mail["To"] = "Ada Lamp <ada@customer.example>", MAILBOX
    mail["Reply-To"], mail["Subject"] = "desk@elsewhere.example", "A broken lamp"
    mail["Message-ID"] = "<lamp@customer.example>"
    mail.set_content("It does not light.")
    await stage.mailbox.send_raw(mail.as_bytes(), "ada@customer.example", (MAILBOX,))
    await accept(page, say, "It does not light.")
    asked = say("timeline.replyTo").replace("{address}", "desk@elsewhere.example")
    await expect(entry(page, "It does not light.")).to_contain_text(asked)
    files = page.get_by_role("list", name=say("reply.files"))
    await page.locator("input[type=file]").set_input_files(
        {"name": "label.txt", "mimeType": "text/plain", "buffer": b"K-20511"}
    )
    await expect(files).to_contain_text("label.txt")
    await expect(page.get_by_role("button", name=say("reply.send"))).to_be_enabled()
    await reply(page, say, "Print this label.")
    await expect(entry(page, "label.txt")).to_be_visible()
    await page.get_by_role("button", name=say("undo.undo")).click()
    field = page.get_by_role("textbox", name=say("reply.write"))
    await expect(field).to_have_value("Print this label.")
    await expect(files).to_contain_text("label.txt")
    await expect(entry(page, "label.txt")).to_have_count(0)
    await field.press("Control+Enter")
    await expect(entry(page, "label.txt")).to_contain_text(say("delivery.sent"))
    (sent,) = stage.mailbox.inbox("ada@customer.example")
    (part,) = [part for part in sent.message.walk() if part.get_filename()]
    assert (part.get_filename(), part.get_payload(decode=True)) == ("label.txt", b"K-20511")
    assert stage.mailbox.inbox("desk@elsewhere.example") == []


async def test_nothing_is_missing_after_the_hub_was_killed(
    stage: Stage, page: Page, open_page: OpenPage
) -> None:
    """The page stays open, is never loaded again, and what happened meanwhile is on it."""
    say = words("en")
    hub = stage.hub
    await sign_in(page, hub, say)
    await page.evaluate("window.stayed = true")
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "First words")).ok
    await accept(page, say, "First words")
    hub.kill()
    await hub.gone()
    await expect(page.get_by_text(say("net.lost").partition("{")[0].strip())).to_be_visible()
    # Written while the hub is away: kept, sent when it is back, and sent once.
    await reply(page, say, "Written in the dark")
    await hub.open()
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Words before it came back")).ok
    await expect(entry(page, "Words before it came back")).to_be_visible()
    answer = entry(page, "Written in the dark")
    await expect(answer).to_contain_text(say("delivery.delivered"))
    hub.kill()
    await hub.gone()
    await hub.open()
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, "Words after the second")).ok
    await expect(entry(page, "Words after the second")).to_be_visible()
    for text in ("First words", "Written in the dark", "Words before", "Words after"):
        await expect(entry(page, text)).to_have_count(1)
    assert await page.evaluate("window.stayed") is True
    shown = await page.locator("article.entry").all_inner_texts()
    await page.reload()
    await expect(page.locator("article.entry")).to_have_count(len(shown))
    assert await page.locator("article.entry").all_inner_texts() == shown
    assert len([m for m in stage.carrier.phone(PHONE) if m.direction != "inbound"]) == 1

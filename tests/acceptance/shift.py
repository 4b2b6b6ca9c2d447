"""A shift before a real browser: the hub's process, the stand-ins, and what an agent does there.

Owns how a page is found its way about, in the words of the console itself. Must not know what a
test is about.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.acceptance.hub_process import PASSWORD, HubProcess, seed
from triggerhub.demo.carrier import Carrier
from triggerhub.demo.carrier_message import Step
from triggerhub.demo.mailbox import Mailbox

WORDS = Path("agent_console/web/src/i18n")
PATIENCE = 20_000  # ms; the undo of five seconds is within it

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


@asynccontextmanager
async def on_stage(folder: Path) -> AsyncIterator[Stage]:
    """A hub with two agents and a supervisor, its carrier and its mailbox."""
    # Slow enough that each state is seen before the next one comes.
    plan = (Step(status="sent"), Step(status="delivered", after=0.5))
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(Carrier(plan=plan))
        mailbox = await stack.enter_async_context(Mailbox())
        hub = HubProcess(
            folder=folder,
            seed=seed({"ann": "agent", "ben": "agent", "sue": "supervisor"}),
            settings={"relay_url": mailbox.relay_url, "twilio_api_url": carrier.url},
        )
        carrier.add_account(hub.carrier_account())
        mailbox.hub_port = hub.smtp_port
        stack.push_async_callback(hub.end)
        await hub.open()
        yield Stage(hub=hub, carrier=carrier, mailbox=mailbox)


async def enter(page: Page, hub: HubProcess, say: Say, path: str, login: str) -> None:
    """Sign in on the way to a page."""
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    await page.goto(f"{hub.base}/{path}")
    await page.get_by_label(say("login.user")).fill(login)
    await page.get_by_label(say("login.password"), exact=True).fill(PASSWORD)
    await page.get_by_role("button", name=say("login.enter")).click()


async def sign_in(page: Page, hub: HubProcess, say: Say, query: str = "") -> None:
    """As ann, who is ready for work."""
    await enter(page, hub, say, query, "ann")
    menu = say("presence.menu").partition("{")[0].strip()
    await page.get_by_role("button", name=re.compile(menu)).click()
    await page.get_by_role("menuitem", name=say("presence.available")).first.click()


def offer(page: Page, say: Say) -> Locator:
    return page.get_by_role("article", name=re.compile(say("offer.from").partition("{")[0].strip()))


def entry(page: Page, text: str) -> Locator:
    """What the timeline shows of one message; the list of work repeats its words elsewhere."""
    return page.locator("article.entry", has_text=text)


async def accept(page: Page, say: Say, text: str) -> None:
    held_out = offer(page, say)
    await expect(held_out).to_contain_text(text)
    await held_out.get_by_role("button", name=say("offer.accept")).click()
    await expect(entry(page, text)).to_be_visible()


async def reply(page: Page, say: Say, text: str) -> None:
    field = page.get_by_role("textbox", name=say("reply.write"))
    await field.fill(text)
    await field.press("Control+Enter")

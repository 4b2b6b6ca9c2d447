"""Pictures of the running demo: `make screenshots`.

Owns a hub with its demo company in a folder that is thrown away, the people who sign in to it,
and where each picture goes: those that the README shows to `docs/images`, all others to
`test-results/screenshots`. Must not know how a page is built beyond its roles and words.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from playwright.async_api import Error as PlaywrightError

from tests.screenshots.palette import small
from tests.services.chromium import FLAGS, find, use_our_node
from tests.services.process import Server, free_port
from triggerhub.demo.cast import PASSWORD

SHOWN = Path("docs/images")
OTHERS = Path("test-results/screenshots")
MOST_BYTES = 200_000
WIDE, NARROW = (1440, 900), (1024, 768)
PATIENCE_MS = 15_000
OFFER = "article.offer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a page looks. `speaker`: who of the demo works in this language, and on whom.

    `asked`: of the words that the customer sends by SMS.
    """

    name: str
    locale: str
    language: str
    dark: bool
    speaker: str
    customer: str
    asked: str
    answer: str
    draft: str

    @property
    def query(self) -> str:
        return f"?lang={self.language}&theme={'dark' if self.dark else 'light'}"


ENGLISH = Look(
    name="en",
    locale="en-GB",
    language="en",
    dark=False,
    speaker="amara",
    customer="Hannah Whitfield",
    asked="nothing at my door",
    answer="Hello Hannah, I have the driver on the other line. One moment, please.",
    draft="He remembers the green door: it is number 41. He is back with your parcel by 17:00.",
)
CHINESE = Look(
    name="zh-dark",
    locale="zh-CN",
    language="zh-CN",
    dark=True,
    speaker="xiaowen",
    customer="周雨桐",
    asked="门口什么都没有",
    answer="您好，我正在联系司机，请稍等。",
    draft="司机想起来了，是 41 号的绿门。今天 17:00 前送到您家。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """A browser in front of a hub at `base`."""

    browser: Browser
    base: str

    async def visit(self, look: Look, path: str, *, login: str = "") -> Page:
        """A page of its own person; with `login`, signed in, and an agent is ready for work."""
        context = await self.browser.new_context(
            base_url=self.base,
            locale=look.locale,
            color_scheme="dark" if look.dark else "light",
            viewport={"width": WIDE[0], "height": WIDE[1]},
            timezone_id="Europe/London",
            reduced_motion="reduce",
        )
        if login:
            await self._sign_in(context, login)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto(path + look.query)
        return page

    async def _sign_in(self, context: BrowserContext, login: str) -> None:
        answer = await context.request.post(
            "/api/v1/session", data={"login": login, "password": PASSWORD}
        )
        session = await answer.json()
        if session["user"]["role"] != "agent":
            return
        await context.request.post(
            "/api/v1/commands/presence.set",
            data={"presence": "available"},
            headers={"X-CSRF-Token": session["csrf"], "Idempotency-Key": f"available-{login}"},
        )


async def take(page: Page, name: str, *, shown: bool = False) -> None:
    """One picture, when the page has come to rest."""
    folder = SHOWN if shown else OTHERS
    await page.evaluate("document.fonts.ready")
    await page.mouse.move(0, 0)
    picture = await page.screenshot(animations="disabled", caret="hide")
    assert page.context.browser is not None
    picture = await small(page.context.browser, picture)
    await asyncio.to_thread(keep, folder / f"{name}.png", picture)


def keep(path: Path, picture: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture)
    too_large = "  TOO LARGE for the docs" if len(picture) > MOST_BYTES else ""
    print(f"{path}  {len(picture) / 1000:.0f} kB{too_large}")


async def accept(page: Page, customer: str = "") -> None:
    """Take the offer of this customer, or the first that is held out."""
    offer = page.locator(OFFER, has_text=customer).first
    await offer.wait_for()
    label = await offer.get_attribute("aria-label")
    same = page.locator(f'{OFFER}[aria-label="{label}"]')  # who wrote by two channels has two
    before = await same.count()
    await offer.locator(".btn-primary").click()
    await expect(same).to_have_count(before - 1)


async def work(page: Page, look: Look) -> None:
    """Have two in hand, the look's customer on the screen, and one more held out."""
    await accept(page, look.asked)
    await accept(page)
    await page.locator("a.row", has_text=look.asked).first.click()


async def write(page: Page, text: str, *, send: bool = False) -> None:
    field = page.locator("textarea")
    await field.fill(text)
    if send:
        await field.press("Control+Enter")
        await page.get_by_role("log").get_by_text(text).wait_for()
        await page.keyboard.press("Escape")


async def picture_language(studio: Studio, look: Look) -> None:
    """Everything that one language and one light shows."""
    shown = look is ENGLISH
    page = await studio.visit(look, "/login")
    await page.locator("form").wait_for()
    await page.get_by_text("Grace Lindholm").wait_for()
    await take(page, f"login-{look.name}")

    customer = await studio.visit(look, "/demo")
    await customer.locator("[data-play=two-channels]").click()
    await customer.locator("#trace li").nth(3).wait_for()

    agent = await studio.visit(look, "/", login=look.speaker)
    await agent.locator(OFFER).first.wait_for()
    await take(agent, f"offer-{look.name}")
    await work(agent, look)
    await write(agent, look.answer, send=True)
    await customer.locator(".pm", has_text=look.answer).wait_for()
    await customer.locator("[data-folder=out]").click()
    await customer.locator("#mails button").first.click()
    await take(customer, "demo" if shown else f"demo-{look.name}", shown=shown)

    await customer.locator("[data-play=forged-sender]").click()
    await write(agent, look.draft)
    await agent.locator(OFFER).first.wait_for()
    await take(agent, "console" if shown else f"console-{look.name}", shown=True)
    await agent.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    await take(agent, f"console-1024-{look.name}")
    await accept(agent)  # or it is missed, and the board says so


async def picture_board(studio: Studio) -> None:
    """Queues and agents, when everybody is there."""
    for login in ("jonas", "zhiqiang"):
        colleague = await studio.visit(ENGLISH, "/", login=login)
        await colleague.locator(".trigger").wait_for()
    for look in (ENGLISH, CHINESE):
        board = await studio.visit(look, "/supervisor", login="grace")
        await board.locator("section.tiles").wait_for()
        shown = look is ENGLISH
        await take(board, "wallboard" if shown else f"wallboard-{look.name}", shown=shown)
        await board.keyboard.press("f")
        await board.locator(".onwall").wait_for()
        await take(board, f"wall-{look.name}")


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[str]:
    """A demo hub on ports of its own; yields its address. Its data goes with `folder`."""
    port, log = free_port(), folder / "hub.log"
    base = f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).with_name("triggerhub")), "serve", "--demo"]
    command += ["--port", str(port), "--smtp-port", str(free_port())]
    command += ["--data-dir", str(folder / "data")]

    def ready() -> bool:
        try:
            with urlopen(f"{base}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    server = Server(command, log=log, ready=ready)
    await asyncio.to_thread(server.start)
    try:
        yield base
    finally:
        await asyncio.to_thread(server.stop, signal.SIGTERM)


def say_if_fonts_lack() -> None:
    """Chinese without a font is a page of empty boxes: better said than committed."""
    lister = shutil.which("fc-list")
    found = (
        lister
        and subprocess.run(
            [lister, ":lang=zh-cn", "family"], capture_output=True, text=True, check=False
        ).stdout
    )
    if not found:
        print(
            "NO CHINESE FONT is installed (Debian: apt-get install fonts-noto-cjk): the Chinese "
            "pictures will show empty boxes. Don't commit them.",
            file=sys.stderr,
        )


async def keep_what_is_seen(browser: Browser) -> None:
    """The pages as they stand when something on them wasn't found."""
    pages = [page for context in browser.contexts for page in context.pages]
    for number, page in enumerate(pages, start=1):
        await page.screenshot(path=OTHERS / f"failed-{number}.png")


async def main() -> None:
    """All pictures, in one go."""
    use_our_node()
    executable = find()
    if executable is None:
        raise SystemExit("Chromium is missing; `make browser` installs it")
    say_if_fonts_lack()
    for name in [name for name in os.environ if name.startswith("TRIGGERHUB_")]:
        del os.environ[name]
    with TemporaryDirectory(prefix="hub-pictures-") as folder:
        async with demo(Path(folder)) as base, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
            studio = Studio(browser=browser, base=base)
            try:
                await picture_language(studio, ENGLISH)
                await picture_language(studio, CHINESE)
                await picture_board(studio)
            except PlaywrightError:
                await keep_what_is_seen(browser)
                raise
            finally:
                await browser.close()


if __name__ == "__main__":
    asyncio.run(main())

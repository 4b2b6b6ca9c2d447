"""Pages in a real Chromium for acceptance tests.

Owns: the browser's life, one isolated context a page, what is kept when a test fails (a
screenshot and a trace for each page in `test-results/`), and the rule that a page with an
uncaught error fails its test. Must not know: our pages.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.services.chromium import FLAGS, find, use_our_node
from tests.services.process import missing

RESULTS = Path("test-results")
FAILED = pytest.StashKey[bool]()

# Opens a page with cookies of its own; arguments: locale ("en-GB"), width and height.
OpenPage = Callable[..., Awaitable[Page]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note on the test that it failed, so that its pages are kept."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's executable."""
    use_our_node()
    executable = find()
    if executable is None:
        missing("Chromium", "`make browser` installs it")
    return executable


@pytest.fixture
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    """A fresh Chromium."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            yield launched
        finally:
            await launched.close()


@pytest.fixture
async def open_page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[OpenPage]:
    """A function that opens pages, each as a person of its own."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    async def open_one(locale: str = "en-GB", viewport: tuple[int, int] = (1440, 900)) -> Page:
        context = await browser.new_context(
            locale=locale,
            viewport={"width": viewport[0], "height": viewport[1]},
            timezone_id="UTC",
        )
        contexts.append(context)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        await context.tracing.start(screenshots=True, snapshots=True)
        return await context.new_page()

    yield open_one

    failed = bool(errors) or request.node.stash.get(FAILED, False)
    folder = RESULTS / re.sub(r"[^\w.-]+", "-", request.node.nodeid).strip("-")
    for number, context in enumerate(contexts, start=1):
        if failed:
            folder.mkdir(parents=True, exist_ok=True)
            for index, page in enumerate(context.pages, start=1):
                await page.screenshot(path=folder / f"{number}-{index}.png")
            await context.tracing.stop(path=folder / f"{number}.zip")
        await context.close()
    assert not errors, f"uncaught in a page (kept in {folder}):\n" + "\n".join(errors)


@pytest.fixture
async def page(open_page: OpenPage) -> Page:
    """One page, in English."""
    return await open_page()

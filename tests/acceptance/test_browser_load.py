"""A busy hour in a real browser: fifty messages a second into a timeline of two thousand.

What is asserted is work done: rows in the page stay few, every message is in its place, once, each
is laid out about once, and the page doesn't ask the hub for something at each of them. Times
depend on the machine and on what else it does, so they are printed (`pytest -s`), not judged.
"""

from __future__ import annotations

import asyncio
from asyncio import Task, TaskGroup
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, Page, expect

from tests.acceptance.hub_process import NUMBER
from tests.acceptance.shift import Stage, accept, entry, on_stage, sign_in, words

PHONE = "+15550100042"
HISTORY, AT_ONCE = 2_000, 8
EVENTS, EVERY = 250, 0.02  # seconds: fifty a second for five
MOST_ROWS = 200
MOST_LAYOUTS = 2 * EVENTS  # one a picture that shows something new, and what ticks beside them
MOST_ASKED = 100  # what was seen is said once a second; the rest is the greeting

# Before anything of the page runs: tasks over 50 ms, when a message came and when it was in the
# page, and the most rows that were there at any picture.
WATCH = """
window.seen = { long: [], came: {}, shown: {}, frames: 0, rows: 0, lines: 0, asked: 0 }
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) seen.long.push([one.startTime, one.duration])
}).observe({ type: 'longtask', buffered: true })
window.WebSocket = class extends WebSocket {
  constructor(...all) {
    super(...all)
    seen.lines += 1
    this.addEventListener('message', ({ data }) => {
      seen.frames += 1
      const frame = JSON.parse(data)
      if (frame.type === 'entry.changed') seen.came[frame.data.entry.text] ??= performance.now()
    })
  }
  send(data) {
    seen.asked += 1
    super.send(data)
  }
}
addEventListener('DOMContentLoaded', () => new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) {
    const text = node.querySelector?.('article.entry .text')?.textContent
    if (text) seen.shown[text] ??= performance.now()
  }
}).observe(document.body, { childList: true, subtree: true }))
const count = () => {
  seen.rows = Math.max(seen.rows, document.querySelectorAll('[role=log] .item').length)
  requestAnimationFrame(count)
}
count()
"""

# To the first entry: older pages are read on the way.
TO_THE_TOP = """
() => new Promise((done) => {
  const log = document.querySelector('[role=log]')
  let still = 0
  const step = () => {
    still = log.scrollTop <= 0 ? still + 1 : 0
    log.scrollTop -= 400
    if (still > 90) done()
    else requestAnimationFrame(step)
  }
  step()
})
"""

# Up and down for as long as it is asked to.
UP_AND_DOWN = """
() => {
  const log = document.querySelector('[role=log]')
  let by = -120
  window.scrolling = true
  const step = () => {
    const before = log.scrollTop
    log.scrollTop += by
    if (Math.abs(log.scrollTop - before) < 1 || Math.random() < 0.01) by = -by
    if (window.scrolling) requestAnimationFrame(step)
  }
  step()
}
"""

# What the timeline shows from its end upwards, in its order, each row when it comes into the page.
FROM_THE_END = """
(least) => new Promise((done) => {
  const log = document.querySelector('[role=log]')
  const found = new Map()
  log.scrollTop = log.scrollHeight
  const step = () => {
    for (const item of log.querySelectorAll('.item')) {
      const text = item.querySelector('article.entry .text')?.textContent
      if (text) found.set(Number(item.dataset.index), text)
    }
    if (found.size >= least || log.scrollTop <= 0) {
      done([...found].sort(([a], [b]) => a - b).map(([, text]) => text))
      return
    }
    log.scrollTop -= 300
    requestAnimationFrame(step)
  }
  setTimeout(step, 300)
})
"""

pytestmark = pytest.mark.browser


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page that nothing records, for recording is work too."""
    context = await browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    await context.add_init_script(WATCH)
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    await context.close()
    assert faults == []


async def _write(stage: Stage, text: str) -> None:
    assert (await stage.carrier.customer_sends(PHONE, NUMBER, text)).ok


async def _history(stage: Stage) -> None:
    """The customer's past: short and long, one after the other, a few at a time."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with room:
            await _write(stage, f"Past {number}. " + "It drips, then it stops. " * (number % 9))

    async with TaskGroup() as group:
        for number in range(HISTORY):
            group.create_task(one(number))


async def _rush(stage: Stage, name: str) -> list[str]:
    """Messages at a steady pace, whatever becomes of those before; what they say."""
    loop = asyncio.get_running_loop()
    texts = [f"{name} {number}." for number in range(EVENTS)]
    under_way: list[Task[None]] = []
    sent = asyncio.Event()

    def send(text: str) -> None:
        under_way.append(loop.create_task(_write(stage, text)))
        if len(under_way) == EVENTS:
            sent.set()

    begin = loop.time()
    for number, text in enumerate(texts):
        loop.call_at(begin + number * EVERY, send, text)
    await sent.wait()
    await asyncio.gather(*under_way)
    return texts


async def _measured(page: Page, name: str, since: dict[str, Any]) -> dict[str, Any]:
    """What was seen from `since` on; printed."""
    seen: dict[str, Any] = await page.evaluate("({ ...seen, now: performance.now() })")
    long = [duration for start, duration in seen["long"] if start >= since["now"]]
    added = sorted(
        seen["shown"][text] - at
        for text, at in seen["came"].items()
        if at >= since["now"] and text in seen["shown"]
    )
    told = f"{name}: {seen['frames'] - since['frames']} frames, at most {seen['rows']} rows; "
    told += f"{len(long)} tasks over 50 ms, the longest {max(long, default=0):.0f} ms"
    if added:
        median, most = added[len(added) // 2], added[-1]
        told += f"; frame to page {median:.0f} ms in the middle, {most:.0f} ms at most"
    print(told)
    return seen


async def _layouts(session: CDPSession) -> float:
    """How often the page has been laid out since the session counts; asking lays nothing out."""
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "LayoutCount"))


@pytest.mark.timeout(240)
async def test_fifty_messages_a_second_into_a_long_timeline(stage: Stage, page: Page) -> None:
    say = words("en")
    await sign_in(page, stage.hub, say)
    await _write(stage, "The first words")
    await accept(page, say, "The first words")
    await _history(stage)
    await _write(stage, "The end of the past")
    await expect(entry(page, "The end of the past")).to_be_visible()
    await page.reload()
    await expect(entry(page, "The end of the past")).to_be_visible()

    seen = await _measured(page, "opened", {"now": 0, "frames": 0})
    counting = await page.context.new_cdp_session(page)
    await counting.send("Performance.enable")
    before = await _layouts(counting)
    rushed = await _rush(stage, "At the end")
    await page.wait_for_function("(n) => Object.keys(seen.came).length >= n", arg=EVENTS)
    layouts = await _layouts(counting) - before
    await counting.detach()
    await expect(entry(page, "At the end")).not_to_have_count(0)
    await expect(page.get_by_text("new entries")).to_have_count(0)  # it has stayed at the end
    seen = await _measured(page, "at the end", seen)
    print(f"{layouts:.0f} layouts for {EVENTS} messages")
    assert 0 < layouts <= MOST_LAYOUTS

    await page.evaluate(TO_THE_TOP)
    await expect(entry(page, "The first words")).to_be_visible()
    seen = await _measured(page, "to the top", seen)

    await page.evaluate(UP_AND_DOWN)
    rushed += await _rush(stage, "While scrolling")
    await page.wait_for_function("(n) => Object.keys(seen.came).length >= n", arg=len(rushed))
    await page.evaluate("window.scrolling = false")
    seen = await _measured(page, "while scrolling", seen)

    assert seen["rows"] <= MOST_ROWS
    assert seen["frames"] >= len(rushed)
    assert seen["lines"] == 1  # never cut off for asking too much
    assert seen["asked"] <= MOST_ASKED
    shown = await page.evaluate(FROM_THE_END, len(rushed))
    assert sorted(shown[-len(rushed) :]) == sorted(rushed)
    assert await page.locator("[role=log] .item").count() <= MOST_ROWS

"""A message that comes at any moment while its agent's console is joining is shown by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.unit.console.furnished import STAFF, configured, furnished
from tests.unit.console.screen import Running, Screen
from tests.unit.console.test_feed_property import Story, check, refresh
from triggerhub.domain import events as e
from triggerhub.domain.errors import HubError

ANA, BO = STAFF[0][0], STAFF[1][0]


@asynccontextmanager
async def in_hand() -> AsyncIterator[tuple[Story, Running]]:
    """A hub of which nobody has a console open, and Ana has work."""
    house = furnished()
    story = Story(house)
    async with Running(house, every=timedelta(0), max_gap=40) as running:
        story.new(0)
        story.offer(0)
        story.accept(0)
        await running.settle()
        yield story, running


async def joining(story: Story, running: Running, ana: Screen, yields: int, turns: int) -> None:
    """The customer writes when the console has been joining for so many turns."""
    story.house.yields = yields
    opening = asyncio.create_task(ana.open())
    for _ in range(turns):
        await asyncio.sleep(0)
    story.say(0)
    await opening
    await running.settle()


@pytest.mark.parametrize("turns", range(14))
@pytest.mark.parametrize("yields", [1, 2, 3])
@pytest.mark.parametrize("other", [False, True], ids=["alone", "beside another"])
async def test_a_first_look(yields: int, turns: int, other: bool) -> None:
    async with in_hand() as (story, running):
        bo = Screen(story.house, running.hub, BO)
        if other:
            await bo.open()
        ana = Screen(story.house, running.hub, ANA)
        await joining(story, running, ana, yields, turns)
        check(ana)
        await ana.cut()
        await bo.cut()


@pytest.mark.parametrize("turns", range(24))
@pytest.mark.parametrize("yields", [1, 2, 3])
async def test_coming_back(yields: int, turns: int) -> None:
    async with in_hand() as (story, running):
        house, ana = story.house, Screen(story.house, running.hub, ANA)
        await ana.open()
        [work] = house.interaction_rows.values()
        ana.read_again(work["customer_id"])
        await running.settle()
        await ana.cut()
        story.say(0)
        await running.settle()
        await joining(story, running, ana, yields, turns)
        shown = ana.state["timelines"][work["customer_id"]]["items"]
        assert shown == house.page_of(work["customer_id"], None, 50)["items"]
        assert ana.seen()["interactions"] == ana.due()["interactions"]
        await ana.cut()


async def test_a_bug_in_a_batch_makes_everybody_come_back() -> None:
    async with in_hand() as (story, running):
        ana = Screen(story.house, running.hub, ANA)
        await ana.open()
        await running.settle()
        story.house.failing = HubError("a bug")
        story.say(0)
        await running.settle()
        assert ana.bye == "slow"
        story.house.failing = None
        story.say(0)
        await ana.open()
        await running.settle()
        check(ana)
        await ana.cut()


@pytest.mark.parametrize("turns", range(24))
@pytest.mark.parametrize("yields", [1, 2, 3])
@pytest.mark.parametrize("lost", ["the queue", "the work"])
async def test_who_goes_out_of_reach_is_watched_no_more(yields: int, turns: int, lost: str) -> None:
    house = furnished()
    story, now = Story(house), house.clock.now()
    away: e.Fact = configured(ANA, "agent", ("qu_support",))
    if lost == "the work":
        away = e.InteractionQueued(
            interaction_id="in_1", queue_id="qu_support", enqueued_at=now, first_enqueued_at=now,
            reason="transfer",
        )  # fmt: skip
    async with Running(house, every=timedelta(0), max_gap=40) as running:
        story.new(0)
        await running.settle()
        house.yields = yields
        ana = Screen(house, running.hub, ANA)
        ana.watching = {"cu_1"}
        opening = asyncio.create_task(ana.open())
        for _ in range(turns):
            await asyncio.sleep(0)
        house.append(away)
        await opening
        await running.settle()
        await refresh(ana)
        await running.settle()
        ana.frames.clear()
        story.say(0)
        await running.settle()
        assert [frame for frame in ana.frames if frame["type"] == "entry.changed"] == []
        await ana.cut()

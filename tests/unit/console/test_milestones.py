"""Waiting for a number: told once, and nobody's waiting is kept longer than it lasts."""

from __future__ import annotations

import asyncio

from agent_console.live.milestones import MANY, Milestones


async def test_told_once_in_order() -> None:
    told: list[str] = []
    stones = Milestones()
    stones.call(2, 60, lambda: told.append("two"))
    stones.call(1, 60, lambda: told.append("one"))
    stones.call(3, 60, lambda: told.append("three"))
    stones.reach(2)
    stones.reach(2)
    assert told == ["one", "two"]
    stones.call(1, 60, lambda: told.append("at once"))
    stones.close()
    assert told == ["one", "two", "at once", "three"]


async def test_time_over_is_told_too() -> None:
    stones = Milestones()
    assert not await stones.wait(1, 0.001)
    stones.reach(1)
    assert await stones.wait(1, 0.001)


async def test_what_is_waited_for_in_vain_is_not_kept() -> None:
    stones = Milestones()
    living = asyncio.ensure_future(stones.wait(1, 60))
    await asyncio.sleep(0)
    for _ in range(3 * MANY):
        await stones.wait(1, 0)
    polls = [asyncio.ensure_future(stones.wait(1, 60)) for _ in range(3 * MANY)]
    await asyncio.sleep(0)
    for poll in polls:
        poll.cancel()
    await asyncio.gather(*polls, return_exceptions=True)
    assert len(stones._waiting) <= 2 * MANY
    stones.reach(1)
    assert await living

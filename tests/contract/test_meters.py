"""The meters say what the log says, and how far behind its reader is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from tests.contract.houses import House
from tests.unit.router.world import World, world_on
from triggerhub.domain.ports import CoreState
from triggerhub.measuring import LogMeter
from triggerhub.observability import Metrics


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


async def until(condition: Callable[[], bool], world: World) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await world.views.head()


@dataclass
class _Core:
    position: int

    async def settled(self) -> None: ...

    async def state(self) -> CoreState:
        return CoreState(
            leading=True, following=False, position=self.position, stuck_seconds=0.0, missing=0,
            stream=True,
        )  # fmt: skip


async def test_what_happened_is_counted_and_what_waits_is_shown(world: World) -> None:
    metrics = Metrics()

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"triggerhub_{name}", labels)

    [ann] = await world.hire("ann")
    early = await world.views.head()
    meter = LogMeter(
        store=world.store, views=world.views, core=_Core(early), consoles=lambda: 3,
        metrics=metrics,
    )  # fmt: skip
    await world.sms("+447700900123", "Before anybody counts")
    waiting = await world.views.head() - early
    counting = asyncio.create_task(meter.run())
    await until(lambda: value("leader_lag_events") == waiting, world)
    assert value("consoles") == 3
    assert value("leader") == 1
    await world.sms("+447700900124", "Counted")
    await world.settle()
    await world.take(ann)
    await until(lambda: value("offers_total", state="accepted") == 1, world)
    assert value("resolved_total", channel="sms") == 2
    assert value("offers_total", state="made") == 1
    assert value("sends_total", outcome="sent") is None
    assert value("log_head") == await world.views.head()
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)

"""Old snapshot + frames = new snapshot, on the real desk and store, for whoever looks on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from storage.tables import content
from storage.transaction import Transaction
from tests.contract.houses import House
from tests.contract.onlookers import onlooking
from tests.contract.working_day import STAFF, WorkingDay
from tests.unit.router.world import MANY, World, new_house, world_in, world_on
from triggerhub.domain.commands import command_names
from triggerhub.domain.events import Recorded, event_types


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


@pytest.mark.parametrize(
    "staff",
    [STAFF, STAFF[:3], STAFF[:1], STAFF[1:2]],
    ids=["overseen", "by themselves", "one", "another"],
)
async def test_for_every_command(world: World, staff: tuple[str, ...]) -> None:
    """For those who are there throughout, and for those who come back after each step."""
    day = WorkingDay(world)
    await day.open()
    async with onlooking(world, staff, staff) as onlookers:
        await onlookers.look("in the morning")
        await onlookers.look_away()
        async for step in day.hours():
            await world.settle()
            await onlookers.look(step)
            await onlookers.look_away()
    assert day.commands == set(command_names())


async def test_for_every_fact_by_itself(tmp_path: Path) -> None:
    """Each in a batch of its own: nothing is told by another's frames."""
    async with world_in(tmp_path / "day") as world:
        day = WorkingDay(world)
        await day.open()
        opened, pieces = await world.views.head(), await contents(world)
        async for _ in day.hours():
            await world.settle()
            pieces = await contents(world) | pieces  # as they were before they were erased
        log = await world.views.facts(0, MANY)
    assert {type(recorded.fact) for recorded in log} == set(event_types().values())
    async with world_on(new_house(tmp_path / "again"), furnished=False) as again:
        await put(again, pieces)
        for recorded in log[:opened]:
            await repeat(again, recorded)
        async with onlooking(again, STAFF) as onlookers:
            await onlookers.look("in the morning")
            for recorded in log[opened:]:
                await repeat(again, recorded)
                await onlookers.look(f"{recorded.seq} {recorded.type}")


async def contents(world: World) -> dict[str, tuple[Any, ...]]:
    names = ", ".join(column.name for column in content.columns)
    rows = await world.store.read(lambda r: r.connection.all(f"SELECT {names} FROM content"))
    return {row[0]: tuple(row) for row in rows}


async def put(world: World, pieces: dict[str, tuple[Any, ...]]) -> None:
    names = [column.name for column in content.columns]

    def work(tx: Transaction) -> None:
        for row in pieces.values():
            tx.connection.put("content", row[0], dict(zip(names, row, strict=True)))

    await world.store.write(work)


async def repeat(world: World, recorded: Recorded) -> None:
    world.clock.advance(recorded.at - world.clock.now())
    await world.append(recorded.fact, actor=recorded.actor)

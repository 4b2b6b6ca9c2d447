"""Several nodes on one log: no hole, nothing twice; one leads, and a fence keeps it so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from storage.store import Store
from tests.contract.houses import House, marker, put, sms, whole_log
from triggerhub.domain.clock import SystemClock
from triggerhub.domain.errors import Conflict, Unavailable
from triggerhub.domain.work import Work


async def test_readers_never_see_a_hole_that_fills_later(house: House) -> None:
    """Two nodes and a command line write at once; whoever reads sees 1…n, always."""
    async with house.store() as one, house.store() as two, house.store() as three:
        writing = [
            asyncio.ensure_future(store.accept(sms(n, account=f"ac_{k}")))
            for n in range(60)
            for k, store in enumerate((one, two, three))
        ]
        seen = 0
        while not all(task.done() for task in writing):
            log = await three.read(lambda reading: reading.events_after(0, 1 << 30))
            assert [r.seq for r in log] == list(range(1, len(log) + 1))
            assert len(log) >= seen
            seen = len(log)
        await asyncio.gather(*writing)
        assert len(await whole_log(one)) == 180


async def _listen(store: Store, until: int, after: int | None = None) -> list[int]:
    heard: list[int] = []
    async for batch in store.subscribe(after):
        heard += [r.seq for r in batch]
        if heard[-1] >= until:
            return heard
    return heard


@pytest.mark.parametrize("announced", [True, False])
async def test_each_tail_delivers_everything_once_and_in_order(
    house: House, announced: bool
) -> None:
    """Also without a word from the other node: the database is looked at."""
    clock = SystemClock()
    async with (
        house.store(clock=clock, bus=house.bus if announced else None) as one,
        house.store(clock=clock, bus=house.bus) as two,
    ):
        listening = [asyncio.ensure_future(_listen(s, 200, 0)) for s in (one, two)]
        await asyncio.gather(
            *(store.accept(sms(n, account=f"ac_{k}")) for n in range(100)
              for k, store in enumerate((one, two)))
        )  # fmt: skip
        async with asyncio.timeout(20):
            heard = await asyncio.gather(*listening)
        assert heard == [list(range(1, 201))] * 2
        assert await _listen(one, 200, 150) == list(range(151, 201))


async def test_a_tail_that_is_asked_from_ahead_waits(store: Store) -> None:
    await store.run(put(1))
    listening = asyncio.ensure_future(_listen(store, 4, 3))
    for number in range(2, 5):
        await store.run(put(number))
    async with asyncio.timeout(5):
        assert await listening == [4]


async def test_a_reader_that_falls_behind_is_told_and_never_skips(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.tail.MAX_BACKLOG", 5)
    tail = store.subscribe()
    first = asyncio.ensure_future(anext(tail))
    await asyncio.sleep(0)
    for number in range(20):
        await store.run(put(number))
    heard = [r.seq for r in await first]

    async def rest() -> None:
        async for batch in tail:
            heard.extend(r.seq for r in batch)

    with pytest.raises(Unavailable) as behind:
        await rest()
    assert behind.value.code == "overrun"
    assert heard == list(range(1, len(heard) + 1))
    assert len(heard) <= 6


# --- leases, positions, idempotency -------------------------------------------------------------


async def test_only_one_holds_the_lease_until_it_runs_out(store: Store, house: House) -> None:
    def take(who: str) -> Callable[[Work], int | None]:
        return lambda unit: unit.hold_lease("router", who, unit.now + timedelta(seconds=10))

    assert await store.run(take("a")) == 1
    assert await store.run(take("b")) is None
    assert await store.run(take("a")) == 1
    house.clock.advance(timedelta(seconds=11))
    assert await store.run(take("b")) == 2
    assert await store.run(take("a")) is None
    await store.run(lambda unit: unit.release_lease("router", "b"))
    assert await store.run(take("a")) == 3


async def test_a_leader_that_has_passed_on_moves_nothing(store: Store) -> None:
    await store.run(lambda unit: unit.advance("router", 5, 1))
    await store.run(lambda unit: unit.advance("router", 6, 2))

    def old(unit: Work) -> None:
        unit.append(marker(1), actor="old")
        unit.advance("router", 7, 1)

    with pytest.raises(Conflict) as refused:
        await store.run(old, alone=True)
    assert refused.value.code == "fenced"
    position = await store.read(lambda reading: reading.position("router"))
    assert position == 6
    assert await whole_log(store) == []


async def test_what_is_remembered_under_a_key_comes_back(store: Store) -> None:
    await store.run(lambda unit: unit.remember("user_1:x:k", {"message_id": "msg_1"}))
    assert await store.read(lambda reading: reading.remembered("user_1:x:k")) == {
        "message_id": "msg_1"
    }
    assert await store.read(lambda reading: reading.remembered("user_2:x:k")) is None

"""The stream tells other nodes that the log has grown; it may fail, and then nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from config import Settings
from storage.store import Store
from storage.streams.memory import Bus, MemoryStream
from storage.streams.redis import KEY, RedisStream
from storage.tail import Stream, Tail
from tests.contract.houses import House, sms
from tests.services import valkey
from tests.services.postgres import PostgresServer
from triggerhub.database import migrate, open_store
from triggerhub.domain.clock import SystemClock

Streams = Callable[[], Stream]


@pytest.fixture(params=["memory", "redis"])
def new_stream(request: pytest.FixtureRequest) -> Streams:
    """Makes one node's end of the same stream."""
    if request.param == "memory":
        bus = Bus()
        return lambda: MemoryStream(bus)
    url = cast("str", request.getfixturevalue("valkey_url"))
    return lambda: RedisStream(url)


class Ear:
    """What one node has heard."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self._news = asyncio.Event()

    def __call__(self, seq: int) -> None:
        self.heard.append(seq)
        self._news.set()

    async def until(self, seq: int) -> None:
        async with asyncio.timeout(20):
            while not any(heard >= seq for heard in self.heard):
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def two(new_stream: Streams) -> AsyncIterator[tuple[Stream, Ear, Stream, Ear]]:
    """Two nodes, both connected."""
    one, other = new_stream(), new_stream()
    ears = Ear(), Ear()
    await one.start(ears[0])
    await other.start(ears[1])
    one.announce(1)
    await ears[1].until(1)
    yield one, ears[0], other, ears[1]
    await one.stop()
    await other.stop()


async def test_what_one_announces_the_other_hears(two: tuple[Stream, Ear, Stream, Ear]) -> None:
    one, ear, other, other_ear = two
    one.announce(7)
    await other_ear.until(7)
    other.announce(9)
    await ear.until(9)
    assert one.healthy
    assert other.healthy


async def test_many_announcements_may_become_one(two: tuple[Stream, Ear, Stream, Ear]) -> None:
    one, _ear, _other, other_ear = two
    for seq in range(2, 5001):
        one.announce(seq)
    await other_ear.until(5000)
    assert max(other_ear.heard) == 5000


async def test_after_the_stop_nothing_is_heard(new_stream: Streams) -> None:
    one, other, ear = new_stream(), new_stream(), Ear()
    await one.start(ear)
    await other.start(Ear())
    await one.stop()
    other.announce(3)
    await other.stop()
    assert 3 not in ear.heard


async def test_who_comes_late_hears_how_far_the_log_reaches(valkey_url: str) -> None:
    early, late, ears = RedisStream(valkey_url), RedisStream(valkey_url), (Ear(), Ear())
    await early.start(ears[0])
    early.announce(41)
    await ears[0].until(41)
    await late.start(ears[1])
    await ears[1].until(41)
    await early.stop()
    await late.stop()


async def _becomes(stream: Stream, healthy: bool) -> None:
    async with asyncio.timeout(30):
        while stream.healthy is not healthy:  # noqa: ASYNC110  # it has no event to wait for
            await asyncio.sleep(0.01)


async def test_a_lost_server_is_reported_and_found_again() -> None:
    with valkey.running() as server:
        one, other, ear = RedisStream(server.url), RedisStream(server.url), Ear()
        await one.start(Ear())
        await other.start(ear)
        await _becomes(other, True)
        await asyncio.to_thread(server.stop)
        await _becomes(other, False)
        one.announce(5)
        await asyncio.to_thread(server.start)
        await ear.until(5)
        await _becomes(one, True)
        await _becomes(other, True)
        await one.stop()
        await other.stop()


async def test_an_entry_of_somebody_else_is_a_lost_stream(valkey_url: str) -> None:
    """Its listener neither ends in silence nor says that all is well."""
    one, other, ear = RedisStream(valkey_url), RedisStream(valkey_url), Ear()
    client = Redis.from_url(valkey_url)
    await one.start(Ear())
    await other.start(ear)
    try:
        await _becomes(other, True)
        for broken in ({"other": "1"}, {"seq": "many"}):
            await client.xadd(KEY, broken)  # type: ignore[arg-type]
            await _becomes(other, False)
        one.announce(5)
        await ear.until(5)
        await _becomes(other, True)
    finally:
        await client.aclose()
        await one.stop()
        await other.stop()


async def test_two_hubs_share_a_server_and_hear_only_their_own(
    valkey_url: str, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    with postgres_server.database() as first, postgres_server.database() as second:
        stores = []
        for number, url in enumerate((first, first, second)):
            settings = Settings(
                data_dir=tmp_path / str(number),
                database_url=SecretStr(url),
                redis_url=SecretStr(valkey_url),
                master_key=SecretStr("a master key for the tests"),
            )
            await asyncio.to_thread(migrate, settings)
            stores.append(open_store(settings))
        ears = [Ear() for _ in stores]
        for store, ear in zip(stores, ears, strict=True):
            await store.tail.stream.start(ear)
        try:
            for store in stores:
                await _becomes(store.tail.stream, True)
            stores[2].tail.stream.announce(9)
            await ears[2].until(9)
            stores[0].tail.stream.announce(7)
            await ears[1].until(7)
            assert (max(ears[0].heard), max(ears[1].heard), max(ears[2].heard)) == (7, 7, 9)
        finally:
            for store in stores:
                await store.stop()


async def _listen(store: Store, until: int) -> list[int]:
    heard: list[int] = []
    async for batch in store.subscribe(0):
        heard += [item.seq for item in batch]
        if heard[-1] >= until:
            break
    return heard


async def test_the_tail_sees_everything_without_it(house: House) -> None:
    """Nobody answers at that address: each node looks at the log itself, and says so."""
    nowhere = "redis://127.0.0.1:1/0"
    clock = SystemClock()
    async with house.store(clock=clock) as one, house.store(clock=clock) as two:
        for store in (one, two):
            await store.tail.stop()
            store.tail = Tail(RedisStream(nowhere))
            await store.tail.start(0, store._events_after)
        listening = [asyncio.ensure_future(_listen(store, 40)) for store in (one, two)]
        await asyncio.gather(
            *(store.accept(sms(n, account=f"ac_{k}"))
              for n in range(20) for k, store in enumerate((one, two)))
        )  # fmt: skip
        async with asyncio.timeout(20):
            assert await asyncio.gather(*listening) == [list(range(1, 41))] * 2
        assert not one.tail.stream.healthy

"""Short looks at what was just written: what was committed is there, what fails disturbs nobody.

Of the store that writes they are taken in its thread, of one that only reads in the loop.
"""

from __future__ import annotations

import asyncio
import threading

import pytest

from storage.reading import AGAIN, IN_THREADS, LONG, Reader, ReadStore
from storage.streams.memory import MemoryStream
from storage.tail import Tail
from tests.contract.houses import House, sms
from triggerhub.domain.errors import NotFound, Unavailable


async def test_what_was_acknowledged_is_seen(house: House) -> None:
    async with house.store() as store:
        for number in range(3):
            before = await store.read_warm(lambda reader: reader.head())
            await store.accept(sms(number))
            assert await store.read_warm(lambda reader: reader.head()) == before + 1


async def test_looks_and_deliveries_side_by_side(house: House) -> None:
    async with house.store() as store:
        deliveries = [store.accept(sms(number)) for number in range(40)]
        looks = [store.read_warm(lambda reader: reader.head()) for _ in range(40)]
        found = await asyncio.gather(*looks, *deliveries)
        assert [answer for answer in found[40:] if getattr(answer, "duplicate", True)] == []
        assert await store.read_warm(lambda reader: reader.head()) == await store.read(
            lambda reader: reader.head()
        )


async def test_a_look_that_fails_fails_alone(house: House) -> None:
    def missing(_: Reader) -> None:
        raise NotFound("there is no such row")

    async with house.store() as store:
        with pytest.raises(NotFound):
            await store.read_warm(missing)
        with pytest.raises(Exception, match="there_is_no_such_table"):
            await store.read_warm(
                lambda reader: reader.connection.one("SELECT * FROM there_is_no_such_table")
            )
        assert not (await store.accept(sms(1))).duplicate
        assert await store.read_warm(lambda reader: reader.head()) > 0
    with pytest.raises((Unavailable, RuntimeError)):
        await store.read_warm(lambda reader: reader.head())


async def test_the_loop_itself_looks_as_long_as_it_is_quick(house: House) -> None:
    now, took = 100.0, 0.0

    def look(reader: Reader) -> tuple[int, threading.Thread]:
        nonlocal now
        now += took
        return reader.head(), threading.current_thread()

    async with house.store() as store:
        reading = ReadStore(
            store.database, kit=store.kit, tail=Tail(MemoryStream()), clock=lambda: now
        )
        await reading.start()
        loop = {threading.current_thread()}
        if store.database.dialect != "sqlite":
            loop = set()  # whoever is on the other end of a network is never waited for here
        try:
            await store.accept(sms(1))
            head, where = await reading.read_warm(look)
            assert head == await store.read(lambda reader: reader.head())
            assert loop <= {where}
            for pause, slow in ((2 * AGAIN, False), (AGAIN / 2, True)):
                now += pause
                took = 2 * LONG
                assert loop <= {(await reading.read_warm(look))[1]}
                took = 0.0
                assert slow or loop <= {(await reading.read_warm(look))[1]}
            assert not {(await reading.read_warm(look))[1]} & loop
            now += IN_THREADS
            assert loop <= {(await reading.read_warm(look))[1]}
        finally:
            await reading.stop()
        with pytest.raises(RuntimeError):
            await reading.read_warm(look)

"""Looks in the writer's thread: what was committed is there, what fails disturbs nobody."""

from __future__ import annotations

import asyncio

import pytest

from storage.reading import Reader
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

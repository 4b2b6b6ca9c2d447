"""A database that can't be written to: everybody is told at once, nobody waits one by one."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Coroutine
from contextlib import suppress

import pytest

from storage.engine import Connection
from storage.transaction import Transaction
from tests.contract.houses import House, sms
from triggerhub.domain.errors import Conflict, Unavailable


async def test_a_whole_group_is_refused_together(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another process holds the database: each begin waits, then fails."""
    begin, tried = Connection.begin, 0

    def stuck(self: Connection, *, write: bool) -> None:
        nonlocal tried
        if write:
            tried += 1
            time.sleep(0.05)
            self.one("SELECT * FROM there_is_no_such_table")
        begin(self, write=write)

    async with house.store() as store:
        monkeypatch.setattr(Connection, "begin", stuck)
        answers = await asyncio.gather(
            *(store.accept(sms(number)) for number in range(20)), return_exceptions=True
        )
        monkeypatch.undo()
        assert tried <= 2, "twenty would have been a second here, ten minutes behind a lock"
        assert len(answers) == 20
        if house.database().dialect == "sqlite":
            assert all(isinstance(answer, Unavailable) for answer in answers)
        assert not (await store.accept(sms(1))).duplicate


async def test_behind_a_foreign_lock_everybody_waits_once(house: House) -> None:
    """The leader's lonely jobs don't each add their wait to that of who comes next."""
    other = house.database().connect()
    async with house.store(busy_ms=200) as store:
        other.begin(write=True)
        other.all(
            "SELECT seq FROM log_head WHERE one = 1"
            + ("" if other.dialect == "sqlite" else " FOR UPDATE")
        )
        began = time.monotonic()
        answers = await asyncio.gather(
            store.accept(sms(1)),
            *(store.run(lambda unit: unit.head, alone=True) for _ in range(20)),
            return_exceptions=True,
        )
        assert time.monotonic() - began < 2, "twenty-one waits would be four seconds"
        assert all(isinstance(answer, Unavailable) for answer in answers)
        assert store.writer.stuck_seconds > 0.1
        other.rollback()
        assert not (await store.accept(sms(1))).duplicate
        assert store.writer.stuck_seconds == 0
    other.close()


async def test_a_connection_that_was_cut_is_replaced_before_anybody_is_refused(
    house: House,
) -> None:
    if house.database().dialect == "sqlite":
        return
    async with house.store() as store:
        await store.accept(sms(1))
        other = house.database().connect()
        other.all(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        other.close()
        assert not (await store.accept(sms(2))).duplicate


async def test_of_who_was_refused_nothing_is_kept(house: House) -> None:
    """Hundreds of large mails may be refused in an outage before the collector looks."""

    def refused() -> weakref.ref[object]:
        def work(_tx: Transaction) -> None:
            raise Conflict("no")

        jobs.append(store.write(work))
        return weakref.ref(work)

    async with house.store() as store:
        jobs: list[Coroutine[None, None, None]] = []
        gc.disable()
        try:
            kept = refused()
            with suppress(Conflict):
                await jobs.pop()
            # Until the writer's thread has gone on to wait.
            await store.write(lambda _tx: None)
            assert kept() is None
        finally:
            gc.enable()

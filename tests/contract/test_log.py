"""The log keeps its promises on every engine: durable, total order, no gap, once and only once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from storage.engine import Connection
from storage.store import Store
from tests.contract.houses import House, marker, put, sms, whole_log
from triggerhub.domain import events as ev
from triggerhub.domain.clock import RandomIds, SystemClock
from triggerhub.domain.errors import Conflict, Invalid, TooLarge, Unavailable
from triggerhub.domain.model.message import Arrival
from triggerhub.domain.work import Work


async def test_an_empty_log_has_a_head_of_zero(store: Store) -> None:
    assert await store.read(lambda reading: (reading.head(), reading.events_after(0, 10))) == (
        0,
        [],
    )


async def test_what_is_appended_is_read_in_order_without_gaps(store: Store, house: House) -> None:
    for number in range(5):
        await store.run(put(number))
        house.clock.advance(timedelta(milliseconds=1500))
    log = await whole_log(store)
    assert [r.seq for r in log] == [1, 2, 3, 4, 5]
    assert [r.fact for r in log] == [marker(n) for n in range(5)]
    assert log[4].at - log[0].at == timedelta(seconds=6)
    assert {r.actor for r in log} == {"test"}
    later = await store.read(lambda reading: reading.events_after(2, 2))
    assert [r.seq for r in later] == [3, 4]


async def test_an_event_keeps_its_cause_and_a_time_of_its_own(store: Store, house: House) -> None:
    past = house.clock.now() - timedelta(days=90)

    def work(unit: Work) -> None:
        first = unit.append(marker(1), actor="a", at=past)[0]
        unit.append(marker(2), actor="b", cause=first.id)

    await store.run(work)
    one, two = await whole_log(store)
    assert one.at == past
    assert two.at == house.clock.now()
    assert (one.cause, two.cause) == (None, one.id)


async def test_hundreds_of_concurrent_accepts_share_transactions(store: Store) -> None:
    accepted = await asyncio.gather(*(store.accept(sms(n)) for n in range(600)))
    assert not any(a.duplicate for a in accepted)
    assert len({a.id for a in accepted}) == 600
    log = await whole_log(store)
    assert [r.seq for r in log] == list(range(1, 601))
    facts = [r.fact for r in log]
    assert {f.message_id for f in facts if isinstance(f, ev.MessageReceived)} == {
        a.id for a in accepted
    }
    assert store.writer.groups < 30


async def test_the_bytes_and_the_envelope_are_kept_as_they_came(store: Store) -> None:
    raw = bytes(range(256)) * 3
    await store.accept(sms(1, body=raw))
    [received] = await whole_log(store)
    assert isinstance(received.fact, ev.MessageReceived)
    content = received.fact.raw_content
    body, envelopes = await store.read(
        lambda reading: (reading.body(content), reading.envelopes([content]))
    )
    assert body == raw
    assert envelopes[content] == {"external_id": "SM1", "from": "+15550100"}


async def test_the_same_delivery_twice_is_one_event(store: Store) -> None:
    first = await store.accept(sms(1))
    again = await store.accept(sms(1, body=b"Body=changed"))
    elsewhere = await store.accept(sms(1, account="ac_other"))
    assert (again.id, again.duplicate) == (first.id, True)
    assert not elsewhere.duplicate
    assert len(await whole_log(store)) == 2


async def test_a_status_and_a_message_with_one_id_are_two(store: Store) -> None:
    message = await store.accept(sms(1))
    report = Arrival(
        channel="sms", account_id="ac_sms", external_id="SM1", raw=b"x", media_type="text/plain",
        kind="status",
    )  # fmt: skip
    status = await store.accept(report)
    again = await store.accept(report)
    assert not status.duplicate
    assert again == type(again)(id=status.id, duplicate=True)
    assert message.id != status.id


async def test_parallel_repetitions_are_one_event(house: House) -> None:
    async with house.store() as one, house.store() as two:
        accepted = await asyncio.gather(
            *(store.accept(sms(n % 7)) for n in range(140) for store in (one, two))
        )
        assert len({a.id for a in accepted}) == 7
        assert sum(not a.duplicate for a in accepted) == 7
        log = await whole_log(two)
        assert [r.seq for r in log] == list(range(1, 8))


async def test_a_delivery_without_a_key_is_refused(store: Store) -> None:
    with pytest.raises(Invalid) as refused:
        await store.accept(
            Arrival(channel="sms", account_id="a", external_id="", raw=b"x", media_type="x/y")
        )
    assert refused.value.code == "empty_key"
    assert await whole_log(store) == []


@pytest.mark.parametrize("key", [b"", None])
def test_the_database_itself_refuses_an_empty_key(house: House, key: bytes | None) -> None:
    connection = house.database().connect()
    try:
        with pytest.raises(Exception, match=r"(?i)check constraint.*events_dedupe_key"):
            connection.run(
                "INSERT INTO events (seq, id, type, version, at, actor, dedupe_scope, dedupe_key,"
                " data) VALUES (1, 'ev', 'x', 1, 0, 'a', 'message:a', :key, '{}')",
                {"key": key},
            )
    finally:
        connection.close()


async def test_too_large_a_delivery_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.store.MAX_RAW", 10)
    with pytest.raises(TooLarge):
        await store.accept(sms(1, body=b"x" * 11))


class Broken(Exception):
    """A bug in a job."""


async def test_a_member_that_fails_undoes_nothing_but_itself(store: Store) -> None:
    def fails(unit: Work) -> None:
        unit.append(marker(100), actor="test")
        raise Broken

    jobs = [store.run(put(n)) for n in range(10)]
    jobs.insert(5, store.run(fails))  # type: ignore[arg-type]
    ended = await asyncio.gather(*jobs, return_exceptions=True)
    assert sum(isinstance(end, Broken) for end in ended) == 1
    log = await whole_log(store)
    assert [r.seq for r in log] == list(range(1, 11))
    assert marker(100) not in [r.fact for r in log]
    rows = await store.read(lambda reading: reading.queues())
    assert len(rows) == 10


async def test_a_refusal_after_writing_undoes_what_was_written(store: Store) -> None:
    def refuses(unit: Work) -> None:
        unit.append(marker(100), actor="test")
        raise Conflict("too late")

    ended = await asyncio.gather(
        store.run(put(1)), store.run(refuses), store.run(put(2)), return_exceptions=True
    )
    assert isinstance(ended[1], Conflict)
    assert [r.fact for r in await whole_log(store)] == [marker(1), marker(2)]


async def test_a_refusal_before_writing_leaves_its_group_alone(store: Store) -> None:
    runs: Counter[str] = Counter()

    def work(unit: Work) -> None:
        runs["work"] += 1
        unit.append(marker(1), actor="test")

    def refuses(unit: Work) -> None:
        runs["refuses"] += 1
        raise Conflict("no")

    ended = await asyncio.gather(store.run(work), store.run(refuses), return_exceptions=True)
    assert isinstance(ended[1], Conflict)
    assert runs == {"work": 1, "refuses": 1}


async def test_a_commit_of_unknown_end_runs_nobody_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: Counter[int] = Counter()
    commit = Connection.commit

    def commits_and_breaks(self: Connection) -> None:
        commit(self)
        monkeypatch.setattr(Connection, "commit", commit)
        raise Broken

    def job(number: int) -> Callable[[Work], None]:
        def work(unit: Work) -> None:
            runs[number] += 1
            unit.append(marker(number), actor="test")

        return work

    monkeypatch.setattr(Connection, "commit", commits_and_breaks)
    ended = await asyncio.gather(*(store.run(job(n)) for n in range(3)), return_exceptions=True)
    assert [type(end) for end in ended] == [Broken] * 3
    assert runs == {0: 1, 1: 1, 2: 1}
    assert len(await whole_log(store)) == 3


async def test_work_that_wants_to_be_alone_shares_no_transaction(store: Store) -> None:
    heads: list[int] = []

    def lonely(unit: Work) -> None:
        heads.append(unit.head)
        unit.append(marker(50), actor="test")
        raise Broken

    ended = await asyncio.gather(
        store.run(put(1)),
        store.run(lonely, alone=True),
        store.run(put(2)),
        return_exceptions=True,
    )
    assert isinstance(ended[1], Broken)
    assert heads == [2]
    assert len(await whole_log(store)) == 2


async def test_a_stopped_store_says_try_again(house: House) -> None:
    async with house.store() as store:
        handed_over = [asyncio.ensure_future(store.accept(sms(n))) for n in range(50)]
        await asyncio.gather(*handed_over)
    with pytest.raises(Unavailable):
        await store.accept(sms(99))


async def test_what_was_handed_over_is_finished_before_the_end(house: House) -> None:
    async with house.store() as store:
        handed_over = [asyncio.ensure_future(store.accept(sms(n))) for n in range(50)]
        await asyncio.wait(handed_over, timeout=0)
    accepted = await asyncio.gather(*handed_over)
    async with house.store() as store:
        assert len(await whole_log(store)) == len(accepted) == 50


async def test_a_read_that_refuses_leaves_the_connection_usable(store: Store) -> None:
    def refuses(reading: object) -> None:
        raise Conflict("no")

    for _ in range(5):
        with pytest.raises(Conflict):
            await store.read(refuses)
    assert await store.read(lambda reading: reading.head()) == 0


async def test_a_lost_database_is_something_to_try_again(house: House) -> None:
    async with house.store(clock=SystemClock(), ids=RandomIds(SystemClock())) as store:
        await store.run(put(1))
        with pytest.raises(Unavailable):
            await store.read(_no_such_table)
        assert await store.read(lambda reading: reading.head()) == 1


def _no_such_table(reading: Any) -> None:
    """SQLite says OperationalError for this; PostgreSQL is told to drop the connection."""
    if reading.connection.dialect == "sqlite":
        reading.connection.one("SELECT * FROM nowhere")
    else:
        reading.connection.one("SELECT pg_terminate_backend(pg_backend_pid())")

"""The parts of a served hub: what is finished in the drain, what is closed, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from config.settings import Settings
from tests.unit.sms.test_parse import BASE, encoded
from triggerhub import database
from triggerhub.bootstrap.hub import Hub, build
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.model.message import Arrival
from triggerhub.lifecycle import CUT_SHORT, FAILED, STOPPED, Supervisor
from triggerhub.seeding import FIRST_QUEUE


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    settings = Settings(
        data_dir=tmp_path, http_host="127.0.0.1", http_port=0, smtp_host="127.0.0.1", smtp_port=0
    )
    await asyncio.to_thread(database.migrate, settings)
    made = await build(settings)
    yield made
    if made.core.store.writer._thread is not None:
        await made.core.close()


async def served(hub: Hub, drain: float = 20.0) -> tuple[int, list[str]]:
    """Start it, ask it to stop as soon as it is ready; (exit code, what went wrong)."""
    supervisor = Supervisor(hub.services(), drain=timedelta(seconds=drain))
    with capture_logs() as lines:
        running = asyncio.create_task(supervisor.run())
        await hub.core.leader.leading.wait()
        supervisor.stop()
        code = await asyncio.wait_for(running, 30)
    return code, [
        f"{line.get('service')}.{line.get('phase')}"
        for line in lines
        if line["event"] in ("service.cut_short", "service.stop_failed")
    ]


async def test_an_attempt_under_way_is_finished_in_the_drain(hub: Hub) -> None:
    draining, ended = asyncio.Event(), asyncio.Event()
    drain = hub.core.outbox.drain

    async def noted() -> None:
        draining.set()
        await drain()

    hub.core.outbox.drain = noted  # type: ignore[method-assign]

    async def attempt() -> None:
        await draining.wait()
        for _ in range(100):  # the database is there all the time
            await hub.core.store.read(lambda reading: reading.head())
        ended.set()

    task = asyncio.create_task(attempt())
    hub.core.outbox._under_way["msg_1"] = task
    task.add_done_callback(lambda _: hub.core.outbox._under_way.pop("msg_1"))
    assert await served(hub) == (STOPPED, [])
    assert ended.is_set()


async def test_an_attempt_that_hangs_ends_the_drain_and_the_rest_is_closed(hub: Hub) -> None:
    task = asyncio.create_task(asyncio.Event().wait())
    hub.core.outbox._under_way["msg_1"] = task  # type: ignore[assignment]
    task.add_done_callback(lambda _: hub.core.outbox._under_way.pop("msg_1"))
    code, trouble = await served(hub, drain=0.5)
    assert (code, trouble) == (CUT_SHORT, ["outbox.finish"])
    assert task.cancelled()
    assert hub.core.store.writer._thread is None


async def test_the_store_is_closed_whatever_else_fails(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr(hub.core.parsers, "close", fails)
    monkeypatch.setattr(hub.core.leader, "release", fails)
    code, trouble = await served(hub)
    assert (code, trouble) == (FAILED, ["router.close", "channels.close"])
    assert hub.core.store.writer._thread is None


async def test_a_hub_whose_writer_breaks_off_ends(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could acknowledge nothing any more, and would hold whoever asks for ever."""

    def breaks(*_: Any) -> None:
        raise KeyError("nobody foresaw this")

    ready = asyncio.Event()
    supervisor = Supervisor(hub.services(), on_ready=ready.set)
    with capture_logs() as lines:
        running = asyncio.create_task(supervisor.run())
        await ready.wait()
        monkeypatch.setattr(hub.core.store.writer, "_take_group", breaks)
        with pytest.raises(Unavailable):
            await hub.core.store.run(lambda work: work.head)
        assert await asyncio.wait_for(running, 10) == FAILED
    assert "storage.writer_broke" in [line["event"] for line in lines]
    with pytest.raises(Unavailable):
        await hub.core.store.run(lambda work: work.head)


async def test_the_lease_is_given_back(hub: Hub) -> None:
    given: list[str] = []
    release = hub.core.leader.release

    async def noted() -> None:
        await release()
        given.append("lease")

    hub.core.leader.release = noted  # type: ignore[method-assign]
    assert (await served(hub))[0] == STOPPED
    assert given == ["lease"]


async def test_a_hub_without_queues_gets_one_that_takes_all_work(hub: Hub) -> None:
    [queue] = await hub.core.store.read(lambda reading: reading.queues())
    assert queue.name == FIRST_QUEUE


async def test_work_that_had_no_queue_gets_the_first_one(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, http_port=0, smtp_port=0)
    await asyncio.to_thread(database.migrate, settings)
    hub = await build(settings)
    try:
        [queue] = await hub.core.store.read(lambda reading: reading.queues())
        account = ev.AccountConfigured(
            account_id="ac_1", channel="sms", name="Number", addresses=("+12025550100",),
            queue_id=None, options={}, secret_content=None, managed_by="test",
        )  # fmt: skip
        removed = ev.QueueRemoved(queue_id=queue.id)
        await hub.core.store.run(lambda work: work.append(removed, account, actor="test"))
        await hub.core.store.accept(
            Arrival(
                channel="sms", account_id="ac_1", external_id=BASE["MessageSid"], raw=encoded(),
                media_type="application/x-www-form-urlencoded", envelope={},
            )
        )  # fmt: skip
        await hub.core.leader.step()
        [row] = await hub.core.store.read(lambda reading: reading.open_interactions())
        assert (row.queue_id or "", row.state) == ("", "queued")
    finally:
        await hub.core.close()
    hub = await build(settings)
    try:
        [queue] = await hub.core.store.read(lambda reading: reading.queues())
        [row] = await hub.core.store.read(lambda reading: reading.open_interactions())
        assert (row.queue_id, row.state) == (queue.id, "queued")
    finally:
        await hub.core.close()

"""What a node keeps in memory follows the log, whatever happens to the one who follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from storage.directory import SqlAccountDirectory
from storage.store import Store
from storage.views import SqlViews
from tests.contract.houses import House
from triggerhub.company import CompanyFace
from triggerhub.domain import events as ev
from triggerhub.domain.events import Recorded
from triggerhub.domain.work import Work


def account(address: str) -> ev.AccountConfigured:
    return ev.AccountConfigured(
        account_id="ac_1", channel="email", name="Mail", addresses=(address,), queue_id=None,
        options={}, secret_content=None, managed_by="test",
    )  # fmt: skip


def company(name: str) -> ev.HubConfigured:
    return ev.HubConfigured(name=name, timezone="Asia/Shanghai", default_region="CN", language="en")


async def appended(store: Store, *facts: ev.Fact) -> None:
    await store.run(lambda work: work.append(*facts, actor="test"))


@asynccontextmanager
async def following(follow: Callable[[], object]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(follow())  # type: ignore[call-overload]
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool], store: Store) -> None:
    """Looks again after each event; asks for one, so that there is a next look."""
    async with asyncio.timeout(20):
        while not condition():
            await store.read(lambda reading: reading.head())


async def test_accounts_that_changed_while_nobody_followed(store: Store) -> None:
    directory = SqlAccountDirectory(store)
    await directory.load()
    await appended(store, account("a@x.example"))  # the follower has not begun, or had failed
    async with following(directory.follow):
        await until(lambda: directory.by_address("email", "a@x.example") is not None, store)
        await appended(store, account("b@x.example"))
        await until(lambda: directory.by_address("email", "b@x.example") is not None, store)
    assert directory.by_address("email", "a@x.example") is None


async def test_the_companys_name_and_time_zone(store: Store) -> None:
    face = CompanyFace(store, SqlViews(store))
    await face.load()
    assert (face.name, face.timezone) == ("Trigger Center", "UTC")
    await appended(store, company("Before"))
    async with following(face.follow):
        await until(lambda: face.name == "Before", store)
        await appended(store, company("After"))
        await until(lambda: face.name == "After", store)
    assert face.timezone == "Asia/Shanghai"


async def test_a_tail_that_stumbles_goes_on(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event of another process is read, though the first try to read it breaks off."""
    whole = store.tail._read
    assert whole is not None
    broke = asyncio.Event()

    async def read(after: int, limit: int) -> list[Recorded]:
        if not broke.is_set():
            broke.set()
            raise KeyError("nobody foresaw this")
        return await whole(after, limit)

    monkeypatch.setattr(store.tail, "_read", read)
    heard: list[Sequence[Recorded]] = []

    async def listen() -> None:
        async for batch in store.subscribe():
            heard.append(batch)
            return

    listening = asyncio.create_task(listen())

    def said(work: Work) -> None:
        work.append(company("Elsewhere"), actor="test")

    with capture_logs() as lines:
        async with house.store() as other:
            await other.run(said)
        await asyncio.wait_for(listening, 20)
    assert isinstance(heard[0][0].fact, ev.HubConfigured)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["tail.stumbled"]

"""Content whose file isn't within reach is not erased: it is waited for, and holds up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from structlog.testing import capture_logs

from channels.sms.form import MAX_BYTES
from router import reading
from router.reading import Readers
from storage.directory import SqlAccountDirectory
from storage.erasure import erase
from storage.files import ContentFiles
from storage.rebuild import rebuild
from storage.shelf import IN_ROW
from tests.contract.houses import House
from tests.unit.router.world import SUPERVISOR, World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import CONTENT_MISSING, Unavailable
from triggerhub.domain.events import Fact

LARGE = "word " * 20_000


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(reading, "WAITS", (0.01, 0.05))


@contextmanager
def elsewhere(house: House) -> Iterator[None]:
    """While inside, the files are in another node's folder."""
    folder, other = house.folder / "content", house.folder / "another's"
    folder.rename(other)
    yield
    if folder.exists():  # something was written meanwhile
        for path in other.rglob("*"):
            if path.is_file():
                target = folder / path.relative_to(other)
                target.parent.mkdir(exist_ok=True)
                path.rename(target)
    else:
        other.rename(folder)


@asynccontextmanager
async def read(world: World) -> AsyncIterator[Readers]:
    leading = asyncio.Event()
    leading.set()
    directory = SqlAccountDirectory(world.store)
    readers = Readers(world.store, world.store, directory, world.channels, leading=leading)
    task = asyncio.create_task(readers.run())
    try:
        yield readers
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def told(world: World, kind: type[Fact], times: int = 1) -> list[Fact]:
    async with asyncio.timeout(20):
        async for _batch in world.store.subscribe(0):
            found = await world.log(kind)
            if len(found) >= times:
                return found
    raise AssertionError("the tail has stopped")


async def deliver(world: World, text: str) -> str:
    accepted = await world.deliver("email", "ac_mail", {"from": "c@x.example", "text": text})
    return accepted.id


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not seen():  # noqa: ASYNC110  # it has no event to wait for
            await asyncio.sleep(0.01)


async def test_a_mail_waits_for_its_file_and_others_pass_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0
    look = ContentFiles.read

    def counted(self: ContentFiles, relative: str) -> bytes:
        nonlocal tries
        tries += 1
        return look(self, relative)

    monkeypatch.setattr(ContentFiles, "read", counted)
    async with world_on(house) as world:
        large = await deliver(world, LARGE)
        with capture_logs() as lines:
            async with read(world) as readers:
                with elsewhere(house):
                    await deliver(world, "Hello")
                    await told(world, ev.MessageParsed)
                    await until(lambda: tries >= 3)
                    await until(lambda: readers.missing == 1)
                    await world.sms("+15550101")
                    await world.settle()
                    assert len(await world.log(ev.MessageResolved)) == 2
                parsed = await told(world, ev.MessageParsed, 2)
                assert getattr(parsed[-1], "message_id", "") == large
                await until(lambda: readers.missing == 0)
        assert await world.log(ev.MessageUnparseable) == []
        said = [line["log_level"] for line in lines if line["event"] == "reading.content_missing"]
        assert said == ["error"]
        assert [line for line in lines if line["event"] == "reading.unrecorded"] == []


async def test_people_are_told_of_a_file_that_never_comes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "GIVE_UP_AFTER", 0.02)
    async with world_on(house) as world:
        await deliver(world, LARGE)
        async with read(world) as readers:
            with elsewhere(house):
                [aside] = await told(world, ev.MessageUnparseable)
            assert isinstance(aside, ev.MessageUnparseable)
            assert aside.reason.startswith(CONTENT_MISSING)
            replay = cmd.ReplayAttention(attention_id=aside.attention_id)
            await world.do(SUPERVISOR, replay)
            await told(world, ev.MessageParsed)
            assert readers.missing == 0


async def test_what_another_node_read_is_not_lost_and_stops_nobody(house: House) -> None:
    async with world_on(house) as world:
        await world.mail("carol@customer.example", LARGE, proof="dkim")
        await world.sms("+15550101")
        with elsewhere(house):
            await world.settle()
            [resolved] = await world.log(ev.MessageResolved)
            [aside] = await world.log(ev.MessageUnparseable)
            assert (resolved.channel, aside.channel) == ("sms", "email")
            assert aside.reason.startswith(CONTENT_MISSING)
        await world.do(SUPERVISOR, cmd.ReplayAttention(attention_id=aside.attention_id))
        await world.read_mails()
        await world.settle()
        assert len(await world.log(ev.MessageResolved)) == 2


async def test_what_is_erased_is_still_erased(house: House) -> None:
    async with world_on(house) as world:
        await deliver(world, LARGE)
        await world.store.write(
            lambda tx: tx.connection.run("UPDATE content SET erased_at = 1, path = NULL")
        )
        async with read(world):
            [aside] = await told(world, ev.MessageUnparseable)
        assert isinstance(aside, ev.MessageUnparseable)
        assert aside.reason.startswith("erased ")


async def test_an_answer_waits_for_its_attachment(house: House) -> None:
    async with world_on(house) as world:
        [ann] = await world.hire("ann")
        await world.mail("carol@customer.example", proof="dkim", subject="Order 7")
        await world.settle()
        interaction_id = await world.take(ann)
        [row] = await world.open()
        upload = await world.views.put_upload("plan.txt", "text/plain", b"x" * 99_999, ann.id)
        await world.do(
            ann,
            cmd.SendMessage(
                interaction_id=interaction_id, channel="email", account_id="ac_mail",
                identity_id=row.identity_id, text="Here.", upload_ids=(upload["id"],),
            ),
        )  # fmt: skip
        with elsewhere(house):
            await world.send()
        assert world.channels["email"].sent == []
        assert len(await world.log(ev.MessageDeferred)) == 1
        await world.pass_time(seconds=60)
        await world.send()
        [message] = world.channels["email"].sent
        assert [len(part.data or b"") for part in message.attachments] == [99_999]


async def test_nothing_else_takes_a_missing_file_for_an_erased_one(house: House) -> None:
    async with world_on(house) as world:
        await world.mail("carol@customer.example", LARGE, proof="dkim")
        await world.settle()
        [row] = await world.open()
        customer = row.customer_id
        [resolved] = await world.log(ev.MessageResolved)
        with elsewhere(house):
            for content_id in (resolved.raw_content, resolved.parsed_content):
                with pytest.raises(Unavailable) as refused:
                    await world.views.content(content_id)
                assert refused.value.code == CONTENT_MISSING
                assert str(house.folder) not in str(refused.value)
            with pytest.raises(Unavailable, match="content folder"):
                await asyncio.to_thread(rebuild, house.database(), world.store.kit, None, swap=True)
            with pytest.raises(Unavailable, match="content folder"):
                await erase(world.store, customer, actor="test")
        report = await asyncio.to_thread(rebuild, house.database(), world.store.kit)
        assert report.identical
        await erase(world.store, customer, actor="test")
        assert await world.views.content(resolved.raw_content) is None


def test_what_is_resolved_from_its_raw_bytes_is_no_file() -> None:
    """Else a missing one would stop the leader."""
    assert MAX_BYTES <= IN_ROW

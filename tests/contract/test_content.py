"""Large content is on the disk before its transaction, and nobody who writes waits for it."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from router.media import Fetcher
from storage.directory import SqlAccountDirectory
from storage.files import ContentFiles
from storage.pruning import FILES, prune
from storage.store import Store
from tests.contract.houses import House, sms
from tests.unit.router.world import world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, Unavailable
from triggerhub.domain.model.message import Account, Fetched
from triggerhub.domain.work import Keeping, Work

LARGE = b"x" * 99_999


@pytest.fixture
def touches(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often content files were written or read, by the kind of thread that did it."""
    seen: Counter[str] = Counter()
    write, read = ContentFiles.write, ContentFiles.read

    def noted() -> None:
        seen[threading.current_thread().name.rstrip("0123456789_")] += 1

    def writing(self: ContentFiles, content_id: str, body: bytes) -> str:
        noted()
        return write(self, content_id, body)

    def reading(self: ContentFiles, relative: str) -> bytes:
        noted()
        return read(self, relative)

    monkeypatch.setattr(ContentFiles, "write", writing)
    monkeypatch.setattr(ContentFiles, "read", reading)
    return seen


def files_in(house: House) -> list[Path]:
    return [path for path in (house.folder / "content").rglob("*") if path.is_file()]


def lay(shelf: Keeping) -> tuple[str, str]:
    return shelf.put("attachment", LARGE, media_type="text/plain"), shelf.put_json("note", {"a": 1})


async def test_what_is_placed_is_kept(store: Store, house: House) -> None:
    async with store.prepared(lay) as prepared:
        [file] = files_in(house)
        assert file.read_bytes() == LARGE
        found: list[bytes | None] = []

        def work(unit: Work) -> None:
            ids = unit.place(prepared)
            found.extend(unit.body(one) for one in ids)

        await store.run(work)
    assert found == [LARGE, b'{"a":1}']
    bodies = await store.read(lambda reading: reading.bodies(prepared.value))
    assert bodies == dict(zip(prepared.value, found, strict=True))
    assert files_in(house) == [file]


async def test_what_is_not_placed_leaves_no_file(store: Store, house: House) -> None:
    async with store.prepared(lay) as prepared:
        await store.run(lambda unit: unit.head)
    assert files_in(house) == []
    assert await store.read(lambda reading: reading.bodies(prepared.value)) == {}


async def test_what_is_refused_leaves_no_file(store: Store, house: House) -> None:
    def work(unit: Work) -> None:
        unit.place(prepared)
        raise Conflict("somebody was faster")

    with pytest.raises(Conflict):
        async with store.prepared(lay) as prepared:
            await store.run(work)
    assert files_in(house) == []
    assert await store.read(lambda reading: reading.bodies(prepared.value)) == {}


async def test_a_file_whose_commit_is_in_doubt_is_left_to_pruning(
    store: Store, house: House
) -> None:
    async def lose_the_answer() -> None:
        async with store.prepared(lay) as prepared:
            await store.run(lambda unit: unit.place(prepared))
            raise Unavailable("the answer was lost")

    with pytest.raises(Unavailable):
        await lose_the_answer()
    [file] = files_in(house)
    long_ago = (house.clock.now() - FILES - timedelta(hours=1)).timestamp()
    os.utime(file, (long_ago, long_ago))
    assert await prune(store) == 0
    assert files_in(house) == [file]


async def test_a_disk_that_refuses_is_told_and_holds_no_half_file(
    store: Store, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        if os.fstat(handle).st_size == 2 * len(LARGE):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    sync = os.fsync
    await store.accept(sms(1, body=LARGE))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        await store.accept(sms(2, body=LARGE * 2))
    monkeypatch.undo()
    assert [path.stat().st_size for path in files_in(house)] == [len(LARGE)]
    assert not (await store.accept(sms(2, body=LARGE * 2))).duplicate


async def test_what_was_not_prepared_is_no_file_of_the_writers(
    store: Store, touches: Counter[str]
) -> None:
    content_id = await store.run(lambda unit: unit.put("note", LARGE))
    assert await store.read(lambda reading: reading.body(content_id)) == LARGE
    assert touches == {}


async def test_a_large_mail_is_no_file_of_the_writers(house: House, touches: Counter[str]) -> None:
    async with world_on(house) as world:
        await world.mail(
            "carol@customer.example", proof="dkim", text="word " * 20_000,
            attachments={"a.txt": "x" * 99_999, "b.txt": "small"},
        )  # fmt: skip
        await world.settle()
        [parsed] = await world.log(ev.MessageParsed)
        # The raw mail, the message and its large part.
        assert len(files_in(house)) == 3
        assert {thread for thread in touches if thread.startswith("asyncio")}
        writers = touches.pop("writer", 0)
        assert await world.store.read(lambda reading: reading.body(parsed.parsed_content))
    # Who decides and who folds read the words, and nothing else.
    assert writers <= 2


async def test_a_large_attachment_is_sent_without_the_writer(
    house: House, touches: Counter[str]
) -> None:
    async with world_on(house) as world:
        [ann] = await world.hire("ann")
        await world.mail("carol@customer.example", proof="dkim", subject="Order 7")
        await world.settle()
        interaction_id = await world.take(ann)
        [row] = await world.open()
        upload = await world.views.put_upload("plan.txt", "text/plain", LARGE, ann.id)
        await world.do(
            ann,
            cmd.SendMessage(
                interaction_id=interaction_id, channel="email", account_id="ac_mail",
                identity_id=row.identity_id, text="Here.", upload_ids=(upload["id"],),
            ),
        )  # fmt: skip
        await world.send()
        [message] = world.channels["email"].sent
        assert [part.data for part in message.attachments] == [LARGE]
    assert "writer" not in touches
    assert touches["reader"] == 1


class Provider:
    """Implements MediaSource: whatever is asked for is large."""

    async def fetch(self, url: str, account: Account) -> Fetched:
        return Fetched(data=LARGE, content_type="image/png")


async def test_a_fetched_picture_is_no_file_of_the_writers(
    house: House, touches: Counter[str]
) -> None:
    async with world_on(house) as world:
        directory = SqlAccountDirectory(world.store)
        await directory.load()
        await world.sms("+15550100", media=["https://carrier.example/1"])
        await world.settle()
        fetcher = Fetcher(
            world.store, world.store, directory, {"sms": Provider()}, clock=world.clock,
            leading=asyncio.Event(),
        )  # fmt: skip
        assert await fetcher.step()
        [fetched] = await world.log(ev.AttachmentFetched)
        found = await world.views.content(fetched.content)
        assert found is not None
        assert found[1] == LARGE
        # Where the provider keeps it is nobody's business who reads the timeline.
        [resolved] = await world.log(ev.MessageResolved)
        page = await world.views.timeline(resolved.customer_id, before=None, limit=5)
        served = orjson.dumps(page["items"])
        assert fetched.content.encode() in served
        assert b"carrier.example" not in served
    assert "writer" not in touches

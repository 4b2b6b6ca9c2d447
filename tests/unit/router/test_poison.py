"""One thing that nobody foresaw must not hold up all that comes after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from router import leader, media, reading
from router.assign import decide
from router.media import Fetcher
from router.reading import Readers
from router.resolve import content
from storage.directory import SqlAccountDirectory
from storage.lookups import Lookups
from tests.unit.router.world import FakeChannel, World
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Rejected, Unavailable
from triggerhub.domain.events import Fact
from triggerhub.domain.model.message import (
    Account,
    Address,
    Attachment,
    Fetched,
    InboundMessage,
    StatusReport,
)
from triggerhub.domain.rows import PendingRow


class Poisoned(FakeChannel):
    """Breaks off, in a way that no adapter should, where the bytes hold the word "poison"."""

    error: Exception = RuntimeError("nobody foresaw this")
    tries = 0

    def read(
        self, raw: bytes, account: Account | None, envelope: Mapping[str, str]
    ) -> InboundMessage:
        if b"poison" in raw:
            self.tries += 1
            raise self.error
        return super().read(raw, account, envelope)

    def read_status(self, raw: bytes, envelope: Mapping[str, str]) -> StatusReport:
        if b"poison" in raw:
            raise self.error
        return super().read_status(raw, envelope)


@pytest.fixture(autouse=True)
def no_breath(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(leader, "BREATH", 0)
    monkeypatch.setattr(reading, "WAITS", (0.0,))
    monkeypatch.setattr(reading, "LOOK_EVERY", 0.01)
    with capture_logs():  # printed tracebacks take most of a second each
        yield


@asynccontextmanager
async def running(*loops: Callable[[], Any]) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(loop()) for loop in loops]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def told(world: World, *types: type[Fact], times: int = 1) -> list[Any]:
    """Wait until the log holds so many facts of these types."""
    async with asyncio.timeout(20):
        async for _batch in world.store.subscribe(0):
            found = await world.log(*types)
            if len(found) >= times:
                return found
    raise AssertionError("the tail has stopped")


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyError("y"), AssertionError()])
async def test_a_text_that_breaks_the_leader_is_set_aside(world: World, error: Exception) -> None:
    channel = Poisoned("sms")
    channel.error = error
    world.channels["sms"] = channel
    await world.hire("ann")
    await world.sms("+15550101")
    poison = await world.sms("+15550102", "poison")
    later = await world.sms("+15550103")
    async with running(world.leader.run):
        resolved = await told(world, ev.MessageResolved, times=2)
        assert resolved[-1].message_id == later.id
        [aside] = await told(world, ev.MessageUnparseable)
        assert aside.message_id == poison.id
        await told(world, ev.OfferMade)
    assert "nobody" not in aside.reason
    assert await world.views.attention_count() == 1
    assert channel.tries == 1 + leader.ALONE
    assert len(await world.log(ev.MessageResolved)) == 2


async def test_a_mail_and_a_report_are_set_aside_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.channels["sms"] = Poisoned("sms")
    bad = await world.mail("carol@customer.example", "poison")
    whole = content.read

    def breaks(value: dict[str, Any]) -> InboundMessage:
        if "poison" in value["text"]:
            raise TypeError("no such field")
        return whole(value)

    monkeypatch.setattr(content, "read", breaks)
    await world.report("poison", "delivered")
    await world.sms("+15550101")
    async with running(world.leader.run):
        await told(world, ev.MessageResolved)
    [aside] = await world.log(ev.MessageUnparseable)
    assert aside.message_id == bad.id
    [status] = await world.log(ev.StatusSetAside)
    assert status.rule == "not_settled"


async def test_what_breaks_once_is_not_set_aside(world: World) -> None:
    channel = Poisoned("sms")
    world.channels["sms"] = channel
    await world.sms("+15550102", "poison")
    whole = channel.read

    def better(raw: bytes, account: Account | None, envelope: Mapping[str, str]) -> InboundMessage:
        if channel.tries < 2:
            return whole(raw, account, envelope)
        return FakeChannel.read(channel, raw, account, envelope)

    channel.read = better  # type: ignore[method-assign]
    async with running(world.leader.run):
        await told(world, ev.MessageResolved)
    assert await world.log(ev.MessageUnparseable) == []


async def test_where_decisions_break_messages_are_still_shown_and_readiness_says_no(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[Fact]:
        raise ZeroDivisionError

    await world.settle()
    assert world.leader.leading.is_set()
    monkeypatch.setattr(decide, "match", broken)
    for number in range(3):
        await world.sms(f"+1555010{number}")
    async with running(world.leader.run) as [task]:
        await told(world, ev.MessageResolved, times=3)
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(task, 20)
    assert not world.leader.leading.is_set()
    assert not world.leader.following
    assert await world.log(ev.MessageUnparseable) == []
    monkeypatch.undo()
    await world.settle()
    assert world.leader.leading.is_set()


async def test_a_leader_without_its_database_does_not_claim_to_lead(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.settle()
    gone = asyncio.Event()

    async def run(*_: object, **__: object) -> None:
        gone.set()
        raise Unavailable("no database")

    monkeypatch.setattr(world.store, "run", run)
    async with running(world.leader.run):
        await asyncio.wait_for(gone.wait(), 20)
        await asyncio.sleep(0)
        assert not world.leader.leading.is_set()


def test_what_no_database_takes_as_text_is_left_out() -> None:
    message = InboundMessage(
        key="k\0", external_id="e\0", reply_to="y\0", to=("a\0",), subject="s\0", text="t\0\ud800",
        quoted="q\0", html="<b>\0", problems=("p\0",), reply_tokens=("r\0",), references=("f\0",),
        sender=Address(kind="email", address="a\0@x.example", name="n\0", raw="w\0"),
        attachments=(Attachment(filename="f\0", content_type="c\0", size=1, data=b"\0"),),
        report=StatusReport(reference="r\0", state="failed", code="c\0", reason="w\0"),
    )  # fmt: skip
    kept = content.storable(message)
    assert "\\x00" not in repr(kept).replace("b'\\x00'", "")
    assert kept.text == "t\ufffd"
    assert kept.attachments[0].data == b"\0"


@pytest.mark.parametrize("field", ["key", "external_id", "reply_to", "subject", "text", "quoted"])
def test_one_such_letter_anywhere_is_seen(field: str) -> None:
    message = InboundMessage(key="k", external_id="e", sender=None)
    kept = content.storable(replace(message, **{field: "x\0"}))  # type: ignore[arg-type]
    assert getattr(kept, field) == "x"


def reading_for(world: World, leading: asyncio.Event | None = None) -> Readers:
    if leading is None:
        leading = asyncio.Event()
        leading.set()
    directory = SqlAccountDirectory(world.store)
    return Readers(world.store, world.store, directory, world.channels, leading=leading)


async def test_a_mail_whose_reading_breaks_off_is_shown_in_the_end(world: World) -> None:
    channel = Poisoned("email")
    world.channels["email"] = channel
    bad = await world.deliver("email", "ac_mail", {"from": "c@x.example", "text": "poison"})
    good = await world.deliver("email", "ac_mail", {"from": "d@x.example", "text": "Hello"})
    async with running(reading_for(world).run):
        [aside] = await told(world, ev.MessageUnparseable)
        [parsed] = await told(world, ev.MessageParsed)
    assert (aside.message_id, parsed.message_id) == (bad.id, good.id)
    assert aside.reason.startswith("broke_off ")
    assert channel.tries == reading.UNFORESEEN
    assert await world.views.attention_count() == 1


async def test_a_mail_rests_after_a_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It isn't read again and again without a pause."""
    monkeypatch.setattr(reading, "WAITS", (3600.0,))
    channel = Poisoned("email")
    channel.error = Unavailable("no parser can be started")
    world.channels["email"] = channel
    await world.deliver("email", "ac_mail", {"from": "c@x.example", "text": "poison"})
    async with running(reading_for(world).run):
        for number in range(3):  # each of them wakes the loop
            await world.deliver("email", "ac_mail", {"from": "d@x.example", "text": f"{number}"})
            await told(world, ev.MessageParsed, times=number + 1)
    assert channel.tries == 1
    assert await world.log(ev.MessageUnparseable) == []


async def test_in_a_flood_one_batch_is_read_and_then_it_rests(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH", 2)
    monkeypatch.setattr(reading, "rest_after", lambda _: 3600.0)
    flood = [True]
    monkeypatch.setattr(world.store, "flooded", lambda: flood[0])
    world.channels["email"] = FakeChannel("email")
    for number in range(6):
        await world.deliver("email", "ac_mail", {"from": "c@x.example", "text": f"{number}"})
    readers = reading_for(world)
    async with running(readers.run):
        await told(world, ev.MessageParsed, times=2)
        # Rung by each that comes, as it is in a flood.
        await world.deliver("email", "ac_mail", {"from": "d@x.example", "text": "one more"})
        await readers._begin()
        assert len(await world.log(ev.MessageParsed)) == 2
        flood[0] = False
        await told(world, ev.MessageParsed, times=7)


class BrokenSource:
    async def fetch(self, url: str, account: Account) -> Fetched:
        if url.endswith("poison"):
            raise KeyError("nobody foresaw this")
        return Fetched(content_type="image/png", data=b"png")


async def test_a_part_whose_fetching_breaks_off_waits_and_others_are_fetched(world: World) -> None:
    class Pictures(FakeChannel):
        def read(
            self, raw: bytes, account: Account | None, envelope: Mapping[str, str]
        ) -> InboundMessage:
            parts: Sequence[str] = ("https://c.example/poison", "https://c.example/good")
            return InboundMessage(
                key="k", external_id="k", proof="signature",
                sender=Address(kind="phone", address="+15550101"),
                attachments=tuple(
                    Attachment(filename="p", content_type="image/png", size=0, url=url)
                    for url in parts
                ),
            )  # fmt: skip

    world.channels["sms"] = Pictures("sms")
    await world.sms("+15550101")
    await world.settle()
    directory = SqlAccountDirectory(world.store)
    await directory.load()
    fetcher = Fetcher(
        world.store, world.store, directory, {"sms": BrokenSource()}, clock=world.clock,
        leading=asyncio.Event(),
    )  # fmt: skip
    assert await fetcher.step()
    [deferred] = await world.log(ev.AttachmentDeferred)
    assert deferred.position == 0
    [fetched] = await world.log(ev.AttachmentFetched)
    assert fetched.position == 1
    world.clock.advance(media.GIVE_UP_AFTER)
    await fetcher.step()
    [lost] = await world.log(ev.AttachmentLost)
    assert (lost.position, lost.reason) == (0, "broke_off fetching it broke off (KeyError)")


async def test_text_that_the_channel_refuses_is_still_just_unreadable(world: World) -> None:
    channel = Poisoned("sms")
    channel.error = Rejected("not a form")
    world.channels["sms"] = channel
    await world.sms("+15550102", "poison")
    await world.settle()
    assert channel.tries == 1
    [aside] = await world.log(ev.MessageUnparseable)
    assert aside.reason == "rejected not a form"


async def test_nothing_is_read_while_the_lead_is_elsewhere(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    pending = Lookups.pending

    def noted(self: Lookups, limit: int) -> list[PendingRow]:
        asked.append(limit)
        return pending(self, limit)

    monkeypatch.setattr(Lookups, "pending", noted)
    leading = asyncio.Event()
    async with running(reading_for(world, leading).run):
        await world.deliver("email", "ac_mail", {"from": "d@x.example", "text": "Hello"})
        assert asked == []
        leading.set()
        await told(world, ev.MessageParsed)


async def test_a_flood_of_mail_is_read_in_portions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait, only so many are fetched at once, and none is forgotten."""
    many = 3 * reading.BATCH
    for number in range(many):
        await world.deliver("email", "ac_mail", {"from": f"c{number}@customer.example"})
    readers = reading_for(world)
    most = 0
    parse = world.channels["email"].parse

    async def counted(*args: Any) -> InboundMessage:
        nonlocal most
        most = max(most, len(readers._under_way))
        readers._bell.ring()
        return await parse(*args)

    monkeypatch.setattr(world.channels["email"], "parse", counted)
    async with running(readers.run):
        await told(world, ev.MessageParsed, times=many)
    assert reading.FEW < most <= reading.BATCH + reading.FEW

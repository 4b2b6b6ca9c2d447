"""Every attempt has an end, whatever breaks; and each channel keeps its own deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from router.delivery import outbox as module
from router.delivery.outbox import Outbox
from tests.unit.router.sending import in_hand, outbox_of, state, write
from tests.unit.router.world import World
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.events import Fact
from triggerhub.domain.model.message import Account, OutboundMessage, SendOutcome
from triggerhub.domain.rows import OutboxRow
from triggerhub.domain.work import Reading


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run())
    try:
        yield
        assert not task.done(), "one message must not end the outbox"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await outbox.close()


async def told(world: World, *types: type[Fact], times: int = 1) -> list[Any]:
    async with asyncio.timeout(20):
        async for _batch in world.store.subscribe(0):
            found = await world.log(*types)
            if len(found) >= times:
                return found
    raise AssertionError("the tail has stopped")


class Gate:
    """A channel's `send` that waits to be let through."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.at_it = 0
        self.most = 0
        self.someone = asyncio.Event()
        self.full = asyncio.Event()

    async def __call__(self, message: OutboundMessage, account: Account) -> SendOutcome:
        self.at_it += 1
        self.most = max(self.most, self.at_it)
        self.someone.set()
        if self.at_it == module.AT_ONCE_EACH:
            self.full.set()
        await self.open.wait()
        self.at_it -= 1
        return SendOutcome(reference=f"r-{message.message_id}")


@pytest.mark.parametrize("found", [None, SendOutcome(reference="r")])
async def test_a_channel_that_breaks_off_leaves_no_message_sending(
    world: World, found: SendOutcome | None
) -> None:
    async def send(message: OutboundMessage, account: Account) -> SendOutcome:
        raise KeyError("nobody foresaw this")

    message_id = await write(world, *await in_hand(world))
    world.channels["sms"].send = send  # type: ignore[method-assign]
    world.channels["sms"].found = found
    world.clock.advance(timedelta(seconds=5))
    async with running(await outbox_of(world)):
        await told(world, ev.MessageUnknown if found is None else ev.MessageSent)
    assert await state(world, message_id) == ("unknown" if found is None else "sent")
    assert world.channels["sms"].sent == []


async def test_a_question_that_breaks_off_is_answered_with_unknown(world: World) -> None:
    async def breaks(message: OutboundMessage, account: Account) -> SendOutcome:
        raise KeyError("nobody foresaw this")

    await write(world, *await in_hand(world))
    world.channels["sms"].send = breaks  # type: ignore[method-assign]
    world.channels["sms"].find_sent = breaks  # type: ignore[method-assign]
    world.clock.advance(timedelta(seconds=5))
    async with running(await outbox_of(world)):
        await told(world, ev.MessageUnknown)


async def test_an_end_is_kept_until_the_database_takes_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = await write(world, *await in_hand(world))
    outbox = await outbox_of(world)
    whole = outbox._record_sent
    refusals = iter([True, True, False])

    async def record(row: OutboxRow, outcome: SendOutcome) -> None:
        if next(refusals):
            raise Unavailable("no database", retry_after=timedelta(0))
        await whole(row, outcome)

    monkeypatch.setattr(outbox, "_record_sent", record)
    world.clock.advance(timedelta(seconds=5))
    async with running(outbox):
        await told(world, ev.MessageSent)
    assert await state(world, message_id) == "sent"
    assert len(world.channels["sms"].sent) == 1


async def test_an_end_that_can_not_be_recorded_becomes_unknown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def record(row: OutboxRow, outcome: SendOutcome) -> None:
        raise KeyError("nobody foresaw this")

    message_id = await write(world, *await in_hand(world))
    outbox = await outbox_of(world)
    monkeypatch.setattr(outbox, "_record_sent", record)
    world.clock.advance(timedelta(seconds=5))
    async with running(outbox):
        await told(world, ev.MessageUnknown)
    assert await state(world, message_id) == "unknown"


async def test_what_can_not_be_read_fails_and_holds_up_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, interaction_id, identity_id = await in_hand(world)
    bad = await write(world, ann, interaction_id, identity_id)
    good = await write(world, ann, interaction_id, identity_id)
    load = module.load

    def breaks(reading: Reading, row: OutboxRow, attempt: int) -> OutboundMessage | None:
        if row.message_id == bad:
            raise KeyError("to")
        return load(reading, row, attempt)

    monkeypatch.setattr(module, "load", breaks)
    world.clock.advance(timedelta(seconds=5))
    async with running(await outbox_of(world)):
        await told(world, ev.MessageSent)
        await told(world, ev.MessageFailed)
    assert (await state(world, bad), await state(world, good)) == ("failed", "sent")


async def test_one_channel_begins_no_more_than_it_has_places_for(world: World) -> None:
    """So what waits for a place in the relay isn't `sending`, and others have room."""
    ann, interaction_id, identity_id = await in_hand(world)
    many = module.AT_ONCE_EACH + 3
    for _ in range(many):
        await write(world, ann, interaction_id, identity_id)
    gate = Gate()
    world.channels["sms"].send = gate  # type: ignore[method-assign]
    world.clock.advance(timedelta(seconds=5))
    async with running(await outbox_of(world)):
        async with asyncio.timeout(20):
            await gate.full.wait()
        assert len(await told(world, ev.MessageSending)) == module.AT_ONCE_EACH
        gate.open.set()
        await told(world, ev.MessageSent, times=many)
    assert gate.most == module.AT_ONCE_EACH


async def test_the_end_waits_for_what_was_begun_and_begins_nothing(world: World) -> None:
    ann, interaction_id, identity_id = await in_hand(world)
    begun = await write(world, ann, interaction_id, identity_id)
    gate = Gate()
    world.channels["sms"].send = gate  # type: ignore[method-assign]
    world.clock.advance(timedelta(seconds=5))
    outbox = await outbox_of(world)
    async with running(outbox):
        async with asyncio.timeout(20):
            await gate.someone.wait()
        finishing = asyncio.create_task(outbox.finish())
        await asyncio.sleep(0)
        waiting = await write(world, ann, interaction_id, identity_id)
        world.clock.advance(timedelta(seconds=5))
        await outbox._send_due()
        assert not finishing.done()
        gate.open.set()
        await asyncio.wait_for(finishing, 20)
    assert (await state(world, begun), await state(world, waiting)) == ("sent", "queued")


async def test_what_is_broken_off_at_the_end_is_still_sending(world: World) -> None:
    message_id = await write(world, *await in_hand(world))
    gate = Gate()
    world.channels["sms"].send = gate  # type: ignore[method-assign]
    world.clock.advance(timedelta(seconds=5))
    outbox = await outbox_of(world)
    async with running(outbox), asyncio.timeout(20):
        await gate.someone.wait()
    assert await state(world, message_id) == "sending"

"""A log that was brought back: another epoch, and nothing is sent that may have been sent."""

from __future__ import annotations

import asyncio

from storage import restored
from storage.rebuild import rebuild
from tests.contract.houses import House
from tests.unit.router.world import SUPERVISOR, World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain.events import MessageSending


async def answered(world: World) -> None:
    """One answer is on its way, another still waits."""
    [ann] = await world.hire("ann")
    await world.sms("+15550101")
    await world.settle()
    [work] = [await world.take(ann)]
    [row] = [r for r in await world.open() if r.id == work]
    for text in ("One", "Two"):
        await world.do(
            ann,
            cmd.SendMessage(
                interaction_id=row.id, channel="sms", account_id="ac_sms",
                identity_id=row.identity_id, text=text,
            ),
        )  # fmt: skip
    [first, _] = await world.store.read(lambda r: r.outbox_in("queued", 9))
    await world.append(MessageSending(message_id=first.message_id, attempt=1))


async def test_what_was_to_be_sent_is_left_to_people(house: House) -> None:
    async with world_on(house) as world:
        await answered(world)
        epoch = await world.views.epoch()
        unsure = await asyncio.to_thread(restored.settle, house.database(), world.store.kit)
        assert unsure == 2
        assert await world.views.epoch() != epoch
        assert await world.store.read(lambda r: r.outbox_in("queued", 9)) == []
        assert await world.store.read(lambda r: r.outbox_in("sending", 9)) == []
        page = await world.views.attention(state="open", after=None, limit=9)
        assert [item["kind"] for item in page["items"]] == ["send_unknown"] * 2
        report = await asyncio.to_thread(rebuild, house.database(), world.store.kit)
        assert report.identical
        failed = page["items"][0]["message_id"]
        again = await world.do(SUPERVISOR, cmd.RetryMessage(message_id=failed))
        assert again["message_id"] != failed

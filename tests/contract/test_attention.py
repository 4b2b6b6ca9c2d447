"""What needs a person: what it is about, and what becomes of it when it is read again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from router import reading
from tests.contract.houses import House
from tests.unit.router.world import MANY, SUPERVISOR, World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Rejected
from triggerhub.domain.model.message import Arrival

Json = dict[str, Any]


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


async def needs(world: World, state: str = "open") -> list[Json]:
    page = await world.views.attention(state=state, after=None, limit=50)
    return list(page["items"])


async def broken_sms(world: World, sender: str) -> None:
    await world.store.accept(
        Arrival(
            channel="sms", account_id="ac_sms", external_id=f"broken-{sender}", raw=b"{",
            media_type="application/json", envelope={"from": sender},
        )
    )  # fmt: skip
    await world.settle()
    world.clock.advance(timedelta(minutes=1))


async def replay(world: World, item: Json) -> None:
    await world.do(SUPERVISOR, cmd.ReplayAttention(attention_id=item["id"]))


async def test_read_again_in_vain_it_keeps_its_time_and_place(world: World) -> None:
    await broken_sms(world, "+15550101")
    await broken_sms(world, "+15550102")
    second, first = await needs(world)
    assert (first["tried_at"], first["tries"]) == (None, 0)
    assert (first["from"], first["size"], first["customer_id"]) == ("+15550101", 1, None)
    for tries in (1, 2):
        world.clock.advance(timedelta(hours=1))
        await replay(world, first)
        assert [item["id"] for item in await needs(world)] == [second["id"]]
        await world.settle()
        again = await needs(world)
        assert [item["id"] for item in again] == [second["id"], first["id"]]
        assert again[1] == first | {
            "tries": tries, "tried_at": again[1]["tried_at"], "state": "open",
        }  # fmt: skip
        assert again[1]["tried_at"] == world.clock.now().isoformat(timespec="milliseconds").replace(
            "+00:00", "Z"
        )
    assert len(await world.log(ev.MessageUnparseable)) == 4
    assert len(await needs(world, "all")) == await world.views.attention_count() == 2


async def test_a_mail_read_again_in_vain_is_the_same_item(world: World) -> None:
    await world.store.accept(
        Arrival(
            channel="email", account_id="ac_mail", external_id="m1", raw=b"no mail",
            media_type="message/rfc822",
            envelope={"mail_from": "eve@out.example", "rcpt_to": '["help@demo.example"]'},
        )
    )  # fmt: skip

    async def fail(why: str) -> None:
        [row] = await world.store.read(lambda r: r.pending(MANY))
        error = Rejected("these bytes are no mail", code=why)
        await world.store.run(partial(reading._unreadable, row, error))

    await fail("mail_binary")
    [item] = await needs(world)
    assert (item["from"], item["to"]) == ("eve@out.example", ["help@demo.example"])
    await replay(world, item)
    [row] = await needs(world, "all")
    assert row["state"] == "replayed"
    await fail("mail_parser")
    [again] = await needs(world)
    assert (again["id"], again["at"], again["tries"]) == (item["id"], item["at"], 1)
    assert again["reason"] == "mail_parser these bytes are no mail"


async def test_what_can_be_read_now_says_whose_it_is(world: World) -> None:
    channel = world.channels.pop("sms")
    await world.sms("+15550100", "Here I am")
    await world.settle()
    [item] = await needs(world)
    world.channels["sms"] = channel
    await replay(world, item)
    await world.settle()
    assert await needs(world) == []
    [row] = await needs(world, "all")
    assert (row["state"], row["customer_name"], row["preview"]) == (
        "replayed", "+15550100", "Here I am",
    )  # fmt: skip


async def test_what_was_not_sent_says_to_whom_and_what(world: World) -> None:
    [ann] = await world.hire("ann", queues=("q_sales",))
    await world.sms("+15550101", "Hello?")
    await world.settle()
    work = await world.take(ann)
    [row] = await world.open()
    await world.do(
        ann,
        cmd.SendMessage(
            interaction_id=work, channel="sms", account_id="ac_sms", identity_id=row.identity_id,
            text="It is on its way",
        ),
    )  # fmt: skip
    world.channels["sms"].outcomes.append(Rejected("no such number", code="twilio.21211"))
    await world.send()
    [item] = await needs(world)
    assert item["kind"] == "send_failed"
    assert (item["to"], item["customer_id"]) == (["+15550101"], row.customer_id)
    assert (item["customer_name"], item["preview"]) == ("+15550101", "It is on its way")

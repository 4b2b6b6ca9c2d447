"""A person is erased: nothing personal is left on the disk, the log and its fold stay whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from storage.erasure import erase
from storage.rebuild import rebuild
from tests.contract.houses import House
from tests.unit.router.world import SUPERVISOR, World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import NotFound

SECRETS = ("wang@customer.example", "王小明", "Zweibrücken", "attached-words", "careful-note",
           "my-answer", "订单", "vip-tag", "Acme")  # fmt: skip


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


async def lived(world: World) -> str:
    """A mail with an attachment and a large one, an answer, a note, a profile; the customer."""
    [ann] = await world.hire("ann", queues=("q_help",))
    await world.mail(
        "wang@customer.example", "I live in Zweibrücken " + "x" * 200_000, subject="订单",
        name="王小明", proof="dkim", attachments={"a.txt": "attached-words", "b.txt": "y" * 99_999},
    )  # fmt: skip
    await world.settle()
    work = await world.take(ann)
    [row] = [r for r in await world.open() if r.id == work]
    await world.do(
        ann,
        cmd.SendMessage(
            interaction_id=work, channel="email", account_id="ac_mail",
            identity_id=row.identity_id, text="my-answer",
        ),
    )  # fmt: skip
    await world.do(ann, cmd.AddNote(conversation_id=row.conversation_id, text="careful-note"))
    await world.do(
        ann,
        cmd.UpdateCustomer(
            customer_id=row.customer_id, name="王小明 Acme", company="Acme", tags=("vip-tag",)
        ),
    )
    return str(row.customer_id)


def on_disk(house: House) -> bytes:
    return b"".join(path.read_bytes() for path in house.folder.rglob("*") if path.is_file())


async def test_nothing_is_left_of_a_person(world: World, house: House) -> None:
    customer_id = await lived(world)
    await world.sms("+15550102", "Somebody else stays")
    await world.settle()
    done = await erase(world.store, customer_id, actor="admin:test")
    assert done.contents >= 8
    assert done.clean
    if house.database().dialect == "sqlite":
        left = on_disk(house)
        assert [word for word in SECRETS if word.encode() in left] == []
        assert b"Somebody else stays" in left
    card = await world.views.card(customer_id)
    assert card is not None
    assert card["customer"]["name"] == ""
    page = await world.views.timeline(customer_id, before=None, limit=50)
    assert {item["text"] for item in page["items"] if item["kind"] != "system"} == {""}
    assert all(item["erased"] for item in page["items"] if item["kind"] != "system")
    found = await world.views.customers("wang", viewer=SUPERVISOR, after=None, limit=5)
    assert found["items"] == []
    assert await world.store.read(lambda r: r.outbox_in("queued", 9)) == []
    assert [f.customer_id for f in await world.log(ev.ErasureDone)] == [customer_id]


async def test_the_fold_of_the_log_gives_the_same_afterwards(world: World, house: House) -> None:
    customer_id = await lived(world)
    await erase(world.store, customer_id, actor="admin:test")
    world.clock.advance(timedelta(minutes=1))
    await world.mail("wang@customer.example", "Me again", name="王小明", proof="dkim")
    await world.settle()
    report = await asyncio.to_thread(rebuild, house.database(), world.store.kit)
    assert report.differences == ()
    [again] = (await world.views.customers("wang@", viewer=SUPERVISOR, after=None, limit=5))[
        "items"
    ]
    assert again["id"] != customer_id, "who writes again is somebody new"


async def test_twice_is_once_and_nobody_is_nobody(world: World) -> None:
    customer_id = await lived(world)
    await erase(world.store, customer_id, actor="admin:test")
    assert (await erase(world.store, customer_id, actor="admin:test")).contents == 0
    with pytest.raises(NotFound):
        await erase(world.store, "cu_404", actor="admin:test")

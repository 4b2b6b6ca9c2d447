"""Folding the log anew gives the running projections, row by row; every event type has its fold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest

from router.delivery.outbox import Outbox
from storage import projections, schema
from storage.directory import SqlAccountDirectory
from storage.rebuild import rebuild
from storage.tables import PROJECTIONS, metadata
from tests.contract.houses import House
from tests.unit.router.world import MANY, SUPERVISOR, World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Rejected


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


def test_every_event_type_has_a_fold() -> None:
    assert set(projections.HANDLERS) == set(ev.event_types().values())


def test_every_table_is_a_projection_or_lies_beside_the_log() -> None:
    beside = {
        "events", "log_head", "positions", "leases", "content", "idempotency", "sessions",
        "consoles",
    }  # fmt: skip
    assert {table.name for table in PROJECTIONS} == set(metadata.tables) - beside


async def live(world: World) -> None:
    """A busy day: both channels, every command, missed offers, failures, reports."""
    ann, bob = await world.hire("ann", "bob")
    directory = SqlAccountDirectory(world.store)
    await directory.load()
    leading = asyncio.Event()
    leading.set()
    outbox = Outbox(
        world.store, world.store, directory, world.channels, clock=world.clock, leading=leading
    )
    await world.sms("+15550101", "First")
    await world.settle()
    work = [await world.take(ann)]
    await world.mail("carol@customer.example", "你好", subject="订单", proof="dkim",
                     attachments={"a.txt": "x"})  # fmt: skip
    await world.mail("carol@customer.example", "Not really me", subject="Re: 订单")
    await world.settle()
    await world.pass_time(seconds=31)
    rows = {r.id: r for r in await world.open()}
    first = rows[work[0]]
    for text in ("One", "Two", "Three"):
        await world.do(
            ann,
            cmd.SendMessage(
                interaction_id=first.id, channel="sms", account_id="ac_sms",
                identity_id=first.identity_id, text=text,
            ),
        )  # fmt: skip
    world.channels["sms"].outcomes.append(Rejected("no"))
    world.clock.advance(timedelta(seconds=5))
    await outbox._send_due()
    await outbox.drain()
    failed = (await world.log(ev.MessageFailed))[0].message_id
    await world.do(ann, cmd.RetryMessage(message_id=failed))
    sent = (await world.log(ev.MessageSent))[0].message_id
    await world.report(f"ref-{sent}-1", "delivered")
    await world.do(ann, cmd.AddNote(conversation_id=first.conversation_id, text="Careful"))
    await world.do(ann, cmd.Hold(interaction_id=first.id))
    world.clock.advance(timedelta(seconds=7))
    await world.do(ann, cmd.Unhold(interaction_id=first.id))
    await world.do(ann, cmd.MarkRead(interaction_id=first.id, seq=MANY))
    await world.do(
        ann, cmd.UpdateCustomer(customer_id=first.customer_id, name="Ann's", tags=("vip",))
    )
    await world.do(ann, cmd.TransferInteraction(interaction_id=first.id, queue_id="q_help"))
    await world.settle()
    for agent in (ann, bob):
        if await not_responding(world, agent.id):
            await world.do(agent, cmd.ClearStatus())
    await world.settle()
    taken = await world.do(ann, cmd.TakeNext())
    if taken["interaction_id"]:
        await world.do(ann, cmd.ParkInteraction(interaction_id=taken["interaction_id"]))
    identities = [f for f in await world.log(ev.IdentityAdded) if f.standing == "claimed"]
    [strong] = [f for f in await world.log(ev.IdentityAdded) if f.why == "dkim"]
    customer = await world.store.read(lambda r: r.identity(strong.identity_id))
    assert customer is not None
    await world.do(
        SUPERVISOR,
        cmd.ConfirmIdentity(
            identity_id=identities[0].identity_id, customer_id=customer.customer_id or ""
        ),
    )
    undo = cmd.UndoLink(identity_id=identities[0].identity_id, version=2)
    await world.do(SUPERVISOR, undo)
    for row in await world.open():
        await world.do(SUPERVISOR, cmd.CloseInteraction(interaction_id=row.id, code="done"))
    channel = world.channels.pop("sms")
    await world.sms("+15550104")
    await world.settle()
    world.channels["sms"] = channel
    [item] = await world.log(ev.MessageUnparseable)
    await world.do(SUPERVISOR, cmd.ReplayAttention(attention_id=item.attention_id))
    await world.sms("+15550101", "Again")
    await world.settle()
    await world.deliver("email", "ac_mail", {"from": "waiting@customer.example"})


async def not_responding(world: World, agent_id: str) -> bool:
    [user] = await world.store.read(lambda r: r.users([agent_id]))
    return user.not_responding


async def test_a_rebuild_finds_the_projections_identical(world: World) -> None:
    await live(world)
    told: list[tuple[int, int]] = []
    report = await asyncio.to_thread(
        rebuild, world.house.database(), world.store.kit, lambda d, t: told.append((d, t))
    )
    assert report.differences == ()
    assert report.identical
    assert not report.swapped
    head = await world.views.head()
    assert report.events == head
    assert told[0][0] == 0
    assert told[-1] == (head, head)
    assert report.rows["entries"] > 8
    assert report.rows["pending"] == 1


async def test_migrated_rows_are_those_that_a_fold_gives(world: World) -> None:
    await live(world)
    await asyncio.to_thread(schema.downgrade, world.house.database(), "0002")
    await asyncio.to_thread(world.house.migrate, without_backup=True)
    report = await asyncio.to_thread(rebuild, world.house.database(), world.store.kit)
    assert report.differences == ()
    assert report.rows["entries"] > 8


async def test_it_folds_in_bounded_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await live(world)
    monkeypatch.setattr("storage.rebuild.BATCH", 7)
    told: list[int] = []
    report = await asyncio.to_thread(
        rebuild, world.house.database(), world.store.kit, lambda d, t: told.append(d)
    )
    assert report.identical
    assert max(b - a for a, b in pairwise(told)) <= 7


async def spoil(world: World) -> None:
    await world.store.write(
        lambda tx: (
            tx.connection.run("UPDATE customers SET name = 'Somebody else'"),
            tx.connection.run("DELETE FROM offers"),
        )
    )


async def test_a_difference_is_reported_without_personal_content(world: World) -> None:
    await live(world)
    await spoil(world)
    report = await asyncio.to_thread(rebuild, world.house.database(), world.store.kit)
    found = {d.table: (d.missing, d.extra) for d in report.differences}
    customers = report.rows["customers"]
    assert found == {"customers": (customers, customers), "offers": (report.rows["offers"], 0)}
    text = repr(report)
    assert "Somebody" not in text
    assert "carol" not in text
    again = await asyncio.to_thread(rebuild, world.house.database(), world.store.kit)
    assert again.differences == report.differences, "only a swap mends"


async def test_a_swap_mends_beside_a_running_hub(world: World) -> None:
    await live(world)
    await spoil(world)
    mending = asyncio.create_task(
        asyncio.to_thread(rebuild, world.house.database(), world.store.kit, swap=True)
    )
    for number in range(40):
        await world.sms(f"+155502{number:02}")
    report = await mending
    assert report.swapped
    await world.settle()
    again = await asyncio.to_thread(rebuild, world.house.database(), world.store.kit)
    assert again.identical
    assert not again.swapped


async def test_it_leaves_nothing_behind(world: World, house: House) -> None:
    await live(world)
    before = sorted(path.name for path in house.folder.iterdir())
    await asyncio.to_thread(rebuild, world.house.database(), world.store.kit)
    assert sorted(path.name for path in house.folder.iterdir()) == before
    if house.database().dialect == "postgresql":
        connection = house.database().connect()
        try:
            assert (
                connection.all("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'")
                == []
            )
        finally:
            connection.close()

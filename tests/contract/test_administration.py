"""What an operator takes away is gone, nothing else is lost, and a rebuild agrees."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from storage.rebuild import rebuild
from tests.contract.houses import House
from tests.unit.router.world import World, world_on
from triggerhub import accounts, administration
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, Invalid, NotFound


async def lock(world: World, login: str, *, disabled: bool) -> None:
    await world.store.write(lambda tx: administration.set_disabled(tx, login, disabled=disabled))


async def remove_queue(world: World, name: str) -> None:
    await world.store.write(lambda tx: administration.remove_queue(tx, name))


async def remove_account(world: World, name: str) -> None:
    await world.store.write(lambda tx: accounts.remove_account(tx, name, channel=None, declared=()))


async def test_a_person_is_locked_out_and_let_in(house: House) -> None:
    async with world_on(house) as world:
        [ann] = await world.hire("ann", capacity={"sms": 2})
        until, now = world.clock.now() + timedelta(hours=1), world.clock.now()
        await world.views.put_session("s1", ann.id, "csrf", until)
        for disabled in (True, True, False):
            await lock(world, "Ann", disabled=disabled)
            [row] = await world.store.read(lambda r: r.users([ann.id]))
            assert (row.disabled, row.capacity) == (disabled, {"sms": 2})
            assert await world.views.session("s1", now) is None
        assert len(await world.log(ev.UserConfigured)) == 4, "boss, ann, and two changes"
        with pytest.raises(NotFound):
            await lock(world, "nobody", disabled=True)


async def test_new_names_and_capacities_are_of_the_same_people_and_queues(house: House) -> None:
    async with world_on(house) as world:
        [ann] = await world.hire("ann")
        await world.sms("+15550100")
        await world.sms("+15550101")
        await world.settle()
        await world.take(ann)
        await world.settle()
        assert {row.state for row in await world.open()} == {"active", "queued"}
        await world.store.write(lambda tx: administration.set_capacity(tx, "ann", {"sms": 2}))
        await world.settle()
        assert {row.state for row in await world.open()} == {"active", "offered"}
        await world.store.write(
            lambda tx: administration.rename_user(tx, "ann", new="Anna", name="Anna")
        )
        await world.store.write(lambda tx: administration.rename_queue(tx, "sales", "Deals"))
        [row] = await world.store.read(lambda r: r.users([ann.id]))
        assert (row.login, row.name, row.capacity) == ("anna", "Anna", {"sms": 2})
        names = {queue.id: queue.name for queue in await world.store.read(lambda r: r.queues())}
        assert {names[row.queue_id] for row in await world.open()} == {"Deals"}
        changes = len(await world.log(ev.UserConfigured))
        await world.store.write(lambda tx: administration.set_capacity(tx, "anna", {"sms": 2}))
        assert len(await world.log(ev.UserConfigured)) == changes, "nothing has changed"
        report = await asyncio.to_thread(rebuild, house.database(), world.store.kit)
        assert report.identical


async def test_accounts_and_queues_go_when_nothing_needs_them(house: House) -> None:
    async with world_on(house) as world:
        await world.hire("ann", available=False)
        await world.sms("+15550100")
        await world.settle()
        with pytest.raises(Conflict, match=r"open work \(1\)"):
            await remove_queue(world, "sales")
        with pytest.raises(Conflict, match="'ac_mail'"):
            await remove_queue(world, "help")
        await remove_account(world, "ac_mail")
        await remove_queue(world, "help")
        assert [a["name"] for a in await world.store.read(accounts.list_accounts)] == [
            "ac_mail2", "ac_sms",
        ]  # fmt: skip
        [queue] = await world.store.read(administration.list_queues)
        assert (queue["name"], queue["open"]) == ("sales", 1)
        [_boss, ann] = sorted(
            await world.store.read(administration.list_users), key=lambda u: str(u["role"]),
            reverse=True,
        )  # fmt: skip
        assert ann["queues"] == ["sales"]
        # A late mail for the account that is gone comes into a queue that is there.
        await world.mail("carol@customer.example", proof="dkim")
        await world.settle()
        assert {row.queue_id for row in await world.open()} == {"q_sales"}
        report = await asyncio.to_thread(rebuild, house.database(), world.store.kit)
        assert report.identical


async def test_what_a_removed_account_has_to_send_fails_in_sight(house: House) -> None:
    async with world_on(house) as world:
        [ann] = await world.hire("ann")
        await world.sms("+15550100")
        await world.settle()
        await world.take(ann)
        [row] = await world.open()
        reply = cmd.SendMessage(
            interaction_id=row.id, channel="sms", account_id="ac_sms",
            identity_id=row.identity_id, text="On its way",
        )  # fmt: skip
        await world.do(ann, reply)
        await remove_account(world, "ac_sms")
        await world.send()
        [failed] = await world.log(ev.MessageFailed)
        assert failed.code == "no_account"
        with pytest.raises(Invalid, match="can't send"):
            await world.do(ann, reply)

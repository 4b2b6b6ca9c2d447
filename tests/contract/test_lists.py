"""Lists and search: whose they are, what they count, where they go on, what they read to answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from storage.reading import Reader
from storage.views import people, rows, search, work
from tests.contract.houses import House
from tests.unit.router.world import SUPERVISOR, World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Invalid
from triggerhub.domain.permissions import Actor


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


async def names(world: World, query: str, viewer: Actor = SUPERVISOR) -> list[str]:
    page = await world.views.customers(query, viewer=viewer, after=None, limit=20)
    return [item["name"] for item in page["items"]]


async def test_closed_work_is_no_longer_in_the_hands_of_who_held_it(world: World) -> None:
    """An agent whose queues are others gets work by transfer, answers it, and it is over."""
    [guest] = await world.hire("guest", queues=())
    await world.sms("+15550101")
    await world.settle()
    [work] = await world.open()
    await world.do(SUPERVISOR, cmd.TransferInteraction(interaction_id=work.id, agent_id=guest.id))
    await world.settle()
    if (await world.state(work.id)) == "offered":
        await world.take(guest)
    listed = world.views.interactions
    assert await names(world, "555", guest) == ["+15550101"]
    assert len((await listed({}, viewer=guest, after=None, limit=9))["items"]) == 1
    await world.do(guest, cmd.CloseInteraction(interaction_id=work.id))
    await world.settle()
    assert await names(world, "555", guest) == []
    assert (await listed({}, viewer=guest, after=None, limit=9))["items"] == []


async def test_work_that_went_back_and_was_taken_again_counts_once(world: World) -> None:
    [ann] = await world.hire("ann", queues=("q_sales",))
    await world.sms("+15550101")
    await world.settle()
    work = await world.take(ann)
    await world.do(SUPERVISOR, cmd.RequeueInteraction(interaction_id=work))
    await world.pass_time(minutes=2)
    await world.do(ann, cmd.TakeNext())
    await world.settle()
    if (await world.state(work)) == "offered":
        await world.take(ann)
    assert await world.state(work) == "active"
    [tile] = [row for row in await world.views.listed("queues") if row["id"] == "q_sales"]
    for wanted in ({"queue": "q_sales", "answered_since": "today"}, {"answered_since": "today"}):
        page = await world.views.interactions(wanted, viewer=SUPERVISOR, after=None, limit=9)
        assert len(page["items"]) == tile["answered_today"] == 1


async def test_an_agent_who_is_not_connected_is_not_ready(world: World) -> None:
    [ann] = await world.hire("ann", queues=("q_sales",))

    async def ready() -> int:
        [tile] = [row for row in await world.views.listed("queues") if row["id"] == "q_sales"]
        return int(tile["agents_ready"])

    assert await ready() == 1
    await world.store.write(
        lambda tx: tx.connection.run(
            "UPDATE agents SET connected = 0 WHERE id = :id", {"id": ann.id}
        )
    )
    assert await ready() == 0


@pytest.mark.parametrize(
    "after", ["99999999999999999999999", "99999999999999999999999~x", "x~y", "-1~y", "¹~y", ""]
)
async def test_a_place_that_no_list_gave_out_is_refused(world: World, after: str) -> None:
    views = world.views
    with pytest.raises(Invalid):
        await views.customers("", viewer=SUPERVISOR, after=after, limit=5)
    with pytest.raises(Invalid):
        await views.interactions({}, viewer=SUPERVISOR, after=after, limit=5)
    with pytest.raises(Invalid):
        await views.attention(state="all", after=after, limit=5)


async def test_a_place_in_another_kind_of_list_is_refused(world: World) -> None:
    """`time~id` was a place among customers before schema 0007."""
    views = world.views
    with pytest.raises(Invalid) as refused:
        await views.customers("", viewer=SUPERVISOR, after="1767603600000~cu_1", limit=5)
    assert refused.value.code == "cursor"
    with pytest.raises(Invalid) as refused:
        await views.interactions({}, viewer=SUPERVISOR, after="1", limit=5)
    assert refused.value.code == "cursor"


async def test_frequent_and_rare_words_are_found_alike(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among the newest, or among all: page by page the same customers in the same order."""
    for number in range(9):
        await world.sms(f"+1555010{number}")
        world.clock.advance(timedelta(seconds=number % 2))
    await world.settle()

    async def all_of(query: str) -> list[str]:
        seen: list[str] = []
        after = None
        while True:
            page = await world.views.customers(query, viewer=SUPERVISOR, after=after, limit=2)
            seen += [item["name"] for item in page["items"]]
            after = page["after"]
            if after is None:
                return seen

    everybody = await all_of("")
    assert len(everybody) == 9
    for recent in (0, 1, 3, 6, 20, 40, 100):
        monkeypatch.setattr(search, "WINDOW", recent)
        assert await all_of("+1555") == everybody
        assert await all_of("5550104") == ["+15550104"]
        assert await all_of("000") == []


async def test_who_is_linked_anew_is_found_by_the_address_that_came(world: World) -> None:
    await world.mail("wang@customer.example", name="王小明", proof="dkim")
    await world.mail("wang@customer.example", "It is me", name="someone")
    await world.settle()
    by_address = await names(world, "wang@customer")
    assert len(by_address) == 2
    assert "王小明" in by_address
    assert await names(world, "王 WANG@") == ["王小明"]


LARGE = ("threads", "entries", "interactions", "conversations", "identities", "offers", "content",
         "outbox", "assignments", "intervals")  # fmt: skip
LISTS: dict[str, Callable[[Reader], Any]] = {
    "thread_of": lambda r: r.thread_of("cv_1"),
    "identities": lambda r: r.identities(["a@customer.example"]),
    "reach": lambda r: r.reach("cu_1"),
    "queues": lambda r: rows.queues(r, r.now),
    "a conversation": lambda r: people.conversation(r, "cv_1"),
    "customers' cards": lambda r: people.cards(r, ["cu_1"]),
    "newest customers": lambda r: search.search(r, "a", viewer=SUPERVISOR, after=None, limit=5),
    "newest": lambda r: listed(r, {}),
    "waiting": lambda r: listed(r, {"state": "waiting"}),
    "in work": lambda r: listed(r, {"state": "in_work", "queue": "q_sales"}),
    "of a customer": lambda r: listed(r, {"customer": "cu_1"}),
    "answered": lambda r: listed(r, {"answered_since": "today"}),
    "answered by a queue": lambda r: listed(r, {"answered_since": "today", "queue": "q_sales"}),
    "abandoned": lambda r: listed(r, {"state": "abandoned_today"}),
}


def listed(reader: Reader, wanted: dict[str, str]) -> Any:
    return work.interactions(reader, wanted, viewer=SUPERVISOR, after=None, limit=50)


@pytest.mark.parametrize("name", LISTS)
async def test_no_look_up_reads_a_large_table_whole(house: House, name: str) -> None:
    if house.database().dialect != "sqlite":
        return
    async with world_on(house) as world:

        def plans(reader: Reader) -> list[str]:
            said: list[str] = []
            reader.connection.raw.set_trace_callback(said.append)
            LISTS[name](reader)
            reader.connection.raw.set_trace_callback(None)
            return [
                row[3]
                for sql in said
                if sql.lstrip().startswith("SELECT")
                for row in reader.connection.all(f"EXPLAIN QUERY PLAN {sql}")
            ]

        found = await world.store.read(plans)
        assert found
        whole = [line for line in found if re.match(r"SCAN (?!.*USING INDEX)", line)]
        aliases = {"t", "e", "i", "c", "n", "o", "b", "s", *LARGE}
        assert [line for line in whole if line.split()[1] in aliases] == []
        if name != "newest":
            assert not [line for line in found if "interactions_opened" in line], found


async def test_a_conversation_names_work_that_another_has_begun_in_it(world: World) -> None:
    """A proven answer into the thread of an unproven namesake, whose own work is over."""
    await world.mail("vera@customer.example", "Unproven")
    await world.settle()
    [talk] = await world.log(ev.ConversationOpened)
    [first] = await world.open()
    await world.do(SUPERVISOR, cmd.CloseInteraction(interaction_id=first.id))
    world.clock.advance(timedelta(seconds=1))
    await world.mail("vera@customer.example", "Proven", proof="dkim", tokens=[talk.reply_token])
    await world.settle()
    [second] = await world.open()
    assert second.conversation_id == talk.conversation_id
    assert second.identity_id != talk.identity_id
    shown = await world.views.conversation(talk.conversation_id)
    assert shown is not None
    assert shown["interaction_ids"] == [first.id, second.id]

"""What the console reads: the contract's shapes, within reach, numbers that can be opened."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.contract.houses import House
from tests.unit.router.world import SUPERVISOR, World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.permissions import Actor

CONTRACT = (Path(__file__).parents[2] / "docs" / "console-contract.md").read_text()


def keys(name: str) -> set[str]:
    """The fields of a shape as the contract writes them: `Name = {a, b (…), c: {…}}`."""
    start = re.search(rf"^{name} = \{{", CONTRACT, re.MULTILINE)
    assert start is not None
    depth, text = 1, ""
    for letter in CONTRACT[start.end() :]:
        depth += (letter in "{([") - (letter in "})]")
        if depth == 0:
            break
        if depth == 1 and letter not in "})]":
            text += letter
    text = re.sub(r"//[^\n]*", "", text)
    return {part.split(":")[0].split()[0] for part in text.split(",") if part.strip()}


def plain(value: Any) -> Any:
    """As it goes over the wire: some parts are kept as JSON that is ready to be sent."""
    return orjson.loads(orjson.dumps(value))


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


async def day(world: World) -> tuple[Actor, Actor]:
    """(sales agent with an SMS in hand and one offered, help agent with a mail offered)."""
    [ann] = await world.hire("ann", queues=("q_sales",), capacity={"sms": 2})
    [eve] = await world.hire("eve", queues=("q_help",))
    await world.sms("+447700900123", "Hello, where is it?")
    await world.settle()
    await world.take(ann)
    world.clock.advance(timedelta(seconds=3))
    await world.sms("+15550102", "Second")
    await world.mail("wang@customer.example", "我的订单在哪里?", subject="订单", name="王小明",
                     proof="dkim")  # fmt: skip
    await world.settle()
    return ann, eve


async def test_rows_have_the_shapes_of_the_contract(world: World) -> None:
    ann, _eve = await day(world)
    seq, found = await world.views.snapshot(ann)
    snapshot = plain(found)
    assert seq == await world.views.head()
    assert set(snapshot) == keys("Snapshot") - {"epoch", "now"}
    for kind, name in (
        ("agents", "Agent"), ("queues", "Queue"), ("interactions", "Interaction"),
        ("accounts", "Account"), ("offers", "Offer"),
    ):  # fmt: skip
        assert snapshot[kind], kind
        for row in snapshot[kind].values():
            assert set(row) >= keys(name), (name, keys(name) - set(row))
    [offer] = snapshot["offers"].values()
    assert set(offer["card"]) >= keys("Card")
    assert set(offer["timeline"]) == keys("Page")
    for entry in offer["timeline"]["items"]:
        assert set(entry) >= keys("Entry")


async def test_an_agents_snapshot_is_theirs_and_a_supervisors_is_everything(world: World) -> None:
    ann, eve = await day(world)
    _, mine = await world.views.snapshot(ann)
    _, theirs = await world.views.snapshot(eve)
    _, everything = await world.views.snapshot(SUPERVISOR)
    assert len(mine["interactions"]) == 2
    assert len(theirs["interactions"]) == 1
    assert not set(mine["interactions"]) & set(theirs["interactions"])
    assert set(everything["interactions"]) == {*mine["interactions"], *theirs["interactions"]}
    assert len(everything["offers"]) == 2


async def test_a_snapshots_rows_are_those_asked_for_one_by_one(world: World) -> None:
    ann, _eve = await day(world)
    _, snapshot = await world.views.snapshot(ann)
    for kind in ("agents", "queues", "interactions", "offers", "accounts"):
        found = await world.views.rows({kind: list(snapshot[kind])})
        assert plain(found[kind]) == plain(snapshot[kind])
    assert await world.views.rows({"interactions": ["in_404"]}) == {"interactions": {}}


async def test_a_boards_number_is_what_its_list_counts(world: World) -> None:
    """Promise 7, for every figure that can be opened."""
    ann, eve = await day(world)
    await world.sms("+15550177", "waits")
    await world.settle()
    await world.do(ann, cmd.CloseInteraction(interaction_id=await world.take(ann)))
    await world.take(eve)
    queues = {row["id"]: row for row in await world.views.listed("queues")}
    for queue_id, row in queues.items():
        for figure, wanted in (
            ("waiting", {"state": "waiting"}),
            ("in_work", {"state": "in_work"}),
            ("answered_today", {"answered_since": "today"}),
        ):
            page = await world.views.interactions(
                {"queue": queue_id, **wanted}, viewer=SUPERVISOR, after=None, limit=100
            )
            assert len(page["items"]) == row[figure], (queue_id, figure)
    assert queues["q_sales"]["answered_today"] == 2
    assert queues["q_help"]["in_work"] == 1


async def test_the_timeline_is_read_in_pages(world: World) -> None:
    for number in range(7):
        await world.sms("+15550101", f"word {number}")
    await world.settle()
    [row] = await world.open()
    before: int | None = None
    said: list[str] = []
    while True:
        page = await world.views.timeline(row.customer_id, before=before, limit=3)
        assert [e["seq"] for e in page["items"]] == sorted(e["seq"] for e in page["items"])
        said = [e["text"] for e in page["items"]] + said
        before = page["before"]
        if before is None:
            break
    assert said == [f"word {number}" for number in range(7)]


async def names(world: World, query: str, viewer: Actor = SUPERVISOR) -> list[str]:
    page = await world.views.customers(query, viewer=viewer, after=None, limit=20)
    return [item["name"] for item in page["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("王", "王小明"),
        ("小明", "王小明"),
        ("WANG@customer", "王小明"),
        ("+44 7700 900123", "+447700900123"),
        ("07700 900-123", "+447700900123"),
        ("(07700) 900123", "+447700900123"),
        ("900123", "+447700900123"),
    ],
)
async def test_customers_are_found_as_people_write_them(
    world: World, query: str, found: str
) -> None:
    await day(world)
    assert await names(world, query) == [found]


@pytest.mark.parametrize("query", ["100%", "_", "nobody", "%", "'; --"])
async def test_what_means_something_to_sql_means_nothing_here(world: World, query: str) -> None:
    await day(world)
    assert await names(world, query) == []


async def test_a_search_reaches_as_far_as_its_viewer(world: World) -> None:
    ann, eve = await day(world)
    assert await names(world, "王", ann) == []
    assert await names(world, "王", eve) == ["王小明"]
    assert len(await names(world, "")) == 3
    assert len(await names(world, "", ann)) == 2
    nowhere = Actor(id="user_new", role="agent")
    assert await names(world, "", nowhere) == []
    page = await world.views.interactions({}, viewer=eve, after=None, limit=10)
    assert [row["queue_id"] for row in page["items"]] == ["q_help"]


async def test_lists_go_on_where_they_stopped(world: World) -> None:
    for number in range(5):
        await world.sms(f"+1555010{number}")
        world.clock.advance(timedelta(seconds=number % 2))
    await world.settle()

    async def all_of(call: Any) -> list[str]:
        seen, after = [], None
        while True:
            page = await call(after)
            seen += [item["id"] for item in page["items"]]
            after = page["after"]
            if after is None:
                return seen

    views = world.views
    customers = await all_of(
        lambda after: views.customers("", viewer=SUPERVISOR, after=after, limit=2)
    )
    work = await all_of(
        lambda after: views.interactions({}, viewer=SUPERVISOR, after=after, limit=2)
    )
    assert len(customers) == len(set(customers)) == 5
    assert len(work) == len(set(work)) == 5


async def test_events_are_served_with_what_lies_beside_them(world: World) -> None:
    await world.sms("+15550101")
    served = await world.views.events(0, 100)
    [extra] = [more for item, more in served if isinstance(item.fact, ev.MessageReceived)]
    assert extra == {"external_id": "ext-1", "from": "+15550101"}


async def test_an_upload_is_kept_and_served(world: World) -> None:
    for data in (b"small", b"x" * 100_000):
        made = await world.views.put_upload("a.txt", "text/plain", data, "user_boss")
        assert made["size"] == len(data)
        found = await world.views.content(made["id"])
        assert found is not None
        assert found[1] == data
    assert await world.views.content("ct_404") is None


async def test_why_an_agent_gets_nothing_of_a_channel(world: World) -> None:
    [ann] = await world.hire("ann", capacity={"sms": 0, "whatsapp": 0})
    await world.sms("+15550101")
    await world.settle()
    assert await world.offers() == []
    why = await world.views.why_no_work(ann.id, world.clock.now())
    [reason] = why["reasons"]
    assert reason == {"code": "no_capacity", "params": {"channel": "sms"}}


async def test_why_an_agent_gets_nothing(world: World) -> None:
    [ann] = await world.hire("ann")
    why = await world.views.why_no_work(ann.id, world.clock.now())
    assert why == {"available": True, "reasons": [{"code": "no_waiting", "params": {}}]}
    await world.sms("+15550101")
    await world.settle()
    await world.take(ann)
    why = await world.views.why_no_work(ann.id, world.clock.now())
    assert {"code": "at_capacity", "params": {"channel": "sms"}} in why["reasons"]
    await world.do(ann, cmd.SetPresence(presence="meal"))
    why = await world.views.why_no_work(ann.id, world.clock.now())
    assert why["reasons"][0] == {"code": "presence", "params": {"presence": "meal"}}
    assert not why["available"]


async def test_an_account_was_written_to_also_where_the_work_is_closed(world: World) -> None:
    await day(world)
    [before] = [row for row in await world.views.listed("accounts") if row["id"] == "ac_sms"]
    assert before["last_in_at"]
    for row in await world.open():
        await world.do(SUPERVISOR, cmd.CloseInteraction(interaction_id=row.id))
    [after] = [row for row in await world.views.listed("accounts") if row["id"] == "ac_sms"]
    assert after["last_in_at"] == before["last_in_at"]

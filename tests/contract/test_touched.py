"""The feed's table of what an event changes, held to what the folds really change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
import pytest

from agent_console.live.touched import touched
from tests.contract.houses import House
from tests.unit.console.reducer import empty, reduce
from tests.unit.router.world import SUPERVISOR, World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev

Json = dict[str, Any]
Tables = dict[str, dict[str, Json]]


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


async def tables(world: World) -> Tables:
    def ids(table: str) -> list[str]:
        return [row[0] for row in world_rows[table]]

    world_rows = await world.store.read(
        lambda reader: {
            table: reader.connection.all(f"SELECT id FROM {table} ORDER BY id")
            for table in ("users", "interactions", "customers", "entries")
        }
    )
    found = await world.views.rows(
        {
            "agents": ids("users"),
            "interactions": ids("interactions"),
            "cards": ids("customers"),
            "entries": ids("entries"),
        }
    )
    plain: Tables = orjson.loads(orjson.dumps(found))
    return plain


def changed(before: Tables, after: Tables, kind: str) -> set[str]:
    return {key for key, row in after[kind].items() if before[kind].get(key) != row}


async def test_nothing_changes_that_the_table_does_not_know(world: World) -> None:
    [ann] = await world.hire("ann")
    [bob] = await world.hire("bob", available=False)

    async def write(words: str = "Hello") -> None:
        await world.sms("+447700900123", words)

    async def mine() -> Any:
        [row] = [row for row in await world.open() if row.state != "parked"]
        return row

    def do(by: Any, make: Callable[[Any], cmd.Command]) -> Callable[[], Awaitable[object]]:
        async def done() -> None:
            await world.do(by, make(await mine()))

        return done

    async def resume() -> None:
        [row] = await world.open()
        await world.do(ann, cmd.ResumeInteraction(interaction_id=row.id))

    async def refuse() -> None:
        [offer] = await world.offers()
        await world.do(ann, cmd.DeclineOffer(offer_id=offer.id))

    steps: list[Callable[[], Awaitable[object]]] = [
        write,
        write,
        refuse,
        lambda: world.pass_time(minutes=10),
        lambda: world.pass_time(minutes=1),  # the offer runs out
        lambda: world.do(ann, cmd.ClearStatus()),
        do(SUPERVISOR, lambda row: cmd.AssignInteraction(interaction_id=row.id, agent_id=ann.id)),
        write,
        do(ann, lambda row: cmd.MarkRead(interaction_id=row.id, seq=1 << 40)),
        do(
            ann,
            lambda row: cmd.SendMessage(
                interaction_id=row.id, channel="sms", account_id="ac_sms",
                identity_id=row.identity_id, text="Soon.",
            ),
        ),
        world.send,
        do(ann, lambda row: cmd.AddNote(conversation_id=row.conversation_id, text="Ask the shop")),
        do(ann, lambda row: cmd.Hold(interaction_id=row.id)),
        do(ann, lambda row: cmd.Unhold(interaction_id=row.id)),
        do(ann, lambda row: cmd.ParkInteraction(interaction_id=row.id)),
        resume,
        do(SUPERVISOR, lambda row: cmd.RequeueInteraction(interaction_id=row.id)),
        lambda: world.pass_time(minutes=10),
        lambda: world.take(ann),
        do(ann, lambda row: cmd.TransferInteraction(interaction_id=row.id, queue_id="q_help")),
        lambda: world.come(bob.id),
        lambda: world.take(ann),
        do(ann, lambda row: cmd.TransferInteraction(interaction_id=row.id, agent_id=bob.id)),
        do(bob, lambda row: cmd.UpdateCustomer(customer_id=row.customer_id, name="Ada")),
        do(bob, lambda row: cmd.WrapUp(interaction_id=row.id)),
        do(bob, lambda row: cmd.CloseInteraction(interaction_id=row.id)),
        write,
    ]  # fmt: skip
    seen: set[type[ev.Fact]] = set()
    before, head = await tables(world), await world.views.head()
    for number, step in enumerate(steps):
        await step()
        await world.settle()
        batch = await world.views.facts(head, 1_000)
        after, head = await tables(world), batch[-1].seq
        keys, where = touched(batch), (number, [recorded.type for recorded in batch])
        seen |= {type(recorded.fact) for recorded in batch}
        rows = after["interactions"]
        owners = {rows[key]["owner_id"] for key in keys.legs}
        assert changed(before, after, "agents") <= keys.agents | owners, where
        renamed = {key for key, row in rows.items() if row["customer_id"] in keys.renamed}
        assert changed(before, after, "interactions") <= keys.interactions | renamed, where
        assert changed(before, after, "entries") <= keys.entries.keys() | keys.told.keys(), where
        state = empty() | {"cards": before["cards"]}
        for key in keys.moved:
            if rows[key]["state"] != "closed":
                frame = {"seq": head, "type": "interaction.changed", "data": rows[key]}
                state = reduce(state, frame)
        for entry_id in keys.entries:
            frame = {
                "seq": head,
                "type": "entry.changed",
                "data": {
                    "customer_ids": [],
                    "entry": after["entries"][entry_id],
                },
            }
            state = reduce(state, frame)
        whole = keys.cards | {rows[key]["customer_id"] for key in keys.told.values()}
        for customer_id, card in after["cards"].items():
            assert customer_id in whole or state["cards"][customer_id] == card, where
        before = after
    assert len(seen) > 25

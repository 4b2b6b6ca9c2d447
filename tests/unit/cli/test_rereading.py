"""`triggerhub replay ID…`: one row for each, with what came of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.unit.router.world import SUPERVISOR, World, world_in
from triggerhub.cli.rereading import read_again
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.model.message import Arrival
from triggerhub.domain.model.rereading import Outcome, outcome

Row = dict[str, Any]


async def unread(world: World, *raws: bytes) -> list[str]:
    """Deliveries that come while nobody can read them; the items, in order."""
    channel = world.channels.pop("sms")
    for number, raw in enumerate(raws):
        await world.store.accept(
            Arrival(
                channel="sms", account_id="ac_sms", external_id=f"u{number}", raw=raw,
                media_type="application/json", envelope={},
            )
        )  # fmt: skip
        await world.settle()
    world.channels["sms"] = channel
    page = await world.views.attention(state="open", after=None, limit=50)
    return [item["id"] for item in reversed(page["items"])]


async def rows(world: World, ids: list[str], seconds: float) -> list[Row]:
    return [row async for row in read_again(world.store, ids, seconds)]


async def test_each_is_told_as_it_is_settled(tmp_path: Path) -> None:
    async with world_in(tmp_path / "house") as world:
        words = b'{"from": "+15550101", "text": "Hello"}'
        good, bad, late = await unread(world, words, b"{", words)
        await world.do(SUPERVISOR, cmd.DismissAttention(attention_id=late))
        asking = asyncio.create_task(rows(world, [good, bad, good, late, "at_404"], 30.0))
        while not asking.done():
            await world.settle()
            await asyncio.sleep(0)
        told = {row["id"]: row for row in await asking}
        assert len(asking.result()) == len(told) == 4
        assert told[good]["outcome"] == "read"
        assert told[good]["customer_id"].startswith("cu_")
        assert (told[bad]["outcome"], told[bad]["reason"].split()[0]) == ("failed", "unparseable")
        assert told[late]["outcome"] == told["at_404"]["outcome"] == "refused"
        assert told[late]["reason"] == "somebody has dealt with it"


def test_a_rule_may_set_it_aside() -> None:
    aside = ev.MessageSetAside(
        message_id="msg_1", channel="email", account_id="ac_1",
        rule="second_delivery", about_message_id="msg_0",
    )  # fmt: skip
    assert outcome("msg_1", [aside]) == Outcome(outcome="set_aside", reason="second_delivery")
    assert outcome("msg_0", [aside]) is None


async def test_without_a_hub_that_reads_them_they_wait(tmp_path: Path) -> None:
    async with world_in(tmp_path / "house") as world:
        [item] = await unread(world, b"{}")
        [row] = await rows(world, [item], 0.0)
        assert (row["outcome"], row["id"]) == ("waiting", item)
        assert row["message_id"]

"""Work and people that are only claimed say so wherever they are shown, until somebody vouches."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agent_console.live.touched import touched
from tests.contract.houses import House
from tests.unit.router.world import SUPERVISOR, World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.ports import Json

VERA = "vera@customer.example"


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


async def work(world: World, preview: str) -> Json:
    page = await world.views.interactions({}, viewer=SUPERVISOR, after=None, limit=20)
    [row] = [row for row in page["items"] if row["preview"] == preview]
    return dict(row)


async def listed(world: World) -> dict[str, bool]:
    """Whether each customer is provisional, in the list and on the card."""
    page = await world.views.customers("", viewer=SUPERVISOR, after=None, limit=20)
    found = {item["id"]: item["provisional"] for item in page["items"]}
    for customer_id, provisional in found.items():
        card = await world.views.card(customer_id)
        assert card is not None
        assert card["customer"]["provisional"] == provisional
    return found


async def test_a_claim_is_one_until_an_agent_says_who_it_is(world: World) -> None:
    await world.mail(VERA, "Mine", proof="dkim")
    await world.mail(VERA, "Not mine")
    await world.settle()
    mine, claim = await work(world, "Mine"), await work(world, "Not mine")
    assert (mine["proof"], claim["proof"]) == ("verified", "claimed")
    assert claim["likely_customer_id"] == mine["customer_id"]
    assert await listed(world) == {mine["customer_id"]: False, claim["customer_id"]: True}
    head = await world.views.head()
    await world.do(
        SUPERVISOR,
        cmd.ConfirmIdentity(identity_id=claim["identity_id"], customer_id=mine["customer_id"]),
    )
    told = touched(await world.views.facts(head, 100))
    assert mine["customer_id"] in told.renamed  # so that the work's row is sent
    assert (await work(world, "Not mine"))["proof"] == "confirmed"
    assert await listed(world) == {mine["customer_id"]: False}
    # The word was about what was said so far.
    await world.mail(VERA, "Again")
    await world.settle()
    again = await work(world, "Again")
    assert again["proof"] == "claimed"
    assert (await listed(world))[again["customer_id"]] is True


async def test_who_answers_where_we_wrote_to_is_no_longer_provisional(world: World) -> None:
    await world.mail(VERA, "Who am I?")
    await world.settle()
    row = await work(world, "Who am I?")
    assert await listed(world) == {row["customer_id"]: True}
    [opened] = await world.log(ev.ConversationOpened)
    await world.mail(VERA, "It is me", tokens=[opened.reply_token])
    await world.settle()
    assert await listed(world) == {row["customer_id"]: False}


async def test_nobody_joins_them_by_claiming_the_address_once_it_is_proven(world: World) -> None:
    """Not by a first mail, nor by an answer to what the same address once only claimed."""
    await world.mail(VERA, "Who am I?", external_id="<who@customer.example>")
    await world.settle()
    row = await work(world, "Who am I?")
    [opened] = await world.log(ev.ConversationOpened)
    await world.mail(VERA, "It is me", tokens=[opened.reply_token])
    await world.settle()
    row = await work(world, "It is me")
    assert row["proof"] == "confirmed", "what was claimed turned out to be true"
    for more in ({}, {"references": ["<who@customer.example>"]}):
        await world.mail(VERA, "Send it elsewhere", **more)
        await world.settle()
        forged = (await world.log(ev.MessageResolved))[-1]
        assert forged.customer_id != row["customer_id"]
        assert forged.interaction_id != row["id"]
        assert forged.likely_customer_id == row["customer_id"]
    page = await world.views.timeline(row["customer_id"], before=None, limit=9)
    words = [item["text"] for item in page["items"] if item["kind"] == "message"]
    assert words == ["Who am I?", "It is me"]
    card = await world.views.card(row["customer_id"])
    assert card is not None
    assert {way["open"] for way in card["reply_ways"]} == {True}
    # And where the proof came by another way than an answer.
    await world.mail(VERA, "Signed", proof="dkim")
    await world.settle()
    assert (await world.log(ev.MessageResolved))[-1].customer_id == row["customer_id"]

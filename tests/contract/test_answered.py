"""Since when a customer waits: what never left was no answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from agent_console.live.touched import touched
from storage.rebuild import rebuild
from tests.contract.houses import House
from tests.unit.router.world import World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain.errors import Rejected
from triggerhub.domain.permissions import Actor

Json = dict[str, Any]


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


async def in_hand(world: World) -> tuple[Actor, str]:
    [ann] = await world.hire("ann")
    await world.sms("+447700900123")
    await world.settle()
    work = await world.take(ann)
    world.clock.advance(timedelta(minutes=1))
    return ann, work


async def shown(world: World, work: str) -> Json:
    return (await world.views.rows({"interactions": [work]}))["interactions"][work]


async def write(world: World, ann: Actor, work: str) -> str:
    row = await shown(world, work)
    command = cmd.SendMessage(
        interaction_id=work, channel="sms", account_id="ac_sms", identity_id=row["identity_id"],
        text="Soon.",
    )  # fmt: skip
    return str((await world.do(ann, command))["message_id"])


@pytest.mark.parametrize("how", ["refused", "reported", "cancelled"])
async def test_an_answer_that_never_left_leaves_the_customer_waiting(
    world: World, how: str
) -> None:
    ann, work = await in_hand(world)
    waiting = await shown(world, work)
    assert waiting["due_at"] is not None
    message_id = await write(world, ann, work)
    answered = await shown(world, work)
    assert (answered["due_at"], answered["last_agent_at"] is None) == (None, False)
    head = await world.views.head()
    if how == "cancelled":
        await world.do(ann, cmd.CancelMessage(message_id=message_id))
    elif how == "refused":
        world.channels["sms"].outcomes.append(Rejected("no"))
        await world.send()
    else:
        await world.send()
        await world.report(f"ref-{message_id}-1", "failed")
        await world.settle()
    after = await shown(world, work)
    assert (after["due_at"], after["last_agent_at"]) == (waiting["due_at"], None)
    assert work in touched(await world.views.facts(head, 100)).interactions
    report = await asyncio.to_thread(rebuild, world.house.database(), world.store.kit)
    assert report.differences == ()


async def test_the_last_answer_that_stands_is_what_counts(world: World) -> None:
    ann, work = await in_hand(world)
    first = await write(world, ann, work)
    stood = (await shown(world, work))["last_agent_at"]
    await world.send()
    second = await write(world, ann, work)
    world.clock.advance(timedelta(seconds=1))
    third = await write(world, ann, work)
    newest = (await shown(world, work))["last_agent_at"]
    await world.do(ann, cmd.CancelMessage(message_id=second))
    assert (await shown(world, work))["last_agent_at"] == newest
    await world.do(ann, cmd.CancelMessage(message_id=third))
    assert (await shown(world, work))["last_agent_at"] == stood
    await world.report(f"ref-{first}-1", "failed")
    await world.settle()
    assert (await shown(world, work))["last_agent_at"] is None


async def test_a_retry_answers_again(world: World) -> None:
    ann, work = await in_hand(world)
    message_id = await write(world, ann, work)
    world.channels["sms"].outcomes.append(Rejected("no"))
    await world.send()
    await world.do(ann, cmd.RetryMessage(message_id=message_id))
    assert (await shown(world, work))["due_at"] is None

"""Agents who answer, and an outbox that is moved by hand: for the suites of what goes out."""

from __future__ import annotations

import asyncio
from typing import Any

from router.delivery.outbox import Outbox
from storage.directory import SqlAccountDirectory
from tests.unit.router.world import World
from triggerhub.domain import commands as cmd
from triggerhub.domain.permissions import Actor


async def outbox_of(world: World) -> Outbox:
    directory = SqlAccountDirectory(world.store)
    await directory.load()
    leading = asyncio.Event()
    leading.set()
    return Outbox(
        world.store, world.store, directory, world.channels, clock=world.clock, leading=leading
    )


async def in_hand(world: World, sender: str = "+15550100") -> tuple[Actor, str, str]:
    """An agent with a customer's message: (agent, interaction, identity)."""
    [ann] = await world.hire("ann")
    if "@" in sender:
        await world.mail(sender, proof="dkim", subject="Order 7", external_id="<first@x.example>")
    else:
        await world.sms(sender)
    await world.settle()
    interaction_id = await world.take(ann)
    [row] = [r for r in await world.open() if r.id == interaction_id]
    return ann, interaction_id, row.identity_id


async def write(
    world: World, agent: Actor, interaction_id: str, identity_id: str, **more: Any
) -> str:
    result = await world.do(
        agent,
        cmd.SendMessage(
            interaction_id=interaction_id,
            channel=more.pop("channel", "sms"),
            account_id=more.pop("account_id", "ac_sms"),
            identity_id=identity_id,
            text=more.pop("text", "On its way."),
            **more,
        ),
    )
    return str(result["message_id"])


async def attempt(world: World, outbox: Outbox) -> None:
    await outbox._send_due()
    await outbox.drain()


async def state(world: World, message_id: str) -> str | None:
    row = await world.store.read(lambda r: r.outbox(message_id))
    return row.state if row else None


async def shown(world: World, message_id: str) -> dict[str, Any]:
    found = await world.views.rows({"entries": [message_id]})
    return found["entries"][message_id]

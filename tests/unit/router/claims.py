"""Carol, and mails that only say they are from her."""

from __future__ import annotations

from typing import Any

from tests.unit.router.world import SUPERVISOR, World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.permissions import Actor

CAROL = "carol@customer.example"


async def proven_carol(world: World) -> ev.MessageResolved:
    """Carol's record, from a proven mail, whose work is over."""
    await world.mail(CAROL, "My card ends in 11", proof="dkim")
    await world.settle()
    [row] = await world.open()
    await world.do(SUPERVISOR, cmd.CloseInteraction(interaction_id=row.id))
    [known] = await world.log(ev.MessageResolved)
    assert isinstance(known, ev.MessageResolved)
    return known


async def claim(world: World, agent: Actor, **more: Any) -> ev.MessageResolved:
    """A mail that only says it is from Carol, in the hands of this agent."""
    await world.mail(CAROL, "It's me", **more)
    await world.settle()
    await world.take(agent)
    found = (await world.log(ev.MessageResolved))[-1]
    assert isinstance(found, ev.MessageResolved)
    return found


def confirm(claimed: ev.MessageResolved, customer_id: str) -> cmd.ConfirmIdentity:
    return cmd.ConfirmIdentity(identity_id=claimed.identity_id, customer_id=customer_id)


async def texts(world: World, customer_id: str) -> list[str]:
    page = await world.views.timeline(customer_id, before=None, limit=50)
    return [item["text"] for item in page["items"] if item["kind"] == "message"]


def reply(work: ev.MessageResolved, identity_id: str | None = None) -> cmd.SendMessage:
    return cmd.SendMessage(
        interaction_id=work.interaction_id, channel="email", account_id=work.account_id,
        identity_id=identity_id or work.identity_id, text="Thank you",
    )  # fmt: skip

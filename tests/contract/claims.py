"""Mails that prove whose they are, and mails that only claim it, until one of them is erased."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from storage.erasure import erase
from tests.unit.router.world import SUPERVISOR
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev

if TYPE_CHECKING:
    from tests.contract.working_day import WorkingDay

WANG, SMITH, LI = (f"{name}@customer.example" for name in ("wang", "smith", "li"))


async def claims(day: WorkingDay) -> AsyncIterator[str]:
    world, eve = day.world, day.eve
    await day.do(eve, cmd.SetPresence(presence="available"))
    await world.mail(WANG, "It is me", subject="One", name="Wang", proof="dkim")
    yield "a proven mail"
    known = await world.take(eve)
    proven = await day.row(known)
    yield "in hand"
    await day.do(eve, cmd.WrapUp(interaction_id=known))
    await day.do(eve, cmd.CloseInteraction(interaction_id=known))
    yield "closed"
    await world.mail(WANG, "Me too", subject="Two", name="Wang")
    yield "one that only claims to be theirs"
    work = await world.take(eve)
    claim = await day.row(work)
    yield "in hand"
    await day.do(SUPERVISOR, cmd.UpdateCustomer(customer_id=proven.customer_id, name="Wong"))
    yield "whom it claims to be has another name"
    sent = await day.send(eve, work, "Is it you?")
    yield "asked"
    await world.send()
    yield "sent"
    await world.mail("mailer@relay.example", auto="bounce",
                     report={"reference": f"ref-{sent}-1", "state": "delivered"})  # fmt: skip
    yield "a report that came by mail"
    await day.do(
        eve, cmd.ConfirmIdentity(identity_id=claim.identity_id, customer_id=proven.customer_id)
    )
    yield "it is them"
    for said in ("it wasn't", "it was after all"):
        now = await world.store.read(lambda reader: reader.identity(claim.identity_id))
        assert now is not None
        await day.do(eve, cmd.UndoLink(identity_id=now.id, version=now.link_version))
        yield said
    await world.mail(WANG, "Three", subject="Three", name="Wang", proof="dkim")
    yield "and they write again"
    await world.mail(WANG, "And I", subject="Four", name="Wang", account="ac_mail2")
    yield "another queue is told that it is them"
    third = (await world.log(ev.InteractionCreated))[-1].interaction_id
    await day.do(SUPERVISOR, cmd.AssignInteraction(interaction_id=third, agent_id=day.bob.id))
    yield "whose agent takes it in hand"
    await day.do(day.bob, cmd.CloseInteraction(interaction_id=third))
    yield "and closes it"
    await world.mail(WANG, "Five", subject="Five", name="Wang", proof="dkim")
    yield "which is nobody's there"
    await world.mail(SMITH, "Hello", subject="Hello", name="Smith", proof="dkim")
    yield "somebody else does"
    for proof, known in (("", "nobody"), ("dkim", "nobody"), ("", "who was known meanwhile")):
        await world.mail(LI, "Hello", subject=f"As {known}", name="Li", proof=proof)
        yield f"as {known} {'has proven' if proof else 'claims'}"
    await erase(world.store, proven.customer_id, actor="admin:test")
    yield "erased, with whom they had been"

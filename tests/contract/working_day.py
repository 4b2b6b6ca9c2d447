"""A working day in which everything happens: every command, and every fact that the log can hold.

What people and customers do goes through the desk, the leader and the outbox; what only happens
elsewhere (an administrator's settings, a fetched picture, a crash) is appended as it is there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from tests.contract.claims import claims
from tests.contract.settings import settings
from tests.unit.router.world import SUPERVISOR, World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Rejected, Unavailable
from triggerhub.domain.model.message import Arrival
from triggerhub.domain.permissions import Actor

STAFF = ("user_ann", "user_bob", "user_eve", "user_boss", "user_ada")
ADA = "+447700900123"


class WorkingDay:
    """Ann and Bob serve sales, Eve serves help; a supervisor and an administrator look on.

    `commands`: the names of those that were given.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.commands: set[str] = set()

    async def open(self) -> None:
        world = self.world
        [self.ann, self.bob] = await world.hire("ann", "bob", queues=("q_sales",), available=False)
        [self.eve] = await world.hire("eve", queues=("q_help",), available=False)
        await world.append(world.user("ada", role="admin", queues=()))

    async def hours(self) -> AsyncIterator[str]:
        """After each step its name; nothing has to be read or decided before the next is taken."""
        for part in (
            self._coming, self._offers, self._answering, self._undelivered, self._in_hand,
            self._handing_on, self._claims, self._unreadable, self._parts, self._consent,
            self._settings, self._going,
        ):  # fmt: skip
            async for step in part():
                yield f"{part.__name__[1:]}: {step}"

    async def do(self, actor: Actor, command: cmd.Command) -> dict[str, Any]:
        self.commands.add(command.NAME)
        return await self.world.do(actor, command)

    async def row(self, interaction_id: str) -> Any:
        return await self.world.store.read(lambda r: r.interaction(interaction_id))

    async def send(self, actor: Actor, work: str, text: str = "Soon.") -> str:
        row = await self.row(work)
        account = {"sms": "ac_sms", "email": "ac_mail"}[row.channel]
        result = await self.do(
            actor,
            cmd.SendMessage(
                interaction_id=work, channel=row.channel, account_id=account,
                identity_id=row.identity_id, text=text,
            ),
        )  # fmt: skip
        return str(result["message_id"])

    async def _coming(self) -> AsyncIterator[str]:
        for agent in (self.ann, self.bob, self.eve):
            await self.world.append(ev.AgentConnected(agent_id=agent.id))
        yield "consoles are open"
        await self.do(self.ann, cmd.SetPresence(presence="available"))
        yield "an agent is there"
        await self.do(SUPERVISOR, cmd.SetAgentPresence(agent_id=self.bob.id, presence="meeting"))
        yield "another is called to a meeting"

    async def _offers(self) -> AsyncIterator[str]:
        world = self.world
        await world.sms(ADA, "Hello")
        yield "somebody writes"
        await world.sms(ADA, "Are you there?")
        yield "and again while it is offered"
        [offer] = await world.offers()
        await self.do(self.ann, cmd.DeclineOffer(offer_id=offer.id))
        yield "declined"
        world.clock.advance(timedelta(minutes=10))
        yield "offered again"
        world.clock.advance(timedelta(minutes=1))
        yield "missed"
        await self.do(self.ann, cmd.ClearStatus())
        yield "back at the desk"
        world.clock.advance(timedelta(minutes=10))
        yield "offered once more"
        [offer] = await world.offers()
        await world.append(
            ev.OfferCancelled(
                offer_id=offer.id, interaction_id=offer.interaction_id, agent_id=offer.agent_id,
                reason="left",
            ),
            ev.InteractionClosed(
                interaction_id=offer.interaction_id, how="abandoned", code=None, disposition=None
            ),
        )  # fmt: skip
        yield "not wanted any more"
        await world.sms(ADA, "Or yes")
        yield "and wanted again"
        [offer] = await world.offers()
        self.work = str(offer.interaction_id)
        await self.do(
            SUPERVISOR, cmd.AssignInteraction(interaction_id=self.work, agent_id=self.ann.id)
        )
        yield "assigned while it is offered"
        await self.do(SUPERVISOR, cmd.RequeueInteraction(interaction_id=self.work))
        yield "put back, and offered again"
        [offer] = await world.offers()
        await self.do(self.ann, cmd.AcceptOffer(offer_id=offer.id))
        yield "accepted"

    async def _answering(self) -> AsyncIterator[str]:
        world, ann = self.world, self.ann
        await world.sms(ADA, "Still there?")
        yield "a message in hand"
        await self.do(ann, cmd.MarkRead(interaction_id=self.work, seq=await world.views.head()))
        yield "read"
        first = await self.send(ann, self.work, "Never mind")
        yield "queued"
        await self.do(ann, cmd.CancelMessage(message_id=first))
        yield "taken back"
        second = await self.send(ann, self.work)
        yield "queued again"
        world.channels["sms"].outcomes.append(Unavailable("busy", retry_after=timedelta(minutes=1)))
        await world.send()
        yield "put off"
        world.clock.advance(timedelta(minutes=5))
        await world.send()
        yield "sent"
        reference = f"ref-{second}-2"
        await world.report(reference, "delivered")
        yield "delivered"
        await world.report(reference, "read")
        yield "seen"
        await world.report(reference, "delivered")
        yield "told twice"

    async def _undelivered(self) -> AsyncIterator[str]:
        world, ann = self.world, self.ann
        failed = await self.send(ann, self.work)
        world.channels["sms"].outcomes.append(Rejected("no such number", code="30003"))
        await world.send()
        yield "refused"
        await self.do(ann, cmd.RetryMessage(message_id=failed))
        yield "tried again"
        await world.send()
        yield "sent"
        lost = await self.send(ann, self.work)
        await world.append(ev.MessageSending(message_id=lost, attempt=1))
        yield "on its way"
        await world.append(
            ev.MessageUnknown(message_id=lost, reason="broke_off", attention_id="at_lost")
        )
        yield "its end isn't known"
        await self.do(SUPERVISOR, cmd.DismissAttention(attention_id="at_lost"))
        yield "looked into"

    async def _in_hand(self) -> AsyncIterator[str]:
        world, ann, work = self.world, self.ann, self.work
        row = await self.row(work)
        await self.do(ann, cmd.AddNote(conversation_id=row.conversation_id, text="Ask the shop"))
        yield "a note"
        await self.do(ann, cmd.UpdateCustomer(customer_id=row.customer_id, name="Ada"))
        yield "a name"
        await self.do(ann, cmd.Hold(interaction_id=work))
        yield "held"
        await self.do(ann, cmd.Unhold(interaction_id=work))
        yield "not held any more"
        await self.do(ann, cmd.ParkInteraction(interaction_id=work))
        yield "waits for the customer"
        await world.sms(ADA, "Yes please")
        yield "who has written"
        until = world.clock.now() + timedelta(hours=1)
        await self.do(ann, cmd.ParkInteraction(interaction_id=work, until=until))
        yield "waits for a time"
        await self.do(ann, cmd.ResumeInteraction(interaction_id=work))
        yield "taken up"
        await self.do(ann, cmd.WrapUp(interaction_id=work))
        yield "wrapped up"

    async def _handing_on(self) -> AsyncIterator[str]:
        world, ann, bob, eve = self.world, self.ann, self.bob, self.eve
        work = self.work
        await self.do(
            ann, cmd.TransferInteraction(interaction_id=work, queue_id="q_help", note="For help")
        )
        yield "handed to another queue"
        await world.sms(ADA, "Who is it now?")
        yield "which has the customer's word"
        await self.do(eve, cmd.TakeNext())
        yield "taken"
        await self.do(eve, cmd.TransferInteraction(interaction_id=work, agent_id=bob.id))
        yield "handed to an agent of the first queue"
        await world.sms(ADA, "And now?")
        yield "who has the customer's word"
        await self.do(bob, cmd.CloseInteraction(interaction_id=work, code="done"))
        yield "closed"
        await world.sms(ADA, "One more thing")
        yield "and written to again"
        self.work = await world.take(ann)
        yield "taken by who is asked first"
        await self.do(ann, cmd.SetAside(interaction_id=self.work, rule="spam"))
        yield "set aside"

    async def _claims(self) -> AsyncIterator[str]:
        async for step in claims(self):
            yield step

    async def _unreadable(self) -> AsyncIterator[str]:
        world = self.world
        for channel, account in (("sms", "ac_sms"), ("email", "ac_mail")):
            await world.store.accept(
                Arrival(
                    channel=channel, account_id=account, external_id=f"ext-{channel}-unreadable",
                    raw=b"\xff", media_type="application/json", envelope={"from": ""},
                )
            )  # fmt: skip
        yield "what can't be read"
        [item, *_] = [f.attention_id for f in await world.log(ev.MessageUnparseable)]
        await self.do(SUPERVISOR, cmd.ReplayAttention(attention_id=item))
        yield "read again in vain"
        [*_, item] = [f.attention_id for f in await world.log(ev.MessageUnparseable)]
        await self.do(SUPERVISOR, cmd.DismissAttention(attention_id=item))
        yield "left alone"

    async def _parts(self) -> AsyncIterator[str]:
        world, ann = self.world, self.ann
        media = [f"https://media.example/{number}" for number in range(2)]
        await world.sms(ADA, "See", media=media)
        yield "pictures to be fetched"
        self.work = await world.take(ann)
        [message] = [
            each for each in await world.log(ev.MessageResolved)
            if each.interaction_id == self.work
        ]  # fmt: skip
        at = world.clock.now() + timedelta(minutes=1)
        part = {"message_id": message.message_id, "position": 0}
        await world.append(ev.AttachmentDeferred(**part, reason="media_busy", next_at=at))
        yield "one waits"
        content = await world.store.run(
            lambda unit: unit.put("attachment", b"picture", media_type="image/png")
        )
        await world.append(
            ev.AttachmentFetched(**part, content=content, content_type="image/png", size=7)
        )
        yield "and is there"
        part["position"] = 1
        await world.append(ev.AttachmentLost(**part, reason="media_missing"))
        yield "the other is not to be had"

    async def _consent(self) -> AsyncIterator[str]:
        await self.world.sms(ADA, "STOP", consent="stop")
        yield "no more"
        await self.world.sms(ADA, "START", consent="start")
        yield "again"

    async def _settings(self) -> AsyncIterator[str]:
        world = self.world
        secret = await world.store.run(lambda unit: unit.put_json("secret", {"hash": "x"}))
        world.clock.advance(timedelta(hours=1))
        yield "ten o'clock has passed"
        for name, fact in settings(world, secret):
            await world.append(fact)
            yield name

    async def _going(self) -> AsyncIterator[str]:
        world, ann = self.world, self.ann
        later = world.clock.now() + timedelta(hours=9)
        await self.do(ann, cmd.CloseInteraction(interaction_id=self.work, follow_up_at=later))
        yield "closed, with a follow-up"
        world.clock.advance(timedelta(hours=9))
        yield "which is due"
        self.work = await world.take(ann)
        yield "and taken"
        grace = world.clock.now() + timedelta(minutes=1)
        await world.append(ev.AgentDisconnected(agent_id=ann.id, grace_until_at=grace))
        yield "a console is closed"
        world.clock.advance(timedelta(minutes=2))
        yield "and stays so"
        world.clock.advance(timedelta(minutes=31))
        yield "what was in hand is given back"

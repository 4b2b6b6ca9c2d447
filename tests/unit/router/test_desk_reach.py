"""Every command × role × foreign queue. A command that isn't in the table fails the test."""

from __future__ import annotations

from collections.abc import Callable

from router.desk import HANDLERS, Options
from tests.unit.router.world import SUPERVISOR, World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.commands import Command, command_names
from triggerhub.domain.errors import Forbidden, HubError, NotFound
from triggerhub.domain.events import Recorded
from triggerhub.domain.model.message import Arrival
from triggerhub.domain.permissions import Actor
from triggerhub.domain.work import Work

WHO = ("holder", "colleague", "stranger", "supervisor", "admin", "token")
MAY, NOT, NONE = "may", "forbidden", "nothing there"
# Of: who has the work in hand, an agent of its queue, one of another queue, those who oversee, an
# integration's token.
OWN = (MAY, MAY, MAY, MAY, MAY, NOT)
HELD = (MAY, NOT, NONE, MAY, MAY, NOT)
STEERED = (NOT, NOT, NOT, MAY, MAY, NOT)
OFFERED = (MAY, NONE, NONE, NONE, NONE, NONE)
SENT = (MAY, NOT, NONE, MAY, MAY, NOT)
TABLE: dict[str, tuple[str, ...]] = {
    "presence.set": OWN,
    "status.clear": OWN,
    "work.take_next": OWN,
    "offer.accept": OFFERED,
    "offer.decline": OFFERED,
    "message.send": HELD,
    "message.cancel": SENT,
    "message.retry": SENT,
    "note.add": (MAY, MAY, NONE, MAY, MAY, NOT),
    "interaction.read": HELD,
    "interaction.wrap_up": HELD,
    "interaction.hold": HELD,
    "interaction.unhold": HELD,
    "interaction.close": HELD,
    "interaction.park": HELD,
    "interaction.resume": HELD,
    "interaction.transfer": HELD,
    "interaction.set_aside": HELD,
    "interaction.assign": STEERED,
    "interaction.requeue": STEERED,
    "agent.set_presence": STEERED,
    "customer.update": (MAY, MAY, NONE, MAY, MAY, NOT),
    "identity.confirm": (MAY, NOT, NONE, MAY, MAY, NOT),
    "identity.undo": (MAY, NOT, NONE, MAY, MAY, NOT),
    "attention.replay": STEERED,
    "attention.dismiss": STEERED,
}


class _Undone(Exception):
    pass


async def staff(world: World) -> dict[str, Actor]:
    [holder] = await world.hire("ann", queues=("q_sales",), capacity={"sms": 2})
    [colleague] = await world.hire("bob", queues=("q_sales",), available=False)
    [stranger] = await world.hire("eve", queues=("q_help",), available=False)
    await world.append(world.user("ada", role="admin", queues=()))
    admin, token = Actor(id="user_ada", role="admin"), Actor(id="token:1", role="integration")
    return dict(zip(WHO, (holder, colleague, stranger, SUPERVISOR, admin, token), strict=True))


async def commands(world: World, holder: Actor) -> list[Command]:
    """Each about what the holder has in hand or is offered; of the queue `q_sales`."""
    await world.sms("+15550101")
    await world.settle()
    work = await world.take(holder)
    row = await world.store.read(lambda r: r.interaction(work))
    assert row is not None
    await world.mail("li@x.example", proof="dkim", account="ac_mail2")
    await world.mail("li@x.example", account="ac_mail2")
    await world.settle()
    proven, claimed = [
        (each.id, each.customer_id, each.identity_id)
        for each in await world.open() if each.channel == "email"
    ]  # fmt: skip
    for interaction_id, _, _ in (proven, claimed):
        await world.do(
            SUPERVISOR, cmd.AssignInteraction(interaction_id=interaction_id, agent_id=holder.id)
        )
    await world.sms("+15550102")
    await world.settle()
    [offer] = await world.offers()
    send = cmd.SendMessage(
        interaction_id=work, channel="sms", account_id="ac_sms", identity_id=row.identity_id,
        text="x",
    )  # fmt: skip
    failed, queued = [(await world.do(holder, send))["message_id"] for _ in range(2)]
    await world.append(
        ev.MessageFailed(message_id=failed, code="x", reason="y", attention_id="at_failed")
    )
    await world.store.accept(
        Arrival(
            channel="sms", account_id="ac_sms", external_id="ext-unreadable", raw=b"\xff",
            media_type="application/json", envelope={"from": ""},
        )
    )  # fmt: skip
    await world.settle()
    [unreadable] = await world.log(ev.MessageUnparseable)
    about: list[Callable[..., Command]] = [
        cmd.WrapUp, cmd.Hold, cmd.Unhold, cmd.CloseInteraction, cmd.ParkInteraction,
        cmd.ResumeInteraction, cmd.RequeueInteraction,
    ]  # fmt: skip
    return [
        *(make(interaction_id=work) for make in about),
        send,
        cmd.SetPresence(presence="break"),
        cmd.ClearStatus(),
        cmd.TakeNext(),
        cmd.AcceptOffer(offer_id=offer.id),
        cmd.DeclineOffer(offer_id=offer.id),
        cmd.CancelMessage(message_id=queued),
        cmd.RetryMessage(message_id=failed),
        cmd.AddNote(conversation_id=row.conversation_id, text="x"),
        cmd.MarkRead(interaction_id=work, seq=1),
        cmd.TransferInteraction(interaction_id=work, queue_id="q_help"),
        cmd.SetAside(interaction_id=work, rule="spam"),
        cmd.AssignInteraction(interaction_id=work, agent_id="user_bob"),
        cmd.SetAgentPresence(agent_id="user_bob", presence="break"),
        cmd.UpdateCustomer(customer_id=row.customer_id, name="Ada"),
        cmd.ConfirmIdentity(identity_id=claimed[2], customer_id=proven[1]),
        cmd.UndoLink(identity_id=claimed[2], version=1),
        cmd.ReplayAttention(attention_id=unreadable.attention_id),
        cmd.DismissAttention(attention_id=unreadable.attention_id),
    ]


async def judged(world: World, actor: Actor, command: Command) -> str:
    """Nothing is done. Who hears that it can't be done now was let in."""

    def work(unit: Work) -> list[Recorded]:
        HANDLERS[type(command)](unit, actor, command, Options())
        raise _Undone

    try:
        await world.store.run(work)
    except Forbidden:
        return NOT
    except NotFound:
        return NONE
    except (_Undone, HubError):
        return MAY
    raise AssertionError


async def test_every_command_for_everyone(world: World) -> None:
    people = await staff(world)
    given = await commands(world, people["holder"])
    assert {command.NAME for command in given} == TABLE.keys() == set(command_names())
    head = await world.views.head()
    found = {
        command.NAME: tuple([await judged(world, people[who], command) for who in WHO])
        for command in given
    }
    assert found == TABLE
    assert await world.views.head() == head

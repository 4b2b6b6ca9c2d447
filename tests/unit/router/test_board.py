"""Whatever people do, the board in memory is the board that the projections say, and it is fair."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.assign.board import Board
from storage.reading import Reader
from tests.unit.router.world import MANY, SUPERVISOR, World, world_in
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import HubError
from triggerhub.domain.events import Recorded
from triggerhub.domain.permissions import Actor

AGENTS = ("ann", "bob", "cat")
PRESENCES = ("available", "available", "break", "offline")
Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "sms", "sms", "mail", "accept", "accept", "decline", "close", "follow_up",
                "wrap_up", "park", "park_until", "resume", "transfer", "give", "requeue",
                "take_next", "presence", "next_presence", "connect", "disconnect", "clear",
                "wait", "wait", "long_wait", "restart", "configure", "lock_out",
            )
        ),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    max_size=40,
)  # fmt: skip


def actor(number: int) -> Actor:
    return Actor(
        id=f"user_{AGENTS[number % 3]}", role="agent", queue_ids=frozenset({"q_sales", "q_help"})
    )


async def perform(world: World, step: Step) -> None:
    """Try one step; what is refused in this state is simply refused."""
    what, number, other = step
    agent = actor(number)
    work = [row.id for row in await world.open()]
    chosen = work[other % len(work)] if work else "in_none"
    offers = await world.offers()
    offer = offers[other % len(offers)] if offers else None
    later = world.clock.now() + timedelta(minutes=other + 1)
    command: cmd.Command | None = None
    match what:
        case "sms":
            await world.sms(f"+1555010{number}")
        case "mail":
            await world.mail(f"c{number}@customer.example", proof="dkim")
        case "accept" | "decline" if offer is not None:
            agent = Actor(id=offer.agent_id, role="agent")
            kind = cmd.AcceptOffer if what == "accept" else cmd.DeclineOffer
            command = kind(offer_id=offer.id)
        case "close":
            command = cmd.CloseInteraction(interaction_id=chosen)
        case "follow_up":
            command = cmd.CloseInteraction(interaction_id=chosen, follow_up_at=later)
        case "wrap_up":
            command = cmd.WrapUp(interaction_id=chosen)
        case "park":
            command = cmd.ParkInteraction(interaction_id=chosen)
        case "park_until":
            command = cmd.ParkInteraction(interaction_id=chosen, until=later)
        case "resume":
            command = cmd.ResumeInteraction(interaction_id=chosen)
        case "transfer":
            queue = ("q_sales", "q_help")[other % 2]
            command = cmd.TransferInteraction(interaction_id=chosen, queue_id=queue)
        case "give":
            command = cmd.AssignInteraction(interaction_id=chosen, agent_id=agent.id)
        case "requeue":
            command = cmd.RequeueInteraction(interaction_id=chosen)
        case "take_next":
            command = cmd.TakeNext()
        case "presence":
            command = cmd.SetPresence(presence=PRESENCES[other % 4])
        case "next_presence":
            command = cmd.SetPresence(presence="available", next_presence="break")
        case "clear":
            command = cmd.ClearStatus()
        case "connect":
            await world.append(ev.AgentConnected(agent_id=agent.id))
        case "disconnect":
            until = world.clock.now() + timedelta(seconds=60)
            await world.append(ev.AgentDisconnected(agent_id=agent.id, grace_until_at=until))
        case "wait":
            world.clock.advance(timedelta(seconds=10 * other + 1))
        case "long_wait":
            world.clock.advance(timedelta(minutes=10 * other + 1))
        case "restart":
            world.leader = world.new_leader("n1")
            if world.store.writer.companion is not None:
                world.store.accompanied_by(world.leader)
        case "configure":
            await world.append(
                world.user(AGENTS[number % 3], capacity={"sms": other % 3, "email": 1})
            )
        case "lock_out":
            await world.append(world.user(AGENTS[number % 3], disabled=True))
        case _:
            return
    if command is not None:
        holders = [row.owner_id for row in await world.open() if row.id == chosen]
        if (
            what in ("close", "follow_up", "wrap_up", "park", "park_until", "resume", "transfer")
            and holders[0:1]
        ):
            agent = Actor(id=holders[0] or agent.id, role="agent")
        if what in ("give", "requeue"):
            agent = SUPERVISOR
        try:
            await world.do(agent, command)
        except HubError:
            return


def shown(board: Board, world: World) -> dict[str, Any]:
    now = world.clock.now()
    return {
        "position": board.position,
        "configuration": board.configuration,
        "queues": board.queues,
        "workers": board.workers,
        "work": board.work,
        "waiting": {line: items for line, items in board.waiting.items() if items},
        "offers": board.offers,
        "owners": board.owners,
        "legs": board.legs,
        "asleep": board.asleep,
        "left_out": {pair: at for pair, at in board.left_out.items() if at > now},
        "graces": board.graces,
        "gone": board.gone,
        "parked": board.parked,
        "ready": {line: items for line, items in board.ready._turns.items() if items},
        "refusals": {
            (queue, channel): board.ready.refusals((queue, channel))
            for queue in ("q_sales", "q_help")
            for channel in board.ready.channels
        },
    }


async def check_board(world: World) -> None:
    board = world.leader._board
    assert board is not None
    head = await world.views.head()
    loaded = await world.store.read(
        lambda r: Board.load(r, world.leader.position, head, world.clock.now())
    )
    # The running board may have met a channel whose work is all closed by now.
    for channel in board.ready.channels:
        loaded.ready.see(channel, loaded.workers.values())
    assert shown(board, world) == shown(loaded, world)
    assert await world.store.read(_miscounted) == []


def _miscounted(reader: Reader) -> list[tuple[str, int, int]]:
    """Agents whose number of legs in hand isn't what their legs say: (id, number, legs)."""
    legs = Counter(leg.agent_id for leg in reader.legs() if not leg.parked)
    agents = reader.connection.all("SELECT id, holds FROM agents ORDER BY id")
    return [(key, holds, legs[key]) for key, holds in agents if holds != legs[key]]


async def check_fairness(world: World, log: list[Recorded]) -> None:
    """Never two offers for one interaction; never an offer beyond the capacity."""
    pending: dict[str, tuple[str, str]] = {}
    capacity: dict[str, dict[str, int]] = {}
    channel: dict[str, str] = {}
    legs: dict[str, tuple[str, str]] = {}
    asleep: set[str] = set()
    for item in log:
        fact = item.fact
        match fact:
            case ev.UserConfigured():
                capacity[fact.user_id] = fact.capacity
            case ev.InteractionCreated():
                channel[fact.interaction_id] = fact.channel
            case ev.OfferMade():
                assert all(fact.interaction_id != held[0] for held in pending.values())
                kind = channel[fact.interaction_id]
                used = sum(
                    1 for who, what in legs.values()
                    if who == fact.agent_id and channel[what] == kind and what not in asleep
                ) + sum(
                    1 for what, who in pending.values()
                    if who == fact.agent_id and channel[what] == kind
                )  # fmt: skip
                if item.actor == "system:router":
                    assert used < capacity[fact.agent_id].get(kind, 1)
                pending[fact.offer_id] = (fact.interaction_id, fact.agent_id)
            case (
                ev.OfferAccepted() | ev.OfferDeclined() | ev.OfferTimedOut()
                | ev.OfferCancelled() | ev.OfferRescinded()
            ):  # fmt: skip
                assert pending.pop(fact.offer_id) == (fact.interaction_id, fact.agent_id)
            case ev.AssignmentStarted():
                asleep.discard(fact.interaction_id)
                legs[fact.assignment_id] = (fact.agent_id, fact.interaction_id)
            case ev.AssignmentEnded():
                assert legs.pop(fact.assignment_id)
            case ev.InteractionParked():
                asleep.add(fact.interaction_id)
            case ev.InteractionResumed() | ev.InteractionQueued() | ev.InteractionClosed():
                asleep.discard(fact.interaction_id)
            case _:
                continue


async def check_nothing_starves(world: World) -> None:
    """With willing agents, everything that waits is served in the end."""
    for name in AGENTS:
        await world.append(world.user(name))
        await world.come(f"user_{name}")
    for _ in range(60):
        for number in range(3):
            try:
                await world.do(actor(number), cmd.ClearStatus())
            except HubError:
                continue
        await world.settle()
        for offer in await world.offers():
            agent = Actor(id=offer.agent_id, role="agent")
            await world.do(agent, cmd.AcceptOffer(offer_id=offer.id))
        for row in await world.open():
            if row.owner_id is not None:
                holder = Actor(id=row.owner_id, role="agent")
                await world.do(holder, cmd.CloseInteraction(interaction_id=row.id))
        world.clock.advance(timedelta(seconds=61))
    assert await world.open() == []


async def play(steps: list[Step], *, checked: bool = True, joins: bool = False) -> list[Recorded]:
    """`joins`: the leader settles what others append in their own transactions."""
    with TemporaryDirectory() as folder:
        async with world_in(Path(folder)) as world:
            if joins:
                world.store.accompanied_by(world.leader)
            for name in AGENTS:
                await world.append(world.user(name))
                await world.come(f"user_{name}")
            for step in steps:
                await perform(world, step)
                await world.settle()
                if checked:
                    await check_board(world)
            log = await world.store.read(lambda r: r.events_after(0, MANY))
            if checked:
                await check_fairness(world, log)
                await check_nothing_starves(world)
            return log


@pytest.mark.thorough
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(STEPS)
def test_the_board_is_what_the_projections_say(steps: list[Step]) -> None:
    asyncio.run(play(steps))


@pytest.mark.thorough
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(STEPS)
def test_joining_decides_as_following_does(steps: list[Step]) -> None:
    follows = asyncio.run(play(steps, checked=False))
    joins = asyncio.run(play(steps, joins=True))
    assert [named(r) for r in joins] == [named(r) for r in follows]


def named(recorded: Recorded) -> tuple[str, str]:
    return recorded.type, getattr(recorded.fact, "agent_id", "")


@pytest.mark.thorough
@settings(max_examples=10, deadline=None, derandomize=True)
@given(STEPS)
def test_the_same_log_and_clock_give_the_same_decisions(steps: list[Step]) -> None:
    one, two = (asyncio.run(play(steps, checked=False)) for _ in range(2))
    assert one == two
    assert Counter(r.type for r in one)["queue.configured"] == 2


def test_a_restart_changes_no_decision() -> None:
    steps: list[Step] = [("sms", n, n) for n in range(4)]
    steps += [("accept", 0, 0), ("close", 0, 0), ("disconnect", 1, 1), ("wait", 0, 3)]
    with_restarts = [part for step in steps for part in (step, ("restart", 0, 0))]
    one = asyncio.run(play(steps, checked=False))
    two = asyncio.run(play(with_restarts, checked=False))
    assert one == two

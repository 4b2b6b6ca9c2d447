"""Promise 7: every number on a board is that of the list which it opens, whatever has happened."""

from __future__ import annotations

import asyncio
import random
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.contract.houses import House
from tests.unit.router.world import SUPERVISOR, World, world_in, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.commands import Command
from triggerhub.domain.errors import HubError, Unavailable
from triggerhub.domain.figures import FIGURES, OF_A_QUEUE
from triggerhub.domain.model.message import Arrival
from triggerhub.domain.permissions import Actor

Json = dict[str, Any]
QUEUES = ("q_sales", "q_help")
STAFF = {"ann": QUEUES, "bob": ("q_sales",), "eve": ("q_help",)}
PRESENCES = ("available", "break", "offline", "available", "busy")


class Day:
    """Takes a word and a number to something that may happen in a contact centre."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def _open(self, n: int) -> Any:
        rows = sorted(await self.world.open(), key=lambda row: row.id)
        return rows[n % len(rows)] if rows else None

    async def _do(self, actor: Actor, command: Command) -> None:
        with suppress(HubError):  # not every step is lawful now
            await self.world.do(actor, command)

    def _agent(self, n: int) -> Actor:
        name = tuple(STAFF)[n % len(STAFF)]
        return Actor(id=f"user_{name}", role="agent", queue_ids=frozenset(STAFF[name]))

    async def _to_work(self, n: int, make: Any, **more: Any) -> None:
        if (row := await self._open(n)) is not None:
            await self._do(SUPERVISOR, make(interaction_id=row.id, **more))

    async def sms(self, n: int) -> None:
        await self.world.sms(f"+1555010{n:04}")

    async def mail(self, n: int) -> None:
        account = ("ac_mail", "ac_mail2")[n % 2]
        await self.world.mail(f"c{n}@customer.example", account=account, proof="dkim")

    async def broken(self, n: int) -> None:
        log = len(await self.world.log())
        await self.world.store.accept(
            Arrival(
                channel="sms", account_id="ac_sms", external_id=f"broken-{log}", raw=b"{",
                media_type="application/json", envelope={"from": f"+1555010{n:04}"},
            )
        )  # fmt: skip

    async def accept(self, n: int) -> None:
        offers = sorted(await self.world.offers(), key=lambda offer: offer.id)
        if offers:
            offer = offers[n % len(offers)]
            actor = Actor(id=offer.agent_id, role="agent", queue_ids=frozenset(QUEUES))
            command = (cmd.AcceptOffer, cmd.AcceptOffer, cmd.DeclineOffer)[n % 3]
            await self._do(actor, command(offer_id=offer.id))

    async def take(self, n: int) -> None:
        await self._do(self._agent(n), cmd.TakeNext())

    async def close(self, n: int) -> None:
        await self._to_work(n, cmd.CloseInteraction)

    async def reply(self, n: int) -> None:
        row = await self._open(n)
        if row is not None:
            await self._do(
                Actor(id=row.owner_id or "user_ann", role="agent"),
                cmd.SendMessage(
                    interaction_id=row.id, channel=row.channel, account_id=row.account_id,
                    identity_id=row.identity_id, text="Soon",
                ),
            )  # fmt: skip

    async def deliver(self, n: int) -> None:
        """What is due to leave does, or meets a carrier and a relay that are busy."""
        busy = [Unavailable("busy", retry_after=timedelta(minutes=9))] * (n % 3)
        for channel in self.world.channels.values():
            channel.outcomes[:] = busy
        await self.world.send()

    async def set_aside(self, n: int) -> None:
        await self._to_work(n, cmd.SetAside, rule="spam")

    async def abandon(self, n: int) -> None:
        """As the router will when a caller or visitor leaves before anybody answered."""
        row = await self._open(n)
        if row is not None and row.state == "queued":
            closed = ev.InteractionClosed(
                interaction_id=row.id, how="abandoned", code=None, disposition=None
            )
            await self.world.append(closed)

    async def park(self, n: int) -> None:
        until = self.world.clock.now() + timedelta(hours=1) if n % 2 else None
        await self._to_work(n, cmd.ParkInteraction, until=until)

    async def resume(self, n: int) -> None:
        await self._to_work(n, cmd.ResumeInteraction)

    async def leg(self, n: int) -> None:
        await self._to_work(n, (cmd.WrapUp, cmd.Hold, cmd.Unhold)[n % 3])

    async def transfer(self, n: int) -> None:
        target = {"queue_id": QUEUES[n // 2 % 2]} if n % 2 else {"agent_id": self._agent(n).id}
        await self._to_work(n, cmd.TransferInteraction, **target)

    async def requeue(self, n: int) -> None:
        await self._to_work(n, cmd.RequeueInteraction)

    async def presence(self, n: int) -> None:
        agent = self._agent(n)
        await self._do(agent, cmd.SetPresence(presence=PRESENCES[n % len(PRESENCES)]))
        await self._do(agent, cmd.ClearStatus())

    async def away(self, n: int) -> None:
        now, agent_id = self.world.clock.now(), self._agent(n).id
        await self.world.append(
            ev.AgentDisconnected(agent_id=agent_id, grace_until_at=now + timedelta(minutes=1))
            if n % 2
            else ev.AgentConnected(agent_id=agent_id)
        )

    async def staff(self, n: int) -> None:
        name = (*STAFF, "boss")[n % 4]
        role = "supervisor" if name == "boss" else "agent"
        queues = (QUEUES, ("q_sales",), ())[n // 4 % 3]
        await self.world.append(
            self.world.user(name, role=role, queues=queues, disabled=n % 11 == 7)
        )
        if name == "boss" and n % 3:
            await self.world.come("user_boss")

    async def time(self, n: int) -> None:
        self.world.clock.advance(timedelta(minutes=(1, 7, 35, 400)[n % 4]))


STEPS = sorted(name for name in vars(Day) if not name.startswith("_"))
OFTEN = ("sms", "mail", "accept", "accept", "take", "reply", "deliver", "close")


async def play(world: World, steps: list[tuple[str, int]], *, every: int) -> None:
    for name, queues in STAFF.items():
        await world.hire(name, queues=queues, capacity={"sms": 2, "email": 2})
    day = Day(world)
    for at, (name, n) in enumerate(steps, 1):
        await getattr(day, name)(n)
        await world.settle()
        if at % every == 0 or at == len(steps):
            await check(world)


async def check(world: World) -> None:
    _, board = await world.views.snapshot(SUPERVISOR)
    agents = await world.views.listed("agents")
    for queue in await world.views.listed("queues"):
        for name in OF_A_QUEUE:
            figure, of = FIGURES[name], (queue["id"], name)
            if figure.rows == "agents":
                serve = [row for row in agents if queue["id"] in row["queue_ids"]]
                assert queue[name] == sum(map(figure.counts, serve)), of
                continue
            found = await listed(world, {"queue": queue["id"], **asked(name)})
            if name == "longest_since":
                assert queue[name] == min((row["enqueued_at"] for row in found), default=None), of
            else:
                assert queue[name] == len(found), of
            if figure.where:
                shown = in_console(board, name, "queue_id", queue["id"])
                assert {row["id"] for row in found} == shown, of
    for agent in agents:
        found = await listed(world, {"owner": agent["id"], "state": "holds"})
        held = sorted(hold["interaction_id"] for hold in agent["holds"])
        assert held == sorted(row["id"] for row in found), agent["id"]
        assert set(held) == in_console(board, "holds", "owner_id", agent["id"])
    for account in await world.views.listed("accounts"):
        late = await listed(world, {"late": account["id"]})
        assert account["detail"] == (f"late:{len(late)}" if late else ""), account["id"]
    needs = await world.views.attention(state="open", after=None, limit=200)
    assert await world.views.attention_count() == len(needs["items"])


def asked(name: str) -> Json:
    """How the API is asked for what a number counts."""
    if name == "answered_today":
        return {"answered_since": "today"}
    return {"state": "waiting" if name == "longest_since" else name}


async def listed(world: World, wanted: Json) -> list[Json]:
    rows: list[Json] = []
    after = None
    while True:
        page = await world.views.interactions(wanted, viewer=SUPERVISOR, after=after, limit=5)
        rows += page["items"]
        after = page["after"]
        if after is None:
            assert len({row["id"] for row in rows}) == len(rows)
            return rows


def in_console(board: Json, name: str, of: str, one: str) -> set[str]:
    """What the console lists by itself, from the rows that it has."""
    rows = board["interactions"].values()
    return {row["id"] for row in rows if row[of] == one and FIGURES[name].counts(row)}


async def test_every_number_is_that_of_its_list(house: House) -> None:
    chance = random.Random(7)
    steps = [(chance.choice((*STEPS, *OFTEN)), chance.randrange(24)) for _ in range(260)]
    async with world_on(house) as world:
        await play(world, steps, every=5)
        log = await world.log(
            ev.InteractionClosed, ev.OfferAccepted, ev.InteractionParked, ev.MessageUnparseable
        )
        assert {"handled", "set_aside", "abandoned"} == {
            fact.how for fact in log if isinstance(fact, ev.InteractionClosed)
        }
        assert {type(fact) for fact in log} >= {
            ev.OfferAccepted, ev.InteractionParked, ev.MessageUnparseable,
        }  # fmt: skip


BACK_AND_TAKEN_AGAIN = [("sms", 0), ("accept", 0), ("requeue", 0), ("take", 0), ("take", 1)]
HANDED_ON_WHILE_PARKED = [("sms", 0), ("accept", 0), ("park", 0), ("transfer", 1), ("take", 0)]
ANSWERED_YESTERDAY_AND_ELSEWHERE_TODAY = [
    ("time", 3), ("sms", 0), ("accept", 0), ("time", 3), ("time", 3), ("transfer", 3),
    ("accept", 0), ("take", 2),
]  # fmt: skip
A_SUPERVISOR_HELPS = [("staff", 7), ("sms", 0), ("accept", 0)]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@example(steps=BACK_AND_TAKEN_AGAIN)
@example(steps=HANDED_ON_WHILE_PARKED)
@example(steps=ANSWERED_YESTERDAY_AND_ELSEWHERE_TODAY)
@example(steps=A_SUPERVISOR_HELPS)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([*STEPS, *OFTEN]), st.integers(0, 23)), min_size=5, max_size=40
    )
)
def test_it_is_after_any_mix_of_work(steps: list[tuple[str, int]]) -> None:
    async def run(folder: Path) -> None:
        async with world_in(folder) as world:
            await play(world, steps, every=4)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "house"))

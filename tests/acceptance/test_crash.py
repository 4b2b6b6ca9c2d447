"""Promise 1: the served hub is killed at random moments under mixed load, and keeps its word.

On PostgreSQL the server lives on: what is killed is the hub alone, whose lease then has to run out
before the next start leads.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr

from config.settings import Settings
from storage.rebuild import rebuild
from tests.acceptance.agent import Agent
from tests.acceptance.audit import Audit, rows
from tests.acceptance.console import Console, comparable, differences, fresh_snapshot
from tests.acceptance.hub_process import HubProcess, seed
from tests.acceptance.ledger import Ledger
from triggerhub.database import open_store
from triggerhub.demo.carrier import Carrier
from triggerhub.demo.mailbox import Mailbox
from triggerhub.domain.ports import Json

ASKED = os.environ.get("CRASH_ROUNDS")
ROUNDS = {"sqlite": int(ASKED or 30), "postgresql": int(ASKED or 5)}
SEED = int(os.environ.get("CRASH_SEED", str(random.SystemRandom().randrange(10**6))))
SETTLED_WITHIN = 120.0
LEADS_WITHIN = 30.0
MANY = 1_000_000  # more than a test sends: nothing is forgotten that is compared
AGREED_WITHIN = 30.0
CONNECTED = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
MIGRATED = "SELECT 1 FROM pg_class WHERE relname = 'log_head'"

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180 + 30 * max(ROUNDS.values()))]


@pytest.fixture(params=list(ROUNDS))
def engine(request: pytest.FixtureRequest) -> str:
    return cast("str", request.param)


@pytest.fixture
def settings(engine: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """Of a hub on an empty database of that kind."""
    if engine == "sqlite":
        return {}
    return {"database_url": request.getfixturevalue("postgres_url")}


@dataclass(slots=True, kw_only=True)
class Scene:
    """The hub under attack and everybody around it, who all outlive it."""

    hub: HubProcess
    ledger: Ledger
    carrier: Carrier
    mailbox: Mailbox
    agents: list[Agent]
    supervisor: Console
    rng: random.Random
    rounds: int
    starts: list[float] = field(default_factory=list)
    early: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)
    _kills: list[asyncio.TimerHandle] = field(default_factory=list)

    @property
    def consoles(self) -> list[Console]:
        return [*(agent.console for agent in self.agents), self.supervisor]

    def audit(self) -> Audit:
        return Audit(self.hub.database_url, self.hub.folder)

    def kill(self) -> None:
        """One of the hub's two processes, which the other one doesn't survive."""
        self.up.clear()
        self.hub.kill(core=self.rng.random() < 0.5)

    async def start(self, *, spare: bool = False) -> bool:
        """To its doors; False where it was killed before it had any."""
        began = time.monotonic()
        await self.hub.start()
        if self.starts and not spare and self.rng.random() < 0.2:
            self._kill_in(self.rng.uniform(0, 1.1 * min(self.starts)))
            self.early += 1
        ready = await self.hub.ready()
        if ready:
            self.starts.append(time.monotonic() - began)
            self.up.set()
        return ready

    def _kill_in(self, seconds: float) -> None:
        self._kills.append(asyncio.get_running_loop().call_later(seconds, self.kill))

    async def round(self) -> None:
        """Start, load, kill: as long as another's lease runs, or in the midst of leading."""
        if await self.start():
            if self.rng.random() < 0.5:
                await self._leads()
            self._kill_in(self.rng.uniform(0.02, 1.0))
            await self.ledger.load(texts=60, reports=15, mails=15)
        await self.hub.gone()
        for late in self._kills:  # none of them is for the next start
            late.cancel()
        self._kills.clear()
        self.up.clear()

    async def _leads(self) -> None:
        """Wait until this start leads, or is killed: on SQLite it does so from the beginning."""
        process = self.hub.process
        assert process is not None
        async with asyncio.timeout(LEADS_WITHIN):
            while process.returncode is None and not self._holds_lease():
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 0.1)

    def _holds_lease(self) -> bool:
        pid = self.hub.core_pid()
        holders = rows(self.hub.database_url, "SELECT holder FROM leases WHERE name = 'router'")
        return any(holder == "sqlite" or f":{pid}:" in holder for (holder,) in holders)

    async def settled(self) -> None:
        """Wait until nothing accepted is without an end and nothing is on its way out."""
        async with asyncio.timeout(SETTLED_WITHIN):
            while True:
                audit = self.audit()
                if not audit.unsettled():
                    return
                # Answered as soon as something happens.
                await self.supervisor.get(f"events?after={audit.numbers()[-1]}&limit=1&wait=1")


@pytest.fixture
async def scene(tmp_path: Path, engine: str, settings: dict[str, str]) -> AsyncIterator[Scene]:
    rng = random.Random(SEED)
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(Carrier(kept=MANY))
        mailbox = await stack.enter_async_context(Mailbox(kept=MANY))
        hub = HubProcess(
            folder=tmp_path,
            seed=seed({"ann": "agent", "ben": "agent", "sue": "supervisor"}),
            settings={
                **settings,
                "relay_url": mailbox.relay_url,
                "twilio_api_url": carrier.url,
            },
        )
        carrier.add_account(hub.carrier_account())
        stack.push_async_callback(hub.end)
        people = [
            await stack.enter_async_context(Console(base=hub.base, login=login))
            for login in ("ann", "ben", "sue")
        ]
        yield Scene(
            hub=hub,
            carrier=carrier,
            mailbox=mailbox,
            ledger=Ledger(
                http_port=hub.http_port,
                smtp_port=hub.smtp_port,
                public_url=hub.public_url,
                rng=rng,
            ),
            agents=[Agent(console=console) for console in people[:2]],
            supervisor=people[2],
            rng=rng,
            rounds=ROUNDS[engine],
        )


async def test_killed_while_the_database_is_made(tmp_path: Path, settings: dict[str, str]) -> None:
    """The first start of all: whenever it is killed, the next one makes a whole hub of it."""
    hub = HubProcess(folder=tmp_path, seed=seed({"ann": "agent"}), settings=settings)
    milestones: list[Callable[[], bool]] = [(tmp_path / "master.key").exists]
    if settings:
        # A schema is there as a whole or not at all, and before it whoever makes it is connected.
        milestones += [partial(_found, hub, sql) for sql in (CONNECTED, MIGRATED)]
    else:
        milestones += [(tmp_path / name).exists for name in ("hub.sqlite3", "hub.sqlite3-wal")]
    try:
        for reached in milestones:
            await hub.start()
            await _there(hub, reached)
            hub.kill()
            await hub.gone()
        await hub.open()
        async with Console(base=hub.base, login="ann") as console:
            await console.sign_in()
            assert (await fresh_snapshot(console))["epoch"]
        assert await hub.stop() == 0
    finally:
        await hub.end()


async def test_what_was_acknowledged_survives_any_kill(scene: Scene) -> None:
    print(f"CRASH_SEED={SEED} CRASH_ROUNDS={scene.rounds}")
    began = time.monotonic()
    assert await scene.start(), scene.hub.tail()
    for console in scene.consoles:
        await console.sign_in()
    lines = [
        asyncio.create_task(console.attend_always(scene.up.wait)) for console in scene.consoles
    ]
    work = [asyncio.create_task(agent.work()) for agent in scene.agents]
    await scene.ledger.load(texts=20, reports=2, mails=5)
    await scene.supervisor.until(lambda state: state["interactions"], "work")
    customer = next(iter(scene.supervisor.state["interactions"].values()))["customer_id"]
    await scene.supervisor.watch(customer)
    scene.kill()
    await scene.hub.gone()
    for _ in range(scene.rounds):
        await scene.round()
        for task in (*lines, *work):
            assert not task.done(), task
    assert await scene.start(spare=True), scene.hub.tail()
    await scene.ledger.finish()
    for agent in scene.agents:
        agent.leaving.set()
    async with asyncio.timeout(SETTLED_WITHIN):
        await asyncio.gather(*work)
    await scene.settled()
    for console in scene.consoles:
        await _agrees(console)
    await _scroll_agrees(scene.supervisor, customer)
    _check_view(await fresh_snapshot(scene.supervisor), scene.audit())
    for task in lines:
        task.cancel()
    await asyncio.gather(*lines, return_exceptions=True)
    assert await scene.hub.stop() == 0, scene.hub.tail()

    assert scene.hub.tracebacks() == []
    audit = scene.audit()
    _check_deliveries(scene.ledger, audit)
    _check_commands(scene.agents, audit)
    _check_sendings(scene, audit)
    _check_rebuild(scene.hub)
    print(
        f"{scene.rounds} rounds in {time.monotonic() - began:.0f} s,"
        f" {scene.early} killed while starting,"
        f" start {sorted(scene.starts)[len(scene.starts) // 2]:.2f} s (median);"
        f" {len(audit.events)} events, {len(scene.ledger.deliveries)} deliveries,"
        f" {sum(len(console.done) for console in scene.consoles)} commands,"
        f" {dict(Counter(word for console in scene.consoles for word in console.greetings))}"
    )


def _found(hub: HubProcess, sql: str) -> bool:
    return bool(rows(hub.database_url, sql))


async def _there(hub: HubProcess, reached: Callable[[], bool]) -> None:
    """Return as soon as the starting hub has got so far, or has ended."""
    assert hub.process is not None
    async with asyncio.timeout(30):
        # Another process: there is nothing to wait on but what it leaves behind.
        while not reached() and hub.process.returncode is None:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def _agrees(console: Console) -> None:
    """What frames have made of the console's state is what a newcomer is told."""
    fresh: Json = {}
    try:
        async with asyncio.timeout(AGREED_WITHIN):
            while console.seen() != (fresh := comparable(await fresh_snapshot(console))):
                pass  # each look is a question to the hub, and so a wait
    except TimeoutError:
        pytest.fail(f"{console.login} sees something else: {differences(console.seen(), fresh)}")


async def _scroll_agrees(console: Console, customer_id: str) -> None:
    page = await console.get(f"customers/{customer_id}/timeline?limit=200")
    first = page["items"][0]["seq"]
    held = console.state["timelines"][customer_id]["items"]
    assert [item for item in held if item["seq"] >= first] == page["items"]


def _check_deliveries(ledger: Ledger, audit: Audit) -> None:
    """Each yes is one event with those bytes; nothing is there twice, or was never handed over."""
    assert audit.numbers() == list(range(1, len(audit.events) + 1))
    found = audit.raws()
    handed_over = {delivery.raw for delivery in ledger.deliveries}
    for delivery in ledger.deliveries:
        assert delivery.yes > 0, f"never accepted after {delivery.tries} tries: {delivery}"
        assert found[delivery.raw] == 1, f"{found[delivery.raw]} times in the log: {delivery}"
    callbacks = [raw for raw in found if raw not in handed_over]
    # The rest is what the carrier itself reported on our own messages.
    assert all(b"MessageStatus=" in raw for raw in callbacks)
    assert {raw: times for raw, times in found.items() if times != 1} == {}
    assert ledger.refusals == []
    ends = {key: ends for key, ends in audit.endings().items() if len(ends) != 1}
    assert ends == {}


def _check_commands(agents: list[Agent], audit: Audit) -> None:
    queued = Counter(fact["message_id"] for fact in audit.of("message.queued"))
    notes = Counter(fact["note_id"] for fact in audit.of("note.added"))
    accepted = Counter(fact["offer_id"] for fact in audit.of("offer.accepted"))
    closed = Counter(fact["interaction_id"] for fact in audit.of("interaction.closed"))
    asked: Counter[str] = Counter()
    for agent in agents:
        # An offer goes back when its agent's line breaks: too late to accept it then.
        late = {(refused.name, refused.problem["code"]) for refused in agent.refused}
        assert late <= {("offer.accept", "illegal_transition")}, agent.refused
        for command, result in agent.console.done:
            asked[command.name] += 1
            match command.name:
                case "message.send":
                    assert queued[result["message_id"]] == 1
                case "note.add":
                    assert notes[result["entry_id"]] == 1
                case "offer.accept":
                    assert accepted[command.data["offer_id"]] == 1
                case "interaction.close":
                    assert closed[command.data["interaction_id"]] == 1
                case other:
                    assert other == "presence.set"
    # Every command was answered in the end, so what is in the log was asked for once.
    assert asked["message.send"] == queued.total()
    assert asked["note.add"] == notes.total()
    assert asked["offer.accept"] == accepted.total()
    assert asked["interaction.close"] == closed.total()


def _check_sendings(scene: Scene, audit: Audit) -> None:
    """No answer left twice, no note at all; what may have left without a word about it is shown."""
    texts = [message.body for message in scene.carrier.messages if message.direction != "inbound"]
    mails = [mail.text for mail in scene.mailbox.mails]
    assert not scene.mailbox.refused
    states = dict(audit.rows("SELECT message_id, state FROM outbox"))
    shown = {row[0] for row in audit.rows("SELECT message_id FROM attention WHERE state = 'open'")}
    for agent in scene.agents:
        assert not [note for note in agent.notes for sent in (*texts, *mails) if note in sent]
        for text, sent in agent.replies.items():
            times = sum(text in body for body in (texts if sent["channel"] == "sms" else mails))
            state = states[sent["message_id"]]
            assert times <= 1, f"sent {times} times: {text}"
            if state == "unknown":
                assert sent["message_id"] in shown, f"unknown, and nobody is told: {text}"
            else:
                assert state in ("sent", "delivered"), (text, state)
                assert times == 1, f"{state}, and nobody received it: {text}"


def _check_view(served: Json, audit: Audit) -> None:
    """What the supervisor is shown is what the database holds."""
    rows = audit.rows("SELECT id, state, owner_id FROM interactions WHERE state <> 'closed'")
    shown = {(r["id"], r["state"], r["owner_id"]) for r in served["interactions"].values()}
    assert shown == set(rows)
    pending = audit.rows("SELECT id, agent_id FROM offers WHERE state = 'pending'")
    assert {(o["id"], o["agent_id"]) for o in served["offers"].values()} == set(pending)
    (count,) = audit.rows("SELECT count(*) FROM attention WHERE state = 'open'")[0]
    assert served["attention"]["count"] == count


def _check_rebuild(hub: HubProcess) -> None:
    store = open_store(Settings(data_dir=hub.folder, database_url=SecretStr(hub.database_url)))
    report = rebuild(store.database, store.kit)
    assert report.identical, report.differences

"""A small company on a real store with a manual clock: what the router's suites play with."""

from __future__ import annotations

import asyncio
import atexit
import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from router import reading
from router.delivery.outbox import Outbox
from router.desk import Options, RouterDesk
from router.leader import Leader
from router.resolve.step import Resolver
from storage.directory import SqlAccountDirectory
from storage.store import Store
from storage.streams.memory import Bus
from storage.views import SqlViews
from tests.contract.houses import START, House
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.clock import CountedIds, IdSource, ManualClock
from triggerhub.domain.errors import HubError, Rejected
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.message import (
    Accepted,
    Account,
    Address,
    Arrival,
    Attachment,
    InboundMessage,
    OutboundMessage,
    SendOutcome,
    StatusReport,
)
from triggerhub.domain.permissions import Actor

Json = dict[str, Any]
MANY = 1 << 30
SUPERVISOR = Actor(id="user_boss", role="supervisor")


@dataclass
class FakeChannel:
    """Its deliveries are JSON; what becomes of an attempt to send is told in advance."""

    name: str
    sent: list[OutboundMessage] = field(default_factory=list)
    outcomes: list[SendOutcome | HubError] = field(default_factory=list)
    found: SendOutcome | None = None

    def read(
        self, raw: bytes, account: Account | None, envelope: Mapping[str, str]
    ) -> InboundMessage:
        try:
            return message_of(json.loads(raw), envelope)
        except ValueError as error:
            raise Rejected(f"not JSON: {error}", code="unparseable") from None

    async def parse(
        self, raw: bytes, account: Account | None, envelope: Mapping[str, str]
    ) -> InboundMessage:
        return self.read(raw, account, envelope)

    def read_status(self, raw: bytes, envelope: Mapping[str, str]) -> StatusReport:
        try:
            return StatusReport(**json.loads(raw))
        except (ValueError, TypeError) as error:
            raise Rejected(f"not a report: {error}", code="unparseable") from None

    async def send(self, message: OutboundMessage, account: Account) -> SendOutcome:
        self.sent.append(message)
        outcome = self.outcomes.pop(0) if self.outcomes else SendOutcome(
            reference=f"ref-{message.message_id}-{message.attempt}"
        )  # fmt: skip
        if isinstance(outcome, HubError):
            raise outcome
        return outcome

    async def find_sent(self, message: OutboundMessage, account: Account) -> SendOutcome | None:
        return self.found


def message_of(value: Json, envelope: Mapping[str, str]) -> InboundMessage:
    external_id = envelope["external_id"]
    kind = "phone" if value["from"].startswith("+") else "email"
    name = value.get("name", "")
    report = value.get("report")
    return InboundMessage(
        key=value.get("key", external_id),
        external_id=external_id,
        sender=Address(kind=kind, address=value["from"], name=name)  # type: ignore[arg-type]
        if value["from"] or name
        else None,
        reply_to=value.get("reply_to", ""),
        to=tuple(value.get("to", ())),
        subject=value.get("subject", ""),
        text=value.get("text", ""),
        proof=value.get("proof", "signature" if kind == "phone" else ""),
        reply_tokens=tuple(value.get("tokens", ())),
        references=tuple(value.get("references", ())),
        auto=value.get("auto", "no"),
        consent=value.get("consent", ""),
        report=StatusReport(**report) if report else None,
        attachments=tuple(
            Attachment(filename=name, content_type="text/plain", size=len(data), data=data)
            for name, data in ((n, d.encode()) for n, d in value.get("attachments", {}).items())
        )
        + tuple(
            Attachment(filename="", content_type="image/png", size=0, url=url)
            for url in value.get("media", ())
        ),
    )


@dataclass(slots=True)
class World:
    """Queues `q_sales` and `q_help`; accounts `ac_sms` → sales, `ac_mail` → help."""

    house: House
    store: Store
    leader: Leader
    desk: RouterDesk
    views: SqlViews
    ids: IdSource
    channels: dict[str, FakeChannel]
    _deliveries: int = 0

    @property
    def clock(self) -> ManualClock:
        return self.house.clock

    async def append(self, *facts: Fact, actor: str = "test") -> list[Recorded]:
        return await self.store.run(lambda unit: unit.append(*facts, actor=actor))

    async def furnish(self, *, offer_seconds: int = 30, auto_accept: bool = False) -> None:
        facts: list[Fact] = [
            ev.QueueConfigured(
                queue_id=f"q_{name}", name=name, sla_seconds=60, offer_seconds=offer_seconds,
                auto_accept=auto_accept, managed_by="test",
            )
            for name in ("sales", "help")
        ]  # fmt: skip
        for account_id, channel, address, queue_id in (
            ("ac_sms", "sms", "+15550199", "q_sales"),
            ("ac_mail", "email", "help@demo.example", "q_help"),
            ("ac_mail2", "email", "info@demo.example", "q_sales"),
        ):
            facts.append(
                ev.AccountConfigured(
                    account_id=account_id, channel=channel, name=account_id, addresses=(address,),
                    queue_id=queue_id, options={}, secret_content=None, managed_by="test",
                )
            )  # fmt: skip
        facts.append(self.user("boss", role="supervisor", queues=()))
        await self.append(*facts)

    def user(
        self,
        name: str,
        *,
        role: str = "agent",
        queues: tuple[str, ...] = ("q_sales", "q_help"),
        capacity: dict[str, int] | None = None,
        disabled: bool = False,
    ) -> ev.UserConfigured:
        return ev.UserConfigured(
            user_id=f"user_{name}", login=name, name=name.title(), role=role, language="en",
            queue_ids=queues, managed_by="test", capacity=capacity or {}, disabled=disabled,
        )  # fmt: skip

    async def hire(self, *names: str, available: bool = True, **how: Any) -> list[Actor]:
        actors = []
        for name in names:
            configured = self.user(name, **how)
            await self.append(configured)
            actors.append(
                Actor(
                    id=configured.user_id, role="agent", queue_ids=frozenset(configured.queue_ids)
                )
            )
            if available:
                await self.come(configured.user_id)
            self.clock.advance(timedelta(milliseconds=1))
        return actors

    async def come(self, agent_id: str) -> None:
        await self.append(
            ev.AgentConnected(agent_id=agent_id),
            ev.PresenceChanged(agent_id=agent_id, presence="available", next_presence=None),
        )

    # --- customers ------------------------------------------------------------------------------

    async def sms(self, sender: str, text: str = "Hello", **more: Any) -> Accepted:
        return await self.deliver("sms", "ac_sms", {"from": sender, "text": text, **more})

    async def mail(self, sender: str, text: str = "Hello", **more: Any) -> Accepted:
        account = more.pop("account", "ac_mail")
        accepted = await self.deliver("email", account, {"from": sender, "text": text, **more})
        await self.read_mails()
        return accepted

    async def deliver(self, channel: str, account: str, value: Json) -> Accepted:
        self._deliveries += 1
        external_id = value.pop("external_id", f"ext-{self._deliveries}")
        return await self.store.accept(
            Arrival(
                channel=channel,
                account_id=account,
                external_id=external_id,
                raw=json.dumps(value).encode(),
                media_type="application/json",
                envelope={"from": value.get("from", "")},
            )
        )

    async def read_mails(self) -> None:
        """As the guarded workers would, at once."""
        for row in await self.store.read(lambda r: r.pending(MANY)):
            raws = await self.store.read(lambda r, row=row: r.raws([row.raw_content]))  # type: ignore[misc]
            message = self.channels[row.channel].read(
                raws[row.raw_content][0], None, raws[row.raw_content][1]
            )
            await reading.record(self.store, row, message)

    async def report(
        self, reference: str, state: str, *, opted_out: bool = False, **envelope: str
    ) -> Accepted:
        self._deliveries += 1
        told = {"reference": reference, "state": state, "opted_out": opted_out}
        return await self.store.accept(
            Arrival(
                channel="sms", account_id="ac_sms", external_id=f"status-{self._deliveries}",
                raw=json.dumps(told).encode(),
                media_type="application/json", kind="status", envelope=envelope,
            )
        )  # fmt: skip

    # --- time and work --------------------------------------------------------------------------

    async def settle(self) -> None:
        """Let the leader read to the head and decide."""
        while True:
            assert await self.leader.step()
            if self.leader.position >= await self.views.head():
                return

    async def send(self) -> None:
        """One turn of the outbox, once the time to undo is over."""
        directory = SqlAccountDirectory(self.store)
        await directory.load()
        outbox = Outbox(
            self.store, self.store, directory, self.channels, clock=self.clock,
            leading=asyncio.Event(),
        )  # fmt: skip
        self.clock.advance(timedelta(seconds=6))
        await outbox._send_due()
        await outbox.drain()

    async def pass_time(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))
        await self.settle()

    async def do(self, actor: Actor, command: cmd.Command, *, key: str | None = None) -> Json:
        return await self.desk.execute(actor, command, key=key)

    def new_leader(self, node: str = "n2", batch: int | None = None) -> Leader:
        return Leader(
            self.store, self.store, Resolver(self.channels, self.ids), clock=self.clock,
            ids=self.ids, node=node,
        )  # fmt: skip

    # --- what came of it ------------------------------------------------------------------------

    async def log(self, *types: type[Fact]) -> list[Any]:
        """Facts of these types, in order; typed loosely, for tests."""
        found = await self.store.read(lambda r: r.events_after(0, MANY))
        return [r.fact for r in found if not types or isinstance(r.fact, types)]

    async def open(self) -> list[Any]:
        return await self.store.read(lambda r: r.open_interactions())

    async def state(self, interaction_id: str) -> str:
        row = await self.store.read(lambda r: r.interaction(interaction_id))
        assert row is not None
        return row.state

    async def offers(self) -> list[Any]:
        return await self.store.read(lambda r: r.pending_offers())

    async def take(self, actor: Actor) -> str:
        """Accept the one offer held out to this agent; the interaction."""
        [offer] = [o for o in await self.offers() if o.agent_id == actor.id]
        result = await self.do(actor, cmd.AcceptOffer(offer_id=offer.id))
        return str(result["interaction_id"])


@cache
def _template() -> Path:
    """A migrated, empty database file, made once for each test process."""
    folder = Path(mkdtemp(prefix="hub-template-"))
    atexit.register(shutil.rmtree, folder)
    House(f"sqlite:///{folder / 'hub.db'}", folder, ManualClock(START), Bus()).migrate()
    return folder / "hub.db"


def new_house(folder: Path) -> House:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(_template(), folder / "hub.db")
    return House(f"sqlite:///{folder / 'hub.db'}", folder, ManualClock(START), Bus())


@asynccontextmanager
async def world_in(folder: Path, *, furnished: bool = True) -> AsyncIterator[World]:
    async with world_on(new_house(folder), furnished=furnished) as made:
        yield made


@asynccontextmanager
async def world_on(house: House, *, furnished: bool = True) -> AsyncIterator[World]:
    """On a database that is there and migrated."""
    ids = CountedIds()
    async with house.store(ids=ids) as store:
        channels = {name: FakeChannel(name) for name in ("sms", "email")}
        made = World(
            house=house,
            store=store,
            leader=Leader(
                store, store, Resolver(channels, ids), clock=house.clock, ids=ids, node="n1"
            ),
            desk=RouterDesk(store, Options(undo=timedelta(seconds=5))),
            views=SqlViews(store),
            ids=ids,
            channels=channels,
        )
        if furnished:
            await made.furnish()
        yield made

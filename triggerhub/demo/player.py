"""Plays the demo company's past through the hub's own doors, on a clock that stands in the past.

Owns the translation of the script's keys into the hub's ids, and the order of things. Customers'
bytes go in by the inbox, are read by their channel and resolved by the router's resolver; agents
act by the desk's commands, permissions included; the carrier's reports come in by the inbox. Two
things are stood in for: the address book that the company brings along (imported as facts before
anything else), and the sending itself (no message leaves; its facts are those of delivery).

What arrives, how it was resolved and all that agents do until the next thing arrives go to the
database together, so nine months take seconds; each fact bears its own time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from router.leader import NAME as ROUTER
from router.resolve.step import Resolver
from triggerhub.demo.address_book import import_customers
from triggerhub.demo.company import Company
from triggerhub.demo.player_agents import Agents, Kept, Replies
from triggerhub.demo.player_arrivals import ARRIVALS, Arrivals, Settle
from triggerhub.demo.player_scenes import Scene, scenes_of, together
from triggerhub.domain import events as ev
from triggerhub.domain.clock import ManualClock
from triggerhub.domain.errors import Conflict, Invalid
from triggerhub.domain.model.message import Account
from triggerhub.domain.permissions import Actor
from triggerhub.domain.ports import Channel, Inbox
from triggerhub.domain.work import Reading, Store, Work

log = structlog.get_logger(__name__)

NODE = "demo"
_LEASE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the player works with. `store` and `inbox` run on `clock`; no leader runs beside.

    `email` proves mail from 127.0.0.1 and nothing else.
    """

    clock: ManualClock
    store: Store
    inbox: Inbox
    resolver: Resolver
    email: Channel
    replies: Replies


async def play(company: Company, doors: Doors) -> int:
    """The whole script; the number of steps. The clock stands at the last of them afterwards.

    Accounts, queues and users must be configured already, and nothing else have happened. Raises
    Invalid where one is missing, Conflict where another node leads.
    """
    player = _Player(company, doors)
    await player.prepare()
    for scenes in together(scenes_of(company.steps)):
        await player.play(scenes)
    await player.finish()
    log.info("demo.played", steps=len(company.steps))
    return len(company.steps)


class _Player:
    def __init__(self, company: Company, doors: Doors) -> None:
        self._company = company
        self._doors = doors
        self._kept = Kept()
        self._agents = Agents(company, self._kept, doors.replies)
        self._arrivals = Arrivals(
            company,
            self._kept,
            resolver=doors.resolver,
            email=doors.email,
            replies=doors.replies,
        )
        self._position = 0
        self._fence = 0

    # --- before the first word ------------------------------------------------------------------

    async def prepare(self) -> None:
        """Look up what was configured, then import the address book."""

        def look(
            reading: Reading,
        ) -> tuple[dict[str, str], list[Account], Mapping[str, str | None]]:
            return (
                {row.name: row.id for row in reading.queues()},
                reading.accounts(),
                {person.login: reading.user_by_login(person.login) for person in company.users},
            )

        company, doors = self._company, self._doors
        queues, accounts, users = await doors.store.read(look)
        by_address = {
            (account.channel, address): account
            for account in accounts
            for address in account.addresses
        }
        try:
            self._kept.queues = {queue.key: queues[queue.name] for queue in company.queues}
            for mailbox in company.mail_accounts:
                found = by_address["email", mailbox.addresses[0]]
                self._kept.accounts["email", mailbox.key] = found
            for number in company.sms_accounts:
                texts = by_address["sms", number.numbers[0]]
                self._kept.accounts["sms", number.key] = texts
                # Where WhatsApp has no account of its own, the number's account serves it.
                found = by_address.get(("whatsapp", number.numbers[0]), texts)
                self._kept.accounts["whatsapp", number.key] = found
        except KeyError as missing:
            raise Invalid(f"the demo company lacks {missing}", code="no_demo_company") from None
        for person in company.users:
            user_id = users[person.login]
            if user_id is None:
                raise Invalid(f"the demo company lacks {person.login}", code="no_demo_company")
            self._kept.actors[person.login] = Actor(
                id=user_id,
                role=person.role,
                queue_ids=frozenset(self._kept.queues[key] for key in person.queues),
            )
        await doors.store.run(self._begin, alone=True)

    def _begin(self, work: Work) -> None:
        fence = work.hold_lease(ROUTER, NODE, work.now + _LEASE)
        if fence is None:
            raise Conflict("another node leads already", code="leads")
        self._fence = fence
        import_customers(work, self._company.customers)
        self._position = work.head
        work.advance(ROUTER, work.head, fence)

    # --- scene by scene -------------------------------------------------------------------------

    async def play(self, scenes: Sequence[Scene]) -> None:
        """Scenes of which none needs to know what another has brought."""
        prepared = await asyncio.gather(
            *(self._arrivals.prepared(scene.arrival) for scene in scenes)
        )
        self._doors.clock.set(scenes[0].arrival.at)
        # Handed over in one tick, so that the store commits them together, in this order.
        jobs: list[Awaitable[object]] = []
        for index, (scene, (arrival, settle)) in enumerate(zip(scenes, prepared, strict=True)):
            then = scenes[index + 1].arrival.at if index + 1 < len(scenes) else None
            jobs.append(self._doors.inbox.accept(arrival))
            jobs.append(self._doors.store.run(self._job(scene, settle, then)))
        await asyncio.gather(*jobs)

    def _job(self, scene: Scene, settle: Settle, then: datetime | None) -> Callable[[Work], None]:
        """`then`: the time to which the clock moves on, for what arrives next."""

        def work(unit: Work) -> None:
            settle(unit, unit.events_after(self._position, ARRIVALS))
            for act in scene.acts:
                self._go_to(unit, act.at)
                self._agents.act(unit, act)
            self._position = unit.head
            unit.advance(ROUTER, unit.head, self._fence)
            if then is not None:
                self._go_to(unit, then)

        return work

    def _go_to(self, unit: Work, at: datetime) -> None:
        """Time goes on within a transaction, which the next arrival may share."""
        self._doors.clock.set(at)
        unit.now = at

    async def finish(self) -> None:
        """Everybody goes home; from now on any node may lead."""

        def go_home(work: Work) -> None:
            for person in self._company.users:
                user_id = work.user_by_login(person.login)
                assert user_id is not None
                for presence in ("available", "offline"):
                    work.append(
                        ev.PresenceChanged(agent_id=user_id, presence=presence, next_presence=None),
                        actor=user_id,
                    )
            work.advance(ROUTER, work.head, self._fence)
            work.release_lease(ROUTER, NODE)

        await self._doors.store.run(go_home, alone=True)

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
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import structlog

from router.leader import NAME as ROUTER
from router.reading import ACTOR as READING
from router.resolve import content
from router.resolve.step import Resolver
from triggerhub.demo import cast, wire
from triggerhub.demo.address_book import import_customers
from triggerhub.demo.company import Company
from triggerhub.demo.player_agents import Act, Agents, Kept, Replies, Sends, Thread
from triggerhub.demo.steps import (
    AgentReplies,
    CustomerWrites,
    Delivered,
    Failed,
    Read,
    SendsBroken,
    Step,
)
from triggerhub.domain import events as ev
from triggerhub.domain.clock import ManualClock
from triggerhub.domain.errors import Conflict, Invalid, Rejected
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.message import Account, Arrival, InboundMessage
from triggerhub.domain.permissions import Actor
from triggerhub.domain.ports import Channel, Inbox
from triggerhub.domain.work import Reading, Store, Work

log = structlog.get_logger(__name__)

NODE = "demo"
# After the time in which a message can be taken back; before the carrier's first report.
_SENT_AFTER = timedelta(seconds=5, milliseconds=500)
_LEASE = timedelta(seconds=10)
_OUTSIDE = "203.0.113.25"
_FORM = "application/x-www-form-urlencoded"
_ARRIVALS = 64
# How many arrivals go to the database together at most.
_RUN = 64
# What is recorded of an arrival, given the events that keeping it has brought.
_Settle = Callable[[Work, Sequence[Recorded]], None]


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


_Arriving = CustomerWrites | SendsBroken | Delivered | Read | Failed


async def play(company: Company, doors: Doors) -> int:
    """The whole script; the number of steps. The clock stands at the last of them afterwards.

    Accounts, queues and users must be configured already, and nothing else have happened. Raises
    Invalid where one is missing, Conflict where another node leads.
    """
    player = _Player(company, doors)
    await player.prepare()
    for scenes in _together(_scenes(company.steps)):
        await player.play(scenes)
    await player.finish()
    log.info("demo.played", steps=len(company.steps))
    return len(company.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """Something arrives, and what agents do until the next arrival."""

    arrival: _Arriving
    acts: list[Act]


def _scenes(steps: Sequence[Step]) -> Iterator[_Scene]:
    sends = [
        Sends(at=step.at + _SENT_AFTER, reply=step)
        for step in steps
        if isinstance(step, AgentReplies)
    ]
    scene: _Scene | None = None
    for step in sorted([*steps, *sends], key=lambda step: step.at):
        if isinstance(step, _Arriving):
            if scene is not None:
                yield scene
            scene = _Scene(arrival=step, acts=[])
        elif scene is None:
            raise Invalid("the script begins with an agent", code="demo_order")
        else:
            scene.acts.append(step)
    if scene is not None:
        yield scene


def _together(scenes: Iterator[_Scene]) -> Iterator[list[_Scene]]:
    """Runs of scenes that can be prepared at once.

    An answering mail carries ids and addresses that the hub makes only while the thread is played.
    """
    run: list[_Scene] = []
    played: set[str] = set()
    for scene in scenes:
        arrival = scene.arrival
        waits = (
            isinstance(arrival, CustomerWrites)
            and arrival.replies_to is not None
            and arrival.thread in played
        )
        if run and (waits or len(run) >= _RUN):
            yield run
            run, played = [], set()
        run.append(scene)
        played.update(act.thread for act in scene.acts if not isinstance(act, Sends))
        played.update(act.reply.thread for act in scene.acts if isinstance(act, Sends))
    if run:
        yield run


class _Player:
    def __init__(self, company: Company, doors: Doors) -> None:
        self._company = company
        self._doors = doors
        self._kept = Kept()
        self._agents = Agents(company, self._kept, doors.replies)
        self._replies = {step.key: step for step in company.steps if isinstance(step, AgentReplies)}
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

    async def play(self, scenes: Sequence[_Scene]) -> None:
        """Scenes of which none needs to know what another has brought."""
        prepared = await asyncio.gather(*(self._prepared(scene.arrival) for scene in scenes))
        self._doors.clock.set(scenes[0].arrival.at)
        # Handed over in one tick, so that the store commits them together, in this order.
        jobs: list[Awaitable[object]] = []
        for index, (scene, (arrival, settle)) in enumerate(zip(scenes, prepared, strict=True)):
            then = scenes[index + 1].arrival.at if index + 1 < len(scenes) else None
            jobs.append(self._doors.inbox.accept(arrival))
            jobs.append(self._doors.store.run(self._job(scene, settle, then)))
        await asyncio.gather(*jobs)

    def _job(self, scene: _Scene, settle: _Settle, then: datetime | None) -> Callable[[Work], None]:
        """`then`: the time to which the clock moves on, for what arrives next."""

        def work(unit: Work) -> None:
            settle(unit, unit.events_after(self._position, _ARRIVALS))
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

    async def _prepared(self, step: _Arriving) -> tuple[Arrival, _Settle]:
        """The bytes, and what is to be recorded of them once they were kept."""
        match step:
            case CustomerWrites() if step.channel == "email":
                return await self._mail(step)
            case CustomerWrites():
                return self._text(step)
            case SendsBroken():
                return await self._read(step, wire.broken_mail(step), _OUTSIDE, None)
            case Delivered():
                return self._report(step.message, "delivered")
            case Read():
                return self._report(step.message, "read")
            case Failed():
                return self._report(step.message, "undelivered", step.code)

    # --- the customer ---------------------------------------------------------------------------

    def _text(self, step: CustomerWrites) -> tuple[Arrival, _Settle]:
        account = self._kept.accounts[step.channel, step.account]
        arrival = Arrival(
            channel=account.channel,
            account_id=account.id,
            external_id=wire.message_sid(step.key),
            raw=wire.sms_form(step),
            media_type=_FORM,
            envelope={"peer": "127.0.0.1"},
        )
        return arrival, lambda work, fresh: self._resolve(work, step, fresh)

    async def _mail(self, step: CustomerWrites) -> tuple[Arrival, _Settle]:
        chain = self._kept.chains.setdefault(step.thread, [])
        parent, to = None, None
        if step.replies_to is not None:
            parent = self._kept.mail_ids[step.replies_to]
            mailbox = self._kept.accounts["email", step.account].addresses[0]
            to = self._doors.replies.make(mailbox, self._kept.threads[step.thread].reply_token)
        raw = wire.mail_bytes(step, to=to, in_reply_to=parent, references=chain)
        identifier = wire.message_id(step.key, cast.customer(step.customer))
        chain.append(identifier)
        self._kept.mail_ids[step.key] = identifier
        peer = "127.0.0.1" if step.proven else _OUTSIDE
        arrival, record = await self._read(step, raw, peer, to)

        def settle(work: Work, fresh: Sequence[Recorded]) -> None:
            record(work, fresh)
            self._resolve(work, step, work.events_after(fresh[-1].seq, _ARRIVALS))

        return arrival, settle

    async def _read(
        self, step: CustomerWrites | SendsBroken, raw: bytes, peer: str, to: str | None
    ) -> tuple[Arrival, _Settle]:
        """A mail, and what its channel makes of it."""
        person = cast.customer(step.customer)
        account = self._kept.accounts["email", step.account]
        envelope = {
            "mail_from": person.email,
            "rcpt_to": orjson.dumps([to or account.addresses[0]]).decode(),
            "peer": peer,
            "helo": person.email.partition("@")[2],
            "tls": "",
            "received_at": step.at.isoformat(),
        }
        arrival = Arrival(
            channel="email",
            account_id=account.id,
            external_id=hashlib.sha256(raw).hexdigest(),
            raw=raw,
            media_type="message/rfc822",
            envelope=envelope,
        )
        try:
            message: InboundMessage | str = await self._doors.email.parse(raw, account, envelope)
        except Rejected as error:
            message = str(error)

        def settle(work: Work, fresh: Sequence[Recorded]) -> None:
            received = fresh[-1].fact
            assert isinstance(received, ev.MessageReceived)
            work.append(_reading(work, received, message), actor=READING)

        return arrival, settle

    def _resolve(self, work: Work, step: CustomerWrites, fresh: Sequence[Recorded]) -> None:
        facts = [item.fact for item in self._doors.resolver.run(work, fresh)]
        fact = next((fact for fact in facts if isinstance(fact, ev.MessageResolved)), None)
        if fact is None:
            raise Invalid(f"{step.key} was not resolved", code="demo_unresolved")
        thread = self._kept.threads.get(step.thread)
        if thread is not None and thread.interaction == fact.interaction_id:
            thread.parked = False
            return
        self._kept.threads[step.thread] = Thread(
            interaction=fact.interaction_id,
            conversation=fact.conversation_id,
            identity=fact.identity_id,
            reply_token=work.conversations([fact.conversation_id])[0].reply_token,
            queue=self._kept.queues[step.queue],
            queued_at=step.at,
        )

    # --- the carrier ----------------------------------------------------------------------------

    def _report(self, key: str, status: str, code: int | None = None) -> tuple[Arrival, _Settle]:
        """The carrier's word on one of our messages."""
        reply = self._replies[key]
        account = self._kept.accounts[reply.channel, reply.account]
        sid = wire.message_sid(key)
        raw = wire.status_body(
            sid=sid,
            account_sid=cast.sms_account(reply.account).account_sid,
            sender=cast.our_address(reply.channel, reply.account),
            to=cast.their_address(reply.channel, cast.customer(reply.customer)),
            status=status,
            code=code,
        )
        arrival = Arrival(
            channel=account.channel,
            account_id=account.id,
            external_id=f"{sid}:{status}",
            raw=raw,
            media_type=_FORM,
            kind="status",
            envelope={"peer": "127.0.0.1"},
        )

        def settle(work: Work, fresh: Sequence[Recorded]) -> None:
            self._doors.resolver.run(work, fresh)
            if code is not None:
                self._kept.threads[reply.thread].failed.append(self._kept.sent[key])

        return arrival, settle


def _reading(work: Work, received: ev.MessageReceived, message: InboundMessage | str) -> Fact:
    """What a reader records of a kept mail; a `str` says why it can't be read."""
    if isinstance(message, str):
        return ev.MessageUnparseable(
            message_id=received.message_id,
            channel=received.channel,
            account_id=received.account_id,
            raw_content=received.raw_content,
            attention_id=work.new_id("at"),
            reason=message,
        )
    return ev.MessageParsed(
        message_id=received.message_id,
        channel=received.channel,
        account_id=received.account_id,
        raw_content=received.raw_content,
        parsed_content=content.keep(work, message),
        proof=message.proof,
    )

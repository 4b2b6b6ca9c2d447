"""Plays the demo company's past through the hub's own doors, on a clock that stands in the past.

Owns the translation of the script's keys into the hub's ids, and the order of things. Customers'
bytes go in by the inbox, are read by their channel and resolved by the router's resolver; agents
act by the desk's commands, permissions included; the carrier's reports come in by the inbox. Two
things are stood in for: the address book that the company brings along (imported as facts before
anything else), and the sending itself (no message leaves; its facts are those of delivery).

One transaction holds what was resolved and all that agents did until the next thing arrives, so
nine months take seconds; each fact bears its own time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson
import structlog

from router.desk import HANDLERS, Options
from router.leader import NAME as ROUTER
from router.reading import ACTOR as READING
from router.resolve import content
from router.resolve.step import Resolver
from triggerhub.demo import cast, wire
from triggerhub.demo.company import Company
from triggerhub.demo.steps import (
    AddsNote,
    AgentReplies,
    Closes,
    CustomerWrites,
    Delivered,
    Failed,
    Parks,
    Read,
    SendsBroken,
    Step,
    Takes,
    Transfers,
)
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.clock import ManualClock
from triggerhub.domain.commands import Command
from triggerhub.domain.errors import Conflict, Invalid, Rejected
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.message import Account, Arrival
from triggerhub.domain.permissions import Actor
from triggerhub.domain.ports import Channel, Inbox
from triggerhub.domain.work import Reading, Store, Work

log = structlog.get_logger(__name__)

IMPORT = "system:import"
DELIVERY = "system:delivery"
NODE = "demo"
# After the time in which a message can be taken back; before the carrier's first report.
_SENT_AFTER = timedelta(seconds=5, milliseconds=500)
_LEASE = timedelta(seconds=10)
_OUTSIDE = "203.0.113.25"
_FORM = "application/x-www-form-urlencoded"
_ARRIVALS = 64
Json = dict[str, Any]


class Replies(Protocol):
    """The signed reply addresses and Message-IDs that the e-mail channel uses."""

    def make(self, mailbox: str, token: str) -> str: ...
    def message_id(self, message: str, mailbox: str) -> str: ...


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sends:
    """The moment at which a reply leaves the hub."""

    at: datetime
    reply: AgentReplies


@dataclass(slots=True, kw_only=True)
class _Thread:
    """What the hub made of one thread of the script."""

    interaction: str
    conversation: str
    identity: str
    reply_token: str
    queue: str
    queued_at: datetime
    owner: str | None = None
    parked: bool = False
    failed: list[str] = field(default_factory=list)


async def play(company: Company, doors: Doors) -> int:
    """The whole script; the number of steps. The clock stands at the last of them afterwards.

    Accounts, queues and users must be configured already, and nothing else have happened. Raises
    Invalid where one is missing, Conflict where another node leads.
    """
    player = _Player(company, doors)
    await player.prepare()
    for step in _with_sending(company.steps):
        await player.take(step)
    await player.finish()
    log.info("demo.played", steps=len(company.steps))
    return len(company.steps)


def _with_sending(steps: Sequence[Step]) -> list[Step | _Sends]:
    sends = [
        _Sends(at=step.at + _SENT_AFTER, reply=step)
        for step in steps
        if isinstance(step, AgentReplies)
    ]
    return sorted([*steps, *sends], key=lambda step: step.at)


class _Player:
    def __init__(self, company: Company, doors: Doors) -> None:
        self._company = company
        self._doors = doors
        self._options = Options()
        self._actors: dict[str, Actor] = {}
        self._queues: dict[str, str] = {}
        self._accounts: dict[str, Account] = {}
        self._threads: dict[str, _Thread] = {}
        # What is to be done in the next transaction, each at its time.
        self._todo: list[tuple[datetime, Callable[[Work], None]]] = []
        self._position = 0
        self._fence = 0
        self._sent: dict[str, str] = {}
        self._replies: dict[str, AgentReplies] = {}
        self._mail_ids: dict[str, str] = {}
        self._chains: dict[str, list[str]] = {}

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
        doors.clock.set(company.steps[0].at - timedelta(days=1))
        queues, accounts, users = await doors.store.read(look)
        by_address = {address: account for account in accounts for address in account.addresses}
        try:
            self._queues = {queue.key: queues[queue.name] for queue in company.queues}
            for mailbox in company.mail_accounts:
                self._accounts[mailbox.key] = by_address[mailbox.addresses[0]]
            for number in company.sms_accounts:
                self._accounts[number.key] = by_address[number.numbers[0]]
        except KeyError as missing:
            raise Invalid(f"the demo company lacks {missing}", code="no_demo_company") from None
        for person in company.users:
            user_id = users[person.login]
            if user_id is None:
                raise Invalid(f"the demo company lacks {person.login}", code="no_demo_company")
            self._actors[person.login] = Actor(
                id=user_id,
                role=person.role,
                queue_ids=frozenset(self._queues[key] for key in person.queues),
            )
        await doors.store.run(self._begin, alone=True)

    def _begin(self, work: Work) -> None:
        fence = work.hold_lease(ROUTER, NODE, work.now + _LEASE)
        if fence is None:
            raise Conflict("another node leads already", code="leads")
        self._fence = fence
        self._import(work)
        self._position = work.head
        work.advance(ROUTER, work.head, fence)

    def _import(self, work: Work) -> None:
        for person in self._company.customers:
            customer_id = work.new_id("cu")
            profile: Json = {
                "name": person.name,
                "language": "zh-CN" if person.language == "zh" else "en",
                "company": person.company,
                "tier": person.tier,
                "timezone": person.timezone,
                "tags": list(person.tags),
            }
            created = ev.CustomerCreated(
                customer_id=customer_id,
                profile_content=work.put_json("profile", profile),
                provisional=False,
            )
            work.append(created, actor=IMPORT)
            for kind, address in (("email", person.email), ("phone", person.phone)):
                self._import_address(work, customer_id, kind, address, person.name)

    @staticmethod
    def _import_address(work: Work, customer: str, kind: str, address: str, name: str) -> None:
        identity_id = work.new_id("id")
        kept = {"kind": kind, "address": address, "name": name, "raw": address}
        work.append(
            ev.IdentityAdded(
                identity_id=identity_id,
                kind=kind,
                address_content=work.put_json("address", kept),
                standing="verified",
                why="import",
            ),
            ev.IdentityLinked(
                link_id=work.new_id("ln"),
                identity_id=identity_id,
                customer_id=customer,
                version=1,
                why="import",
                previous_customer_id=None,
            ),
            actor=IMPORT,
        )

    # --- step by step ---------------------------------------------------------------------------

    async def take(self, step: Step | _Sends) -> None:
        match step:
            case CustomerWrites() if step.channel == "email":
                await self._mail(step)
            case CustomerWrites():
                await self._text(step)
            case SendsBroken():
                await self._broken(step)
            case Delivered():
                await self._reports(step.at, step.message, "delivered")
            case Read():
                await self._reports(step.at, step.message, "read")
            case Failed():
                await self._reports(step.at, step.message, "undelivered", step.code)
            case _:
                self._todo.append((step.at, lambda work: self._act(work, step)))

    async def finish(self) -> None:
        """What is still to be done; then any node may lead."""
        await self._flush()
        await self._doors.store.run(lambda work: work.release_lease(ROUTER, NODE), alone=True)

    async def _flush(self) -> None:
        if not self._todo:
            return
        todo, self._todo = self._todo, []

        def work(unit: Work) -> None:
            for at, act in todo:
                self._doors.clock.set(at)
                unit.now = at
                act(unit)
            self._position = unit.head
            unit.advance(ROUTER, unit.head, self._fence)

        await self._doors.store.run(work, alone=True)

    # --- the customer ---------------------------------------------------------------------------

    async def _accept(self, at: datetime, arrival: Arrival) -> str:
        """Kept by the inbox at its time, after all that happened before it."""
        await self._flush()
        self._doors.clock.set(at)
        return (await self._doors.inbox.accept(arrival)).id

    async def _text(self, step: CustomerWrites) -> None:
        arrival = Arrival(
            channel="sms",
            account_id=self._accounts[step.account].id,
            external_id=wire.message_sid(step.key),
            raw=wire.sms_form(step),
            media_type=_FORM,
            envelope={"peer": "127.0.0.1"},
        )
        await self._accept(step.at, arrival)
        self._todo.append((step.at, lambda work: self._resolve(work, step, self._fresh(work))))

    async def _mail(self, step: CustomerWrites) -> None:
        await self._flush()  # it may answer what was just sent
        identifier = wire.message_id(step.key, cast.customer(step.customer))
        chain = self._chains.setdefault(step.thread, [])
        parent, to = None, None
        if step.replies_to is not None:
            parent = self._mail_ids[step.replies_to]
            mailbox = self._accounts[step.account].addresses[0]
            to = self._doors.replies.make(mailbox, self._threads[step.thread].reply_token)
        raw = wire.mail_bytes(step, to=to, in_reply_to=parent, references=chain)
        chain.append(identifier)
        fact = await self._read(step, raw, "127.0.0.1" if step.proven else _OUTSIDE, to)

        def act(work: Work) -> None:
            self._resolve(work, step, work.append(fact(work), actor=READING))

        self._todo.append((step.at, act))

    async def _broken(self, step: SendsBroken) -> None:
        fact = await self._read(step, wire.broken_mail(step), _OUTSIDE, None)
        self._todo.append((step.at, lambda work: _append(work, fact(work))))

    async def _read(
        self, step: CustomerWrites | SendsBroken, raw: bytes, peer: str, to: str | None
    ) -> Callable[[Work], Fact]:
        """Have a mail kept, then read by its channel; what is to be recorded of the reading."""
        person = cast.customer(step.customer)
        account = self._accounts[step.account]
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
        message_id = await self._accept(step.at, arrival)
        try:
            message = await self._doors.email.parse(raw, account, envelope)
        except Rejected as error:
            reason = str(error)
            return lambda work: ev.MessageUnparseable(
                message_id=message_id,
                channel="email",
                account_id=account.id,
                raw_content=_raw_of(self._fresh(work)),
                attention_id=work.new_id("at"),
                reason=reason,
            )
        return lambda work: ev.MessageParsed(
            message_id=message_id,
            channel="email",
            account_id=account.id,
            raw_content=_raw_of(self._fresh(work)),
            parsed_content=content.keep(work, message),
            proof=message.proof,
        )

    def _fresh(self, work: Work) -> list[Recorded]:
        """What was accepted since the last transaction."""
        return work.events_after(self._position, _ARRIVALS)

    def _resolve(self, work: Work, step: CustomerWrites, fresh: Sequence[Recorded]) -> None:
        facts = [item.fact for item in self._doors.resolver.run(work, list(fresh))]
        fact = next((fact for fact in facts if isinstance(fact, ev.MessageResolved)), None)
        if fact is None:
            raise Invalid(f"{step.key} was not resolved", code="demo_unresolved")
        if step.channel == "email":
            self._mail_ids[step.key] = wire.message_id(step.key, cast.customer(step.customer))
        thread = self._threads.get(step.thread)
        if thread is not None and thread.interaction == fact.interaction_id:
            thread.parked = False
            return
        self._threads[step.thread] = _Thread(
            interaction=fact.interaction_id,
            conversation=fact.conversation_id,
            identity=fact.identity_id,
            reply_token=work.conversations([fact.conversation_id])[0].reply_token,
            queue=self._queues[step.queue],
            queued_at=step.at,
        )

    # --- the carrier ----------------------------------------------------------------------------

    async def _reports(self, at: datetime, key: str, status: str, code: int | None = None) -> None:
        """The carrier's word on one of our messages."""
        await self._flush()
        reply, message_id = self._replies[key], self._sent[key]
        account = cast.sms_account(reply.account)
        sid = wire.message_sid(key)
        raw = wire.status_body(
            sid=sid,
            account_sid=account.account_sid,
            sender=cast.our_address(reply.channel, reply.account),
            to=cast.their_address(reply.channel, cast.customer(reply.customer)),
            status=status,
            code=code,
        )
        arrival = Arrival(
            channel="sms",
            account_id=self._accounts[reply.account].id,
            external_id=f"{sid}:{status}",
            raw=raw,
            media_type=_FORM,
            kind="status",
            envelope={"peer": "127.0.0.1", "message_id": message_id},
        )
        await self._accept(at, arrival)

        def act(work: Work) -> None:
            self._doors.resolver.run(work, self._fresh(work))
            if code is not None:
                self._threads[reply.thread].failed.append(message_id)

        self._todo.append((at, act))

    # --- the agent ------------------------------------------------------------------------------

    def _do(self, work: Work, login: str, command: Command) -> Json:
        """One of the desk's commands, in this transaction."""
        return HANDLERS[type(command)](work, self._actors[login], command, self._options)

    def _act(self, work: Work, step: Step | _Sends) -> None:
        match step:
            case Takes():
                self._takes(work, step)
            case AgentReplies():
                self._writes(work, step)
            case _Sends():
                self._sends(work, step)
            case AddsNote():
                thread = self._threads[step.thread]
                note = cmd.AddNote(conversation_id=thread.conversation, text=step.text)
                self._do(work, step.agent, note)
            case Parks():
                thread = self._threads[step.thread]
                thread.parked = True
                park = cmd.ParkInteraction(interaction_id=thread.interaction)
                self._do(work, step.agent, park)
            case Transfers():
                thread = self._threads[step.thread]
                thread.owner, thread.queue = None, self._queues[step.queue]
                thread.queued_at = step.at
                hand_on = cmd.TransferInteraction(
                    interaction_id=thread.interaction, queue_id=thread.queue
                )
                self._do(work, step.agent, hand_on)
            case Closes():
                self._closes(work, step)
            case _:
                raise TypeError(f"{type(step).__name__} is not an agent's")

    def _takes(self, work: Work, step: Takes) -> None:
        thread = self._threads[step.thread]
        if thread.owner is None:
            self._gets(work, step, thread)
            thread.owner = step.agent
        elif thread.parked:
            thread.parked = False
            self._do(work, step.agent, cmd.ResumeInteraction(interaction_id=thread.interaction))
        seen = cmd.MarkRead(interaction_id=thread.interaction, seq=work.head)
        self._do(work, step.agent, seen)

    def _gets(self, work: Work, step: Takes, thread: _Thread) -> None:
        """The agent takes what waits longest; the supervisor gives them what does not."""
        actor = self._actors[step.agent]
        waiting = [
            other
            for other in self._threads.values()
            if other.owner is None and other.queue in actor.queue_ids
        ]
        if min(waiting, key=lambda other: other.queued_at) is thread:
            taken = self._do(work, step.agent, cmd.TakeNext())
            if taken["interaction_id"] != thread.interaction:
                raise Invalid(f"{step.thread} was not next", code="demo_order")
            return
        given = cmd.AssignInteraction(interaction_id=thread.interaction, agent_id=actor.id)
        self._do(work, _supervisor(self._company), given)

    def _writes(self, work: Work, step: AgentReplies) -> None:
        thread = self._threads[step.thread]
        account = self._accounts[step.account]
        message = cmd.SendMessage(
            interaction_id=thread.interaction,
            channel=account.channel,
            account_id=account.id,
            identity_id=thread.identity,
            text=step.text,
            subject=step.subject or None,
        )
        self._sent[step.key] = self._do(work, step.agent, message)["message_id"]
        self._replies[step.key] = step

    def _sends(self, work: Work, step: _Sends) -> None:
        """What delivery records when the relay or the carrier has taken a message."""
        reply, message_id = step.reply, self._sent[step.reply.key]
        if reply.channel == "email":
            mailbox = self._accounts[reply.account].addresses[0]
            reference = self._doors.replies.message_id(message_id, mailbox)
            self._mail_ids[reply.key] = reference
            self._chains.setdefault(reply.thread, []).append(reference)
        else:
            reference = wire.message_sid(reply.key)
        work.append(ev.MessageSending(message_id=message_id, attempt=1), actor=DELIVERY)
        kept = work.put_json("reference", {"reference": reference})
        sent = ev.MessageSent(message_id=message_id, reference_content=kept)
        work.append(sent, actor=DELIVERY)

    def _closes(self, work: Work, step: Closes) -> None:
        thread = self._threads.pop(step.thread)
        for message_id in thread.failed:
            # It was followed by another message and needs nobody's attention any more.
            for attention_id in work.attention_of(message_id):
                dismissed = cmd.DismissAttention(attention_id=attention_id)
                self._do(work, _supervisor(self._company), dismissed)
        close = cmd.CloseInteraction(interaction_id=thread.interaction, code=step.code)
        self._do(work, step.agent, close)


def _append(work: Work, fact: Fact) -> None:
    work.append(fact, actor=READING)


def _raw_of(fresh: Sequence[Recorded]) -> str:
    return next(i.fact.raw_content for i in fresh if isinstance(i.fact, ev.MessageReceived))


def _supervisor(company: Company) -> str:
    return next(person.login for person in company.users if person.role == "supervisor")

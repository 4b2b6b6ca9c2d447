"""What comes to the demo company from outside: customers' words, and the carrier's on ours.

Owns the bytes of each arrival and what is to be recorded once they were kept: customers' bytes are
read by their channel and resolved by the router's resolver. Must not know the order of things.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import orjson

from router.reading import ACTOR as READING
from router.reasons import unparseable
from router.resolve import content
from router.resolve.step import Resolver
from triggerhub.demo import cast, wire
from triggerhub.demo.company import Company
from triggerhub.demo.player_agents import Kept, Replies, Thread
from triggerhub.demo.player_scenes import Arriving
from triggerhub.demo.steps import (
    AgentReplies,
    CustomerWrites,
    Delivered,
    Failed,
    Read,
    SendsBroken,
)
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Invalid, Rejected
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.message import Arrival, InboundMessage
from triggerhub.domain.ports import Channel
from triggerhub.domain.work import Work

_OUTSIDE = "203.0.113.25"
_FORM = "application/x-www-form-urlencoded"
ARRIVALS = 64  # more events than keeping one arrival brings
# What is recorded of an arrival, given the events that keeping it has brought.
Settle = Callable[[Work, Sequence[Recorded]], None]


class Arrivals:
    """`email` proves mail from 127.0.0.1 and nothing else. `kept` grows with what is settled."""

    def __init__(
        self, company: Company, kept: Kept, *, resolver: Resolver, email: Channel, replies: Replies
    ) -> None:
        self._kept = kept
        self._resolver, self._email, self._addresses = resolver, email, replies
        self._replies = {step.key: step for step in company.steps if isinstance(step, AgentReplies)}

    async def prepared(self, step: Arriving) -> tuple[Arrival, Settle]:
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

    def _text(self, step: CustomerWrites) -> tuple[Arrival, Settle]:
        account = self._kept.accounts[step.channel, step.account]
        arrival = Arrival(
            channel=account.channel,
            account_id=account.id,
            external_id=wire.message_sid(step.key),
            raw=wire.sms_form(step),
            media_type=_FORM,
            envelope={"peer": "127.0.0.1", "from": cast.customer(step.customer).phone},
        )
        return arrival, lambda work, fresh: self._resolve(work, step, fresh)

    async def _mail(self, step: CustomerWrites) -> tuple[Arrival, Settle]:
        chain = self._kept.chains.setdefault(step.thread, [])
        parent, to = None, None
        if step.replies_to is not None:
            parent = self._kept.mail_ids[step.replies_to]
            mailbox = self._kept.accounts["email", step.account].addresses[0]
            to = self._addresses.make(mailbox, self._kept.threads[step.thread].reply_token)
        raw = wire.mail_bytes(step, to=to, in_reply_to=parent, references=chain)
        identifier = wire.message_id(step.key, cast.customer(step.customer))
        chain.append(identifier)
        self._kept.mail_ids[step.key] = identifier
        peer = "127.0.0.1" if step.proven else _OUTSIDE
        arrival, record = await self._read(step, raw, peer, to)

        def settle(work: Work, fresh: Sequence[Recorded]) -> None:
            record(work, fresh)
            self._resolve(work, step, work.events_after(fresh[-1].seq, ARRIVALS))

        return arrival, settle

    async def _read(
        self, step: CustomerWrites | SendsBroken, raw: bytes, peer: str, to: str | None
    ) -> tuple[Arrival, Settle]:
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
            message: InboundMessage | Rejected = await self._email.parse(raw, account, envelope)
        except Rejected as error:
            message = error

        def settle(work: Work, fresh: Sequence[Recorded]) -> None:
            received = fresh[-1].fact
            assert isinstance(received, ev.MessageReceived)
            work.append(_reading(work, received, message), actor=READING)

        return arrival, settle

    def _resolve(self, work: Work, step: CustomerWrites, fresh: Sequence[Recorded]) -> None:
        facts = [item.fact for item in self._resolver.run(work, fresh)]
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

    def _report(self, key: str, status: str, code: int | None = None) -> tuple[Arrival, Settle]:
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
            self._resolver.run(work, fresh)
            if code is not None:
                self._kept.threads[reply.thread].failed.append(self._kept.sent[key])

        return arrival, settle


def _reading(work: Work, received: ev.MessageReceived, message: InboundMessage | Rejected) -> Fact:
    """What a reader records of a kept mail; an error says why it can't be read."""
    if isinstance(message, Rejected):
        return unparseable(work, received, message)
    return ev.MessageParsed(
        message_id=received.message_id,
        channel=received.channel,
        account_id=received.account_id,
        raw_content=received.raw_content,
        parsed_content=content.keep(work, message),
        proof=message.proof,
    )

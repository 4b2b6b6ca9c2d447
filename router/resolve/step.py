"""Load and append around the decision: what one batch of arrivals becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from router import consent
from router.reasons import MAX_REASON, unparseable
from router.resolve import content
from router.resolve.decide import aside, resolve
from router.resolve.draft import Decision, Kept
from router.resolve.known import Delivery, load
from triggerhub.domain import events as ev
from triggerhub.domain.clock import IdSource
from triggerhub.domain.errors import CONTENT_MISSING, Rejected, Unavailable
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.masking import masked
from triggerhub.domain.model.delivery import advances
from triggerhub.domain.model.message import INLINE_CHANNELS, Account, InboundMessage, StatusReport
from triggerhub.domain.ports import Channel
from triggerhub.domain.rows import OutboxRow
from triggerhub.domain.work import Work

ACTOR = "system:resolve"
Arrived = ev.MessageReceived | ev.AttentionReplayed
Raw = tuple[bytes, dict[str, str]]
MAX_CODE = 100
NOT_SETTLED = Rejected("it could not be settled; the hub's log says why", code="not_settled")
OUT_OF_REACH = Rejected("what another node read of it is out of reach", code=CONTENT_MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What was configured, as far as resolving asks: accounts by id, and the first queue's id."""

    accounts: Mapping[str, Account]
    default_queue: str | None

    @classmethod
    def load(cls, work: Work) -> Company:
        accounts = {account.id: account for account in work.accounts()}
        queues = work.queues()
        return cls(accounts=accounts, default_queue=queues[0].id if queues else None)


_CONFIGURING = frozenset(
    {ev.AccountConfigured, ev.AccountRemoved, ev.QueueConfigured, ev.QueueRemoved}
)


def configures(fact: Fact) -> bool:
    """Whether this fact changes a Company."""
    return type(fact) in _CONFIGURING


@dataclass(frozen=True, slots=True)
class Resolver:
    """Turns accepted deliveries into facts. `channels` by name."""

    channels: Mapping[str, Channel]
    ids: IdSource

    def run(
        self, work: Work, batch: Sequence[Recorded], company: Company | None = None
    ) -> list[Recorded]:
        """Everything that follows from this batch, appended. `company` as the batch finds it."""
        appended: list[Recorded] = []
        arrivals = [r for r in batch if _is_inline(r.fact)]
        statuses = [r for r in batch if isinstance(r.fact, ev.StatusReceived)]
        parsed = [r for r in batch if isinstance(r.fact, ev.MessageParsed)]
        if not (arrivals or statuses or parsed):
            return appended
        company = company or Company.load(work)
        # None of these is large enough to be a file, which might be missing: a form is limited.
        raws = work.raws([_raw_of(r.fact) for r in (*arrivals, *statuses)])
        deliveries: list[tuple[Recorded, Delivery]] = []
        for item in arrivals:
            fact = item.fact
            assert isinstance(fact, Arrived)
            read = self._read(work, fact, company.accounts.get(fact.account_id), raws)
            if isinstance(read, InboundMessage):
                deliveries.append((item, _delivery(fact, content.keep(work, read), read)))
            else:
                appended += work.append(read, actor=ACTOR, cause=item.id)
        for item in parsed:
            fact = item.fact
            assert isinstance(fact, ev.MessageParsed)
            try:
                body = work.body(fact.parsed_content)
            except Unavailable as error:
                if error.code != CONTENT_MISSING:
                    raise
                # The node that led before had it read, into a folder of its own. Nobody waits for
                # it: people see it, and it can be read again from its raw bytes.
                appended += work.append(
                    unparseable(work, fact, OUT_OF_REACH), actor=ACTOR, cause=item.id
                )
                continue
            if body is not None:  # erased meanwhile: there is nothing left to resolve
                message = replace(content.read(orjson.loads(body)), proof=fact.proof)
                deliveries.append((item, _delivery(fact, fact.parsed_content, message)))
        known = load(work, company.accounts, [delivery for _, delivery in deliveries])
        read_of = {item.id: delivery for item, delivery in deliveries}
        # In the order of the log: what a provider reports about somebody may stand on either side
        # of what they write themselves.
        for item in sorted((*(i for i, _ in deliveries), *statuses), key=lambda i: i.seq):
            if isinstance(item.fact, ev.StatusReceived):
                facts = list(self._status(work, item.fact, raws))
                appended += work.append(*facts, actor=ACTOR, cause=item.id)
                for fact in facts:
                    if isinstance(fact, ev.IdentityOptedOut):
                        known.reported(fact)
                continue
            delivery = read_of[item.id]
            report = delivery.message.report
            target = work.outbox_by_reference(report.reference) if report else None
            if report is not None and target is not None:
                decision: Decision = [*self._reported(work, report, target)]
                decision.append(aside(delivery, f"report_{report.state}", target.message_id))
            else:
                decision = resolve(delivery, known, self.ids, item.at, company.default_queue)
            appended += append_decision(work, decision, item)
        return appended

    def set_aside(self, work: Work, item: Recorded) -> list[Recorded]:
        """What follows from an event that fails in a way nobody foresaw: people see it.

        What failed isn't said here, for it may repeat a customer's words: the hub's own log has it.
        """
        fact = item.fact
        if isinstance(fact, Arrived | ev.MessageParsed):
            return work.append(
                unparseable(work, fact, NOT_SETTLED),
                actor=ACTOR,
                cause=item.id,
            )
        if isinstance(fact, ev.StatusReceived):
            aside = ev.StatusSetAside(status_id=fact.status_id, rule="not_settled")
            return work.append(aside, actor=ACTOR, cause=item.id)
        return []

    def _read(
        self,
        work: Work,
        fact: Arrived,
        account: Account | None,
        raws: Mapping[str, Raw],
    ) -> InboundMessage | ev.MessageUnparseable:
        channel = self.channels.get(fact.channel)
        delivered = raws.get(fact.raw_content)
        try:
            if channel is None:
                raise Rejected(f"channel {fact.channel} is not there any more", code="no_channel")
            if delivered is None:
                raise Rejected("the bytes were erased", code="erased")
            raw, envelope = delivered
            read = channel.read(raw, account, envelope)
            return content.storable(read)
        except Rejected as error:
            return unparseable(work, fact, error)

    def _status(
        self,
        work: Work,
        fact: ev.StatusReceived,
        raws: Mapping[str, Raw],
    ) -> Iterable[Fact]:
        channel, delivered = self.channels.get(fact.channel), raws.get(fact.raw_content)
        rule, about = "unreadable", None
        if channel is not None and delivered is not None:
            raw, envelope = delivered
            try:
                report = channel.read_status(raw, envelope)
            except Rejected as error:
                rule = masked(f"unreadable: {error}")[:MAX_REASON]
            else:
                # Our own id comes back in the callback's address: it is there even where the
                # report overtakes the answer that told us the provider's id.
                own = envelope.get("message_id")
                target = work.outbox(own) if own else None
                target = target or work.outbox_by_reference(report.reference)
                if target is None:
                    rule = "unknown_message"
                else:
                    facts = self._reported(work, report, target)
                    if facts:
                        return facts
                    rule, about = "not_news", target.message_id
        return (ev.StatusSetAside(status_id=fact.status_id, rule=rule, about_message_id=about),)

    def _reported(self, work: Work, report: StatusReport, target: OutboxRow) -> list[Fact]:
        """The facts of a provider's word; none where it is older than what is known."""
        if not advances(target.state, report.state):
            return []
        match report.state:
            case "sent":
                return [ev.MessageSent(message_id=target.message_id, reference_content=None)]
            case "delivered":
                return [ev.MessageDelivered(message_id=target.message_id)]
            case "read":
                return [ev.MessageRead(message_id=target.message_id)]
            case "failed":
                return [
                    ev.MessageFailed(
                        message_id=target.message_id,
                        code=masked(report.code)[:MAX_CODE],
                        reason=masked(report.reason)[:MAX_REASON],
                        attention_id=self.ids.new("at"),
                        interaction_id=target.interaction_id,
                    ),
                    *(consent.refused(work, target) if report.opted_out else ()),
                ]
            case _:
                return []


def append_decision(work: Work, decision: Decision, cause: Recorded) -> list[Recorded]:
    """Put the content, append the facts, in the order of the decision."""
    facts: list[Fact] = []
    for item in decision:
        if isinstance(item, Kept):
            work.put_json(item.kind, item.value, content_id=item.content_id)
        else:
            facts.append(item)
    return work.append(*facts, actor=ACTOR, cause=cause.id)


def settles(fact: Fact) -> bool:
    """Whether this fact is one that the resolver has to act on."""
    return _is_inline(fact) or isinstance(fact, ev.StatusReceived | ev.MessageParsed)


def _is_inline(fact: Fact) -> bool:
    return isinstance(fact, Arrived) and fact.channel in INLINE_CHANNELS


def _raw_of(fact: Fact) -> str:
    assert isinstance(fact, ev.MessageReceived | ev.AttentionReplayed | ev.StatusReceived)
    return fact.raw_content


def _delivery(
    fact: Arrived | ev.MessageParsed, parsed_content: str, message: InboundMessage
) -> Delivery:
    return Delivery(
        message_id=fact.message_id,
        channel=fact.channel,
        account_id=fact.account_id,
        raw_content=fact.raw_content,
        parsed_content=parsed_content,
        message=message,
    )

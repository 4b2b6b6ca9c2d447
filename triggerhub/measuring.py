"""Feeds the meters: at the inbox's door, and by following the log. Changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from prometheus_client import Counter, Histogram

from storage.reading import ReadStore
from storage.views import SqlReads
from triggerhub.domain import events as ev
from triggerhub.domain.errors import HubError
from triggerhub.domain.events import Fact
from triggerhub.domain.model.message import Accepted, Arrival
from triggerhub.domain.ports import CoreFace, Inbox
from triggerhub.observability import Metrics

LOOK_EVERY = 5.0  # seconds between looks at what no event tells
_BY_CHANNEL = (ev.MessageResolved, ev.MessageUnparseable)
_OFFERS: tuple[type[Fact], ...] = (
    ev.OfferMade, ev.OfferAccepted, ev.OfferDeclined, ev.OfferTimedOut, ev.OfferCancelled,
    ev.OfferRescinded,
)  # fmt: skip
_SENDS: tuple[type[Fact], ...] = (
    ev.MessageSent, ev.MessageDeferred, ev.MessageFailed, ev.MessageUnknown,
)  # fmt: skip


class MeasuredInbox:
    """An inbox that counts and times what passes (domain.ports.Inbox)."""

    def __init__(self, inbox: Inbox, metrics: Metrics) -> None:
        self._inbox = inbox
        self._metrics = metrics
        self._meters: dict[tuple[str, str], tuple[Histogram, Counter]] = {}  # labels cost more

    async def accept(self, arrival: Arrival) -> Accepted:
        began = perf_counter()
        try:
            accepted = await self._inbox.accept(arrival)
        except HubError as error:
            self._metrics.refused.labels(arrival.channel, error.code).inc()
            raise
        channel, kind = arrival.channel, arrival.kind
        meters = self._meters.get((channel, kind))
        if meters is None:
            meters = self._meters[channel, kind] = (
                self._metrics.accept_seconds.labels(channel),
                self._metrics.accepted.labels(channel, kind),
            )
        meters[0].observe(perf_counter() - began)
        if accepted.duplicate:
            self._metrics.duplicates.labels(channel).inc()
        else:
            meters[1].inc()
        return accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMeter:
    """Counts what the log says, and looks now and then at what it doesn't."""

    store: ReadStore
    views: SqlReads
    core: CoreFace
    consoles: Callable[[], int]
    metrics: Metrics

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="meter.follow")
            group.create_task(self._look(), name="meter.look")

    async def _follow(self) -> None:
        self.metrics.log_head.set_function(lambda: self.store.tail.last)
        counters = {
            ev.MessageResolved: self.metrics.resolved,
            ev.MessageUnparseable: self.metrics.unparseable,
            **dict.fromkeys(_OFFERS, self.metrics.offers),
            **dict.fromkeys(_SENDS, self.metrics.sends),
        }
        async for batch in self.store.subscribe(of=frozenset(counters)):
            for item in batch:
                fact = item.fact
                if isinstance(fact, _BY_CHANNEL):
                    counters[type(fact)].labels(fact.channel).inc()
                elif type(fact) in counters:
                    counters[type(fact)].labels(fact.TYPE.partition(".")[2]).inc()

    async def _look(self) -> None:
        while True:
            head = await self.views.head()
            state = await self.core.state()
            position = state.position
            self.metrics.leader.set(int(position is not None))
            self.metrics.leader_lag.set(0 if position is None else max(0, head - position))
            self.metrics.stream.set(int(state.stream))
            self.metrics.content_missing.set(state.missing)
            self.metrics.consoles.set(self.consoles())
            self.metrics.attention.set(await self.views.attention_count())
            for outbox, number in (await self.views.outbox_states()).items():
                self.metrics.outbox.labels(outbox).set(number)
            await asyncio.sleep(LOOK_EVERY)

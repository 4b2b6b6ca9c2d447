"""Has what was accepted read by its channel, under guard, and records what came of it.

Runs beside the leader, several at a time: one mail that takes its full five seconds holds up
nobody else. What can't be read is kept, shown under "needs attention", and can be read again. A
mail whose file isn't within reach (a folder that several nodes should share) waits by itself until
it is, a day at most. In a flood it rests for most of the time: whoever delivers goes first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import structlog

from router.bell import Bell
from router.reasons import unparseable
from router.resolve import content
from triggerhub.domain import events as ev
from triggerhub.domain.errors import CONTENT_MISSING, Rejected, Unavailable
from triggerhub.domain.events import Recorded
from triggerhub.domain.model.message import INLINE_CHANNELS, InboundMessage
from triggerhub.domain.ports import AccountDirectory, Channel, LogTail
from triggerhub.domain.rows import PendingRow
from triggerhub.domain.work import Prepared, Store, Work, rest_after

log = structlog.get_logger(__name__)

ACTOR = "system:reading"
Raw = tuple[bytes, dict[str, str]]
AT_ONCE = 4
LOOK_EVERY = 5.0
BATCH = 64
FEW = BATCH // 2  # no more are fetched while so many wait for their turn
SOON = 0.05  # seconds between looks at whether it still lasts
WAITS = (1.0, 5.0, 30.0, 120.0)  # seconds before a message that failed is read again
UNFORESEEN = 4  # times that reading may break off in a way nobody foresaw
GIVE_UP_AFTER = 24 * 3600.0  # seconds that a mail waits for its file until people are told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """Of a message that could not be read; times are the loop's, in seconds.

    `failures`: how often it broke off. `misses`: how often its file wasn't there, since `missing`.
    """

    failures: int = 0
    misses: int = 0
    missing: float | None = None
    until: float = 0.0


_FRESH = _Rest()


class Readers:
    """`leading` is set while this node may read for the log."""

    def __init__(
        self,
        store: Store,
        tail: LogTail,
        accounts: AccountDirectory,
        channels: Mapping[str, Channel],
        *,
        leading: asyncio.Event,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._channels = channels
        self._leading = leading
        self._bell = Bell(
            "reading",
            tail,
            of=(ev.MessageReceived, ev.AttentionReplayed),
            wanted=_brings_work,
        )
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._resting: dict[str, _Rest] = {}
        self._began = self._rests_until = 0.0  # the last batch, and whoever delivers goes first

    @property
    def missing(self) -> int:
        """How many mails wait because their bytes aren't within this node's reach, as it knows."""
        return sum(rest.missing is not None for rest in self._resting.values())

    async def run(self) -> None:
        """Until cancelled."""
        async with self._bell.listening():
            try:
                while True:
                    if not self._leading.is_set():
                        self._resting.clear()  # another node reads, perhaps with better luck
                    await self._leading.wait()
                    try:
                        await self._begin()
                    except Unavailable as error:
                        log.warning("reading.waits", reason=str(error))
                    rests = self._rests_until > asyncio.get_running_loop().time()
                    await self._bell.pause(SOON if rests else LOOK_EVERY)
            finally:
                for task in self._under_way.values():
                    task.cancel()
                await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _begin(self) -> None:
        """Have read what is there, but for what is under way or rests after a failure."""
        now = asyncio.get_running_loop().time()
        if self._store.flooded() and (self._under_way or now < self._rests_until):
            return
        if len(self._under_way) > FEW:
            return  # rung again when they are fewer
        self._began = now
        limit = BATCH + len(self._under_way) + len(self._resting)
        rows = await self._store.read(lambda reading: reading.pending(limit))
        for row in rows:
            if row.message_id in self._under_way:
                continue
            rest = self._resting.get(row.message_id, _FRESH)
            if rest.until > now:
                continue
            task = asyncio.create_task(self._one(row, rest), name=f"read-{row.message_id}")
            self._under_way[row.message_id] = task
            task.add_done_callback(partial(self._ended, row, rest))

    def _ended(self, row: PendingRow, rest: _Rest, task: asyncio.Task[None]) -> None:
        self._under_way.pop(row.message_id, None)
        self._resting.pop(row.message_id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._resting[row.message_id] = self._rest(row, rest, error)
        if not self._under_way and self._store.flooded():
            now = asyncio.get_running_loop().time()
            self._rests_until = now + rest_after(now - self._began)
        if len(self._under_way) in (FEW, 0):
            self._bell.ring()

    def _rest(self, row: PendingRow, rest: _Rest, error: BaseException) -> _Rest:
        """Whatever can't be had at the moment says nothing about the message."""
        now = asyncio.get_running_loop().time()
        if isinstance(error, Unavailable) and error.code == CONTENT_MISSING:
            if rest.missing is None:
                log.error(
                    "reading.content_missing",
                    message_id=row.message_id,
                    reason=str(error),
                    mend="all nodes share one content folder; the mail is read as soon as its file"
                    " is there",
                )
            wait = WAITS[min(rest.misses, len(WAITS) - 1)]
            since = now if rest.missing is None else rest.missing
            return replace(rest, misses=rest.misses + 1, missing=since, until=now + wait)
        log.error("reading.unrecorded", message_id=row.message_id, exc_info=error)
        wait = WAITS[min(rest.failures, len(WAITS) - 1)]
        failures = rest.failures + (not isinstance(error, Unavailable))
        return replace(rest, failures=failures, until=now + wait)

    async def _one(self, row: PendingRow, rest: _Rest) -> None:
        async with self._slots:
            if rest.failures >= UNFORESEEN:
                broken = Rejected(
                    "reading it broke off again and again; the hub's log says why", code="broke_off"
                )
                await self._store.run(partial(_unreadable, row, broken))
                return
            raws = await self._raws(row, rest)
            if raws is None:
                gone = Rejected("for a day its bytes were out of reach", code=CONTENT_MISSING)
                await self._store.run(partial(_unreadable, row, gone))
                return
            channel = self._channels.get(row.channel)
            try:
                if channel is None:
                    raise Rejected(f"channel {row.channel} is not there", code="no_channel")
                if row.raw_content not in raws:
                    raise Rejected("the bytes were erased", code="erased")
                raw, envelope = raws[row.raw_content]
                account = self._accounts.by_id(row.account_id)
                message = content.storable(await channel.parse(raw, account, envelope))
            except Rejected as error:
                await self._store.run(partial(_unreadable, row, error))
                return
            await record(self._store, row, message)

    async def _raws(self, row: PendingRow, rest: _Rest) -> Mapping[str, Raw] | None:
        """None where its file has been missing for too long; sooner that raises Unavailable."""
        try:
            raws = await self._store.read(lambda reading: reading.raws([row.raw_content]))
        except Unavailable as error:
            waited = rest.missing is not None and (
                asyncio.get_running_loop().time() - rest.missing >= GIVE_UP_AFTER
            )
            if error.code == CONTENT_MISSING and waited:
                return None
            raise
        if rest.missing is not None:
            log.info("reading.content_arrived", message_id=row.message_id)
        return raws


async def record(store: Store, row: PendingRow, message: InboundMessage) -> None:
    """Keep what was read of a delivery, its large parts before everyone's transaction."""
    async with store.prepared(lambda shelf: content.keep(shelf, message)) as parsed:
        await store.run(partial(_read, row, message.proof, parsed))


def _brings_work(item: Recorded) -> bool:
    fact = item.fact
    return (
        isinstance(fact, ev.MessageReceived | ev.AttentionReplayed)
        and fact.channel not in INLINE_CHANNELS
    )


def _unreadable(row: PendingRow, error: Rejected, work: Work) -> None:
    if not work.is_pending(row.message_id):
        return  # another node was faster while the lead changed hands
    work.append(unparseable(work, row, error), actor=ACTOR)


def _read(row: PendingRow, proof: str, parsed: Prepared[str], work: Work) -> None:
    if not work.is_pending(row.message_id):
        return  # another node was faster while the lead changed hands
    work.append(
        ev.MessageParsed(
            message_id=row.message_id,
            channel=row.channel,
            account_id=row.account_id,
            raw_content=row.raw_content,
            parsed_content=work.place(parsed),
            proof=proof,
        ),
        actor=ACTOR,
    )

"""Has what was accepted read by its channel, under guard, and records what came of it.

Runs beside the leader, several at a time: one mail that takes its full five seconds holds up
nobody else. What can't be read is kept, shown under "needs attention", and can be read again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog

from router.resolve import content
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Rejected, Unavailable
from triggerhub.domain.model.message import INLINE_CHANNELS, InboundMessage
from triggerhub.domain.ports import AccountDirectory, Channel, LogTail
from triggerhub.domain.work import PendingRow, Store, Work

log = structlog.get_logger(__name__)

ACTOR = "system:reading"
AT_ONCE = 4
LOOK_EVERY = 5.0
BATCH = 64
MAX_REASON = 500


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
        self._tail = tail
        self._accounts = accounts
        self._channels = channels
        self._leading = leading
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        listen = asyncio.create_task(self._listen(), name="reading-listen")
        try:
            while True:
                await self._leading.wait()
                try:
                    rows = await self._store.read(
                        lambda reading: reading.pending(BATCH + len(self._under_way))
                    )
                except Unavailable as error:
                    log.warning("reading.waits", reason=str(error))
                    rows = []
                for row in rows:
                    if row.message_id not in self._under_way:
                        task = asyncio.create_task(self._one(row), name=f"read-{row.message_id}")
                        self._under_way[row.message_id] = task
                        task.add_done_callback(partial(self._ended, row))
                await self._pause()
        finally:
            listen.cancel()
            for task in self._under_way.values():
                task.cancel()
            await asyncio.gather(listen, *self._under_way.values(), return_exceptions=True)

    async def _listen(self) -> None:
        async for batch in self._tail.subscribe():
            for item in batch:
                if (
                    isinstance(item.fact, ev.MessageReceived | ev.AttentionReplayed)
                    and item.fact.channel not in INLINE_CHANNELS
                ):
                    self._wake.set()
                    break

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _ended(self, row: PendingRow, task: asyncio.Task[None]) -> None:
        self._under_way.pop(row.message_id, None)
        if not self._under_way:
            self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("reading.unrecorded", message_id=row.message_id, exc_info=error)

    async def _one(self, row: PendingRow) -> None:
        async with self._slots:
            raw, envelope = await self._store.read(
                lambda reading: (
                    reading.body(row.raw_content),
                    reading.envelopes([row.raw_content]).get(row.raw_content, {}),
                )
            )
            channel = self._channels.get(row.channel)
            try:
                if channel is None:
                    raise Rejected(f"channel {row.channel} is not there", code="no_channel")
                if raw is None:
                    raise Rejected("the bytes were erased", code="erased")
                account = self._accounts.by_id(row.account_id)
                message = await channel.parse(raw, account, envelope)
            except Rejected as error:
                await self._store.run(partial(_unreadable, row, str(error)))
                return
            await self._store.run(partial(_read, row, message))


def _unreadable(row: PendingRow, reason: str, work: Work) -> None:
    if not work.is_pending(row.message_id):
        return  # another node was faster while the lead changed hands
    work.append(
        ev.MessageUnparseable(
            message_id=row.message_id,
            channel=row.channel,
            account_id=row.account_id,
            raw_content=row.raw_content,
            attention_id=work.new_id("at"),
            reason=reason[:MAX_REASON],
        ),
        actor=ACTOR,
    )


def _read(row: PendingRow, message: InboundMessage, work: Work) -> None:
    if not work.is_pending(row.message_id):
        return  # another node was faster while the lead changed hands
    work.append(
        ev.MessageParsed(
            message_id=row.message_id,
            channel=row.channel,
            account_id=row.account_id,
            raw_content=row.raw_content,
            parsed_content=content.keep(work, message),
            proof=message.proof,
        ),
        actor=ACTOR,
    )

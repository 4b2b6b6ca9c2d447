"""Sends what is queued: `sending` commits before the attempt, its end after it.

After a crash an attempt without an end is `unknown`: the provider is asked where it can be, and a
person is told; nothing is silently sent again. Runs on the node that leads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
import structlog

from triggerhub.domain import events as ev
from triggerhub.domain.clock import Clock
from triggerhub.domain.errors import Ambiguous, HubError, Rejected, Unavailable
from triggerhub.domain.events import Fact
from triggerhub.domain.model.delivery import TRANSITIONS, advances
from triggerhub.domain.model.message import (
    Account,
    Address,
    Attachment,
    OutboundMessage,
    SendOutcome,
)
from triggerhub.domain.ports import AccountDirectory, Channel, LogTail
from triggerhub.domain.work import OutboxRow, Reading, Store, Work

log = structlog.get_logger(__name__)

ACTOR = "system:delivery"
AT_ONCE = 16  # attempts under way at a time
ATTEMPT_TIMEOUT = 60.0  # seconds; longer is an attempt of unknown end
LOOK_EVERY = 5.0  # seconds between looks when nothing wakes us
WAITS = tuple(timedelta(seconds=s) for s in (10, 30, 120, 600, 1800, 3600, 7200, 14400))
GIVE_UP_AFTER = timedelta(hours=24)
MAX_REASON = 500
Json = dict[str, Any]


class Outbox:
    """`leading` is set while this node may send."""

    def __init__(
        self,
        store: Store,
        tail: LogTail,
        accounts: AccountDirectory,
        channels: Mapping[str, Channel],
        *,
        clock: Clock,
        leading: asyncio.Event,
    ) -> None:
        self._store = store
        self._tail = tail
        self._accounts = accounts
        self._channels = channels
        self._clock = clock
        self._leading = leading
        self._wake = asyncio.Event()
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled; attempts under way are then waited for by `drain`."""
        listen = asyncio.create_task(self._listen(), name="outbox-listen")
        reconciled = False
        try:
            while True:
                if not self._leading.is_set():
                    reconciled = False  # whoever led meanwhile may have left attempts behind
                await self._leading.wait()
                try:
                    if not reconciled:
                        await self._reconcile()
                        reconciled = True
                    await self._send_due()
                    pause = await self._until_due()
                except Unavailable as error:
                    log.warning("outbox.waits", reason=str(error))
                    pause = error.retry_after.total_seconds()
                await self._pause(pause)
        finally:
            listen.cancel()
            await asyncio.gather(listen, return_exceptions=True)

    async def drain(self) -> None:
        """Wait for the attempts under way."""
        if self._under_way:
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _listen(self) -> None:
        async for batch in self._tail.subscribe():
            if any(isinstance(r.fact, ev.MessageQueued | ev.MessageDeferred) for r in batch):
                self._wake.set()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _until_due(self) -> float:
        if len(self._under_way) >= AT_ONCE:
            return LOOK_EVERY
        due = await self._store.read(lambda reading: reading.next_due())
        if due is None:
            return LOOK_EVERY
        return min(LOOK_EVERY, (due - self._clock.now()).total_seconds())

    async def _send_due(self) -> None:
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return

        def claim(work: Work) -> list[tuple[OutboxRow, OutboundMessage | None]]:
            claimed = []
            for row in work.outbox_due(work.now, room):
                attempt = row.attempt + 1
                work.append(
                    ev.MessageSending(message_id=row.message_id, attempt=attempt), actor=ACTOR
                )
                claimed.append((row, load(work, row, attempt)))
            return claimed

        now = self._clock.now()
        if not await self._store.read(lambda reading: bool(reading.outbox_due(now, 1))):
            return
        for row, message in await self._store.run(claim):
            task = asyncio.create_task(self._attempt(row, message), name=f"send-{row.message_id}")
            self._under_way[row.message_id] = task
            task.add_done_callback(partial(self._ended, row.message_id))

    def _ended(self, message_id: str, task: asyncio.Task[None]) -> None:
        self._under_way.pop(message_id, None)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # The attempt stays `sending` and becomes `unknown` at the next start: never resent.
            log.error("outbox.unrecorded", message_id=message_id, exc_info=error)

    async def _attempt(self, row: OutboxRow, message: OutboundMessage | None) -> None:
        channel = self._channels.get(row.channel)
        account = self._accounts.by_id(row.account_id)
        try:
            if message is None:
                raise Rejected("its words were erased", code="erased")
            if channel is None or account is None:
                raise Rejected("this account is not there any more", code="no_account")
            async with asyncio.timeout(ATTEMPT_TIMEOUT):
                outcome = await channel.send(message, account)
        except (HubError, TimeoutError) as error:
            await self._record_failure(row, error)
            return
        await self._record_sent(row, outcome)

    async def _record_sent(self, row: OutboxRow, outcome: SendOutcome) -> None:
        def record(work: Work) -> None:
            content_id = work.put_json("reference", {"reference": outcome.reference})
            work.append(
                ev.MessageSent(message_id=row.message_id, reference_content=content_id),
                actor=ACTOR,
            )
            current = work.outbox(row.message_id)
            if (
                outcome.state == "delivered"
                and current is not None
                and advances(current.state, "delivered")
            ):
                work.append(ev.MessageDelivered(message_id=row.message_id), actor=ACTOR)

        await self._store.run(record)

    async def _record_failure(self, row: OutboxRow, error: HubError | TimeoutError) -> None:
        now = self._clock.now()
        log.warning("outbox.not_sent", message_id=row.message_id, reason=str(error))

        def record(work: Work) -> None:
            fact: Fact
            reason = (str(error) or "no answer in time")[:MAX_REASON]
            if isinstance(error, Unavailable) and now - row.queued_at < GIVE_UP_AFTER:
                wait = max(WAITS[min(row.attempt, len(WAITS) - 1)], error.retry_after)
                fact = ev.MessageDeferred(
                    message_id=row.message_id,
                    attempt=row.attempt + 1,
                    reason=reason,
                    next_at=work.now + wait,
                )
            elif isinstance(error, Ambiguous | TimeoutError):
                fact = ev.MessageUnknown(
                    message_id=row.message_id, reason=reason, attention_id=work.new_id("at")
                )
            elif isinstance(error, HubError):
                fact = ev.MessageFailed(
                    message_id=row.message_id,
                    code=error.code,
                    reason=reason,
                    attention_id=work.new_id("at"),
                )
            current = work.outbox(row.message_id)
            # The provider may have reported on it meanwhile; its word stands.
            if current is not None and (current.state, type(fact)) in TRANSITIONS:
                work.append(fact, actor=ACTOR)

        await self._store.run(record)

    async def _reconcile(self) -> None:
        """Attempts that a crash left without an end: ask the provider, else say so."""
        rows = await self._store.read(lambda reading: reading.outbox_in("sending", 1000))
        for row in rows:
            if row.message_id in self._under_way:
                continue
            message = await self._store.read(partial(_load_again, row))
            outcome = await self._found(row, message)
            if outcome is not None:
                await self._record_sent(row, outcome)
            else:
                await self._record_failure(
                    row, Ambiguous("the hub stopped while this was being sent")
                )

    async def _found(self, row: OutboxRow, message: OutboundMessage | None) -> SendOutcome | None:
        channel, account = self._channels.get(row.channel), self._account(row)
        if channel is None or account is None or message is None:
            return None
        try:
            async with asyncio.timeout(ATTEMPT_TIMEOUT):
                return await channel.find_sent(message, account)
        except (HubError, TimeoutError) as error:
            log.warning("outbox.not_reconciled", message_id=row.message_id, reason=str(error))
            return None

    def _account(self, row: OutboxRow) -> Account | None:
        return self._accounts.by_id(row.account_id)


def _load_again(row: OutboxRow, reading: Reading) -> OutboundMessage | None:
    return load(reading, row, row.attempt)


def load(reading: Reading, row: OutboxRow, attempt: int) -> OutboundMessage | None:
    """What an attempt needs; None where the words were erased."""
    body = reading.body(row.content)
    if body is None:
        return None
    content: Json = orjson.loads(body)
    conversation = reading.conversations([row.conversation_id])[0]
    references = reading.thread_of(row.conversation_id) if row.channel == "email" else []
    attachments = [
        Attachment(
            filename=part["filename"],
            content_type=part["content_type"],
            size=part["size"],
            data=reading.body(part["id"]),
        )
        for part in content.get("attachments", [])
    ]
    return OutboundMessage(
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        to=Address(kind=content["to_kind"], address=content["to"], name=content["to_name"]),
        subject=content["subject"],
        text=content["text"],
        author_name=content["author_name"],
        reply_token=conversation.reply_token,
        created_at=row.queued_at,
        attempt=attempt,
        sender=content["from"],
        in_reply_to=content.get("answers") or None,
        references=tuple(references),
        attachments=tuple(attachments),
    )

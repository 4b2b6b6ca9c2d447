"""Sends what is queued: `sending` commits before the attempt, its end after it.

After a crash an attempt without an end is `unknown`: the provider is asked where it can be, and a
person is told; nothing is silently sent again. Runs on the node that leads.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
import structlog

from router import consent
from router.bell import Bell
from triggerhub.domain import events as ev
from triggerhub.domain.clock import Clock
from triggerhub.domain.errors import Ambiguous, HubError, OptedOut, Rejected, Unavailable
from triggerhub.domain.events import Fact
from triggerhub.domain.masking import masked
from triggerhub.domain.model.delivery import TRANSITIONS, advances
from triggerhub.domain.model.message import (
    Address,
    Attachment,
    OutboundMessage,
    SendOutcome,
)
from triggerhub.domain.ports import AccountDirectory, Channel, LogTail
from triggerhub.domain.rows import OutboxRow
from triggerhub.domain.work import Reading, Store, Work

log = structlog.get_logger(__name__)

ACTOR = "system:delivery"
AT_ONCE = 16  # attempts under way at a time
# Of one channel: no more than it begins at once, for what waits within the channel would be of
# unknown end after a crash, though nothing of it has gone out. And a relay that hangs leaves room.
AT_ONCE_EACH = 8
LOOK_AT = 64  # due messages that are looked at for those whose channel has room
# Each channel keeps its own deadlines, for it alone knows whether anything went out when they
# pass. This one, in seconds, is only for a channel that has lost itself.
LOST_AFTER = 900.0
ASK_TIMEOUT = 60.0  # seconds, for asking a provider what became of an attempt
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
        self._accounts = accounts
        self._channels = channels
        self._clock = clock
        self._leading = leading
        self._bell = Bell("outbox", tail, of=(ev.MessageQueued, ev.MessageDeferred))
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._channel_of: dict[str, str] = {}  # of what is under way
        self._reconciled = False  # whether nothing is known to be `sending` without an attempt
        self._claiming = asyncio.Lock()
        self._finishing = False

    async def run(self) -> None:
        """Until cancelled; attempts under way are then waited for by `drain`."""
        self._reconciled = False
        async with self._bell.listening():
            while True:
                if not self._leading.is_set():
                    self._reconciled = False  # whoever led meanwhile may have left attempts behind
                await self._leading.wait()
                try:
                    if not self._reconciled:
                        self._reconciled = True  # unless an attempt is lost meanwhile
                        await self._reconcile()
                    held_back = await self._send_due()
                    pause = LOOK_EVERY if held_back else await self._until_due()
                except Unavailable as error:
                    self._reconciled = False
                    log.warning("outbox.waits", reason=str(error))
                    pause = error.retry_after.total_seconds()
                await self._bell.pause(pause)

    async def finish(self) -> None:
        """Begin nothing more, and wait for the attempts under way."""
        self._finishing = True
        async with self._claiming:  # what is just being begun counts as under way
            pass
        await self.drain()

    async def drain(self) -> None:
        """Wait for the attempts under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def close(self) -> None:
        """Break off what is still under way; it is `unknown` after the next start."""
        self._finishing = True
        for task in self._under_way.values():
            task.cancel()
        await self.drain()

    async def _until_due(self) -> float:
        due = await self._store.read(lambda reading: reading.next_due())
        if due is None:
            return LOOK_EVERY
        return min(LOOK_EVERY, (due - self._clock.now()).total_seconds())

    async def _send_due(self) -> bool:
        """Begin what is due and has room; whether something has to wait for room."""
        now = self._clock.now()
        if not await self._store.read(lambda reading: bool(reading.outbox_due(now, 1))):
            return False
        async with self._claiming:
            if self._finishing or len(self._under_way) >= AT_ONCE:
                return True
            return await self._begin_due()

    async def _begin_due(self) -> bool:
        under_way = Counter(self._channel_of.values())

        def claim(work: Work) -> tuple[list[OutboxRow], bool]:
            claimed: list[OutboxRow] = []
            busy = under_way.copy()
            due = work.outbox_due(work.now, LOOK_AT)
            for row in due:
                if busy.total() >= AT_ONCE:
                    break
                if busy[row.channel] >= AT_ONCE_EACH:
                    continue
                busy[row.channel] += 1
                work.append(
                    ev.MessageSending(message_id=row.message_id, attempt=row.attempt + 1),
                    actor=ACTOR,
                )
                claimed.append(row)
            return claimed, len(claimed) < len(due)

        claimed, held_back = await self._store.run(claim)
        for row in claimed:
            task = asyncio.create_task(self._attempt(row), name=f"send-{row.message_id}")
            self._under_way[row.message_id] = task
            self._channel_of[row.message_id] = row.channel
            task.add_done_callback(partial(self._ended, row.message_id))
        return held_back

    def _ended(self, message_id: str, task: asyncio.Task[None]) -> None:
        self._under_way.pop(message_id, None)
        self._channel_of.pop(message_id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # It is still `sending`: the next look asks the provider, else it is `unknown`.
            log.error("outbox.unrecorded", message_id=message_id, exc_info=error)
            self._reconciled = False
        self._bell.ring()

    async def _attempt(self, row: OutboxRow) -> None:
        channel = self._channels.get(row.channel)
        account = self._accounts.by_id(row.account_id)
        try:
            message = await self._loaded(row, row.attempt + 1)
            if message is None:
                raise Rejected("its words were erased", code="erased")
            if channel is None or account is None:
                raise Rejected("this account is not there any more", code="no_account")
            async with asyncio.timeout(LOST_AFTER):
                outcome = await channel.send(message, account)
        except (HubError, TimeoutError) as error:
            await self._recorded(partial(self._record_failure, row, error))
            return
        await self._recorded(partial(self._record_sent, row, outcome))

    async def _loaded(self, row: OutboxRow, attempt: int) -> OutboundMessage | None:
        try:
            return await self._store.read(lambda reading: load(reading, row, attempt))
        except HubError:
            raise
        except Exception as error:
            log.exception("outbox.unreadable", message_id=row.message_id)
            raise Rejected("what was to be sent can't be read", code="unreadable") from error

    async def _recorded(self, record: Callable[[], Awaitable[None]]) -> None:
        """What became of an attempt is known here alone: it is kept until the database takes it."""
        while True:
            try:
                await record()
                return
            except Unavailable as error:
                if error.code == "stopping":
                    raise
                log.warning("outbox.record_waits", reason=str(error))
                await asyncio.sleep(error.retry_after.total_seconds())

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
        told = masked(str(error) or "no answer in time")[:MAX_REASON]
        log.warning("outbox.not_sent", message_id=row.message_id, reason=told)

        def record(work: Work) -> None:
            fact: Fact
            if isinstance(error, Unavailable) and now - row.queued_at < GIVE_UP_AFTER:
                wait = max(WAITS[min(row.attempt, len(WAITS) - 1)], error.retry_after)
                fact = ev.MessageDeferred(
                    message_id=row.message_id,
                    attempt=row.attempt + 1,
                    reason=told,
                    next_at=work.now + wait,
                )
            elif isinstance(error, Ambiguous | TimeoutError):
                fact = ev.MessageUnknown(
                    message_id=row.message_id, reason=told, attention_id=work.new_id("at")
                )
            elif isinstance(error, HubError):
                fact = ev.MessageFailed(
                    message_id=row.message_id,
                    code=error.code,
                    reason=told,
                    attention_id=work.new_id("at"),
                    interaction_id=row.interaction_id,
                )
            current = work.outbox(row.message_id)
            # The provider may have reported on it meanwhile; its word stands.
            if current is not None and (current.state, type(fact)) in TRANSITIONS:
                work.append(fact, actor=ACTOR)
            if isinstance(error, OptedOut):
                work.append(*consent.refused(work, row), actor=ACTOR)

        await self._store.run(record)

    async def _reconcile(self) -> None:
        """Attempts that were left without an end: ask the provider, else say so."""
        busy = frozenset(self._under_way)
        rows = await self._store.read(lambda reading: reading.outbox_in("sending", 1000))
        for row in rows:
            if row.message_id in busy:
                continue
            outcome = await self._found(row)
            if outcome is not None:
                await self._record_sent(row, outcome)
            else:
                await self._record_failure(
                    row, Ambiguous("the hub broke off while this was being sent")
                )

    async def _found(self, row: OutboxRow) -> SendOutcome | None:
        channel, account = self._channels.get(row.channel), self._accounts.by_id(row.account_id)
        try:
            message = await self._loaded(row, row.attempt)
            if channel is None or account is None or message is None:
                return None
            async with asyncio.timeout(ASK_TIMEOUT):
                return await channel.find_sent(message, account)
        except (HubError, TimeoutError) as error:
            log.warning("outbox.not_reconciled", message_id=row.message_id, reason=str(error))
            return None
        except Exception:
            # A channel that breaks off in a way nobody foresaw must not hold up all others.
            log.exception("outbox.not_reconciled", message_id=row.message_id)
            return None


def load(reading: Reading, row: OutboxRow, attempt: int) -> OutboundMessage | None:
    """What an attempt needs; None where the words were erased.

    Raises Unavailable where a file of it can't be read: then it waits, as for a relay.
    """
    body = reading.body(row.content)
    if body is None:
        return None
    content: Json = orjson.loads(body)
    conversation = reading.conversations([row.conversation_id])[0]
    references = content.get("references", [])
    if row.channel == "email" and not content.get("answers"):
        references = reading.thread_of(row.conversation_id)  # our own, where nothing is answered
    attachments = []
    for part in content.get("attachments", []):
        data = reading.body(part["id"])
        if data is None:
            return None
        attachments.append(
            Attachment(
                filename=part["filename"],
                content_type=part["content_type"],
                size=part["size"],
                data=data,
            )
        )
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

"""Fetches what customers sent and the provider still has, in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import structlog

from router.bell import Bell
from router.reasons import because
from triggerhub.domain import events as ev
from triggerhub.domain.clock import Clock
from triggerhub.domain.errors import Rejected, Unavailable
from triggerhub.domain.events import Fact
from triggerhub.domain.model.message import Fetched
from triggerhub.domain.ports import AccountDirectory, LogTail, MediaSource
from triggerhub.domain.rows import FetchRow
from triggerhub.domain.work import Prepared, Store, Work

log = structlog.get_logger(__name__)

ACTOR = "system:media"
AT_ONCE = 4
LOOK_EVERY = 5.0
TOGETHER = 0.2  # seconds; few messages bring media, so not each is worth a look of its own
WAITS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 3600))
GIVE_UP_AFTER = timedelta(hours=24)


class Fetcher:
    """`leading` is set while this node may fetch for the log. `sources` by channel."""

    def __init__(
        self,
        store: Store,
        tail: LogTail,
        accounts: AccountDirectory,
        sources: Mapping[str, MediaSource],
        *,
        clock: Clock,
        leading: asyncio.Event,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._sources = sources
        self._clock = clock
        self._leading = leading
        self._bell = Bell("media", tail, of=(ev.MessageResolved,))

    async def run(self) -> None:
        """Until cancelled."""
        async with self._bell.listening():
            while True:
                await self._leading.wait()
                try:
                    again = await self.step()
                except Unavailable as error:
                    log.warning("media.waits", reason=str(error))
                    again = False
                if not again:
                    await self._bell.pause(LOOK_EVERY)
                    await asyncio.sleep(TOGETHER)

    async def step(self) -> bool:
        """Fetch what is due; whether there was anything."""
        now = self._clock.now()
        rows = await self._store.read(lambda reading: reading.fetches_due(now, AT_ONCE))
        ends = await asyncio.gather(*map(self._one, rows), return_exceptions=True)
        for error in ends:
            if error is not None:
                raise error
        return bool(rows)

    async def _one(self, row: FetchRow) -> None:
        source, account = self._sources.get(row.channel), self._accounts.by_id(row.account_id)
        missed: Rejected | Unavailable
        try:
            if source is None or account is None:
                raise Rejected("this account is not there any more", code="no_account")
            fetched = await source.fetch(row.url, account)
            async with self._store.prepared(
                lambda shelf: shelf.put("attachment", fetched.data, media_type=fetched.content_type)
            ) as kept:
                await self._store.run(partial(_keep, row, fetched, kept))
            return
        except (Rejected, Unavailable) as error:
            missed = error
        except Exception as error:
            # One part that fails in a way nobody foresaw must not hold up all others.
            log.exception("media.stumbled", message_id=row.message_id)
            missed = Unavailable(
                f"fetching it broke off ({type(error).__name__})", code="broke_off"
            )
        await self._store.run(partial(_missed, row, missed))


def _keep(row: FetchRow, fetched: Fetched, kept: Prepared[str], work: Work) -> None:
    work.append(
        ev.AttachmentFetched(
            message_id=row.message_id,
            position=row.position,
            content=work.place(kept),
            content_type=fetched.content_type,
            size=len(fetched.data),
        ),
        actor=ACTOR,
    )


def _missed(row: FetchRow, error: Rejected | Unavailable, work: Work) -> None:
    reason = because(error)
    fact: Fact
    if isinstance(error, Unavailable) and work.now - row.created_at < GIVE_UP_AFTER:
        wait = max(WAITS[min(row.attempts, len(WAITS) - 1)], error.retry_after)
        fact = ev.AttachmentDeferred(
            message_id=row.message_id,
            position=row.position,
            reason=reason,
            next_at=work.now + wait,
        )
    else:
        fact = ev.AttachmentLost(message_id=row.message_id, position=row.position, reason=reason)
    work.append(fact, actor=ACTOR)

"""The live feed of one process: follows the log's tail and keeps every open console up to date.

Owns joining (snapshot or resume, without gap or double), the order of work, and the end. What an
event changes is known by `touched`, who sees it by `audience`, how it is sent by `fanout`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from agent_console.live.audience import Audience
from agent_console.live.catch_up import MAX_GAP, Waiting, gap, missed
from agent_console.live.fanout import Fanout
from agent_console.live.frames import by_seq, card_frame, entry_frame, frame
from agent_console.live.lists import Lists
from agent_console.live.messages import MAX_WATCHED
from agent_console.live.milestones import Milestones
from agent_console.live.scope import reads_customer, trimmed
from agent_console.live.viewer import Viewer
from agent_console.wire import encode
from triggerhub.domain.clock import Clock
from triggerhub.domain.errors import Conflict, NotFound, Unavailable
from triggerhub.domain.events import Recorded
from triggerhub.domain.permissions import Actor
from triggerhub.domain.ports import Json, LogTail, Views

log = structlog.get_logger(__name__)

_JOINS_AT_ONCE = 4
AT_ONCE = 64  # events: of many at once the first are shown while others are still decided
_REFRESH_LISTS = 60.0  # seconds; "today" ends without an event


class LiveHub:
    """`epoch` names this log: a console that comes back with another one starts anew."""

    def __init__(
        self,
        views: Views,
        tail: LogTail,
        clock: Clock,
        *,
        epoch: str,
        lists_every: timedelta = timedelta(seconds=1),
        max_gap: int = MAX_GAP,
    ) -> None:
        self._views = views
        self._tail = tail
        self._clock = clock
        self._epoch = epoch
        self._lists_every = lists_every.total_seconds()
        self._max_gap = max_gap
        self._audience = Audience()
        self._fanout = Fanout(views, self._audience)
        self._lists = Lists(views, self._audience)
        self._lists_due = asyncio.Event()
        self._joins = asyncio.Semaphore(_JOINS_AT_ONCE)
        self._pending: list[Recorded] = []
        self._arrived = asyncio.Event()
        self._heard = Milestones()
        self._sent = Milestones()
        self._empty = asyncio.Event()
        self._empty.set()
        self._draining = False

    @property
    def seq(self) -> int:
        """Up to here all frames are in the viewers' buffers."""
        return self._sent.reached

    @property
    def viewers(self) -> int:
        return len(self._audience.viewers)

    async def run(self) -> None:
        """Follow the log until cancelled. To be supervised; may be run again after a fault."""
        head = await self._views.head()
        self._pending.clear()
        # Whoever joined before, or saw the last run fail, may have missed something.
        self._resume_all()
        self._heard.reach(head)
        self._sent.reach(head)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(head), name="feed.listen")
            group.create_task(self._work(), name="feed.work")
            group.create_task(self._send_lists(), name="feed.lists")

    async def drain(self, seconds: float = 5.0) -> None:
        """Say goodbye to every console and end what waits; returns when the last one is gone."""
        self._draining = True
        self._heard.close()
        self._sent.close()
        for number, viewer in enumerate(list(self._audience.viewers)):
            # Spread, so that they don't all come back at the same moment.
            viewer.say_bye("shutdown", 500 + number * 20 % 2_000)
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            log.warning("feed.drain.incomplete", consoles=self.viewers)

    # --- for the API and the sockets ----------------------------------------------------------

    async def wait_beyond(self, seq: int, seconds: float) -> None:
        await self._heard.wait(seq + 1, seconds)

    def when_sent(self, seq: int, seconds: float, tell: Callable[[], None]) -> None:
        """`tell` once the frames of everything up to `seq` are in the buffers, or time is over."""
        self._sent.call(seq, seconds, tell)

    async def join(
        self, viewer: Viewer, after: int | None, epoch: str | None, watch: Sequence[str] = ()
    ) -> None:
        """Begin (or begin again) to keep this console up to date.

        `watch`: the customers that it watched before. Who is out of reach by now is left out.

        It is in the index before its snapshot is read; what comes meanwhile waits in its buffer,
        and what the snapshot holds already is dropped. Raises Unavailable.
        """
        if self._draining:
            viewer.say_bye("shutdown", 500)
            return
        self._audience.remove(viewer)
        for customer_id in watch[:MAX_WATCHED]:
            with suppress(NotFound):
                viewer.watching[customer_id] = (await self._reached(viewer, customer_id))[1]
        viewer.joining = True
        viewer.turn += 1
        turn = viewer.turn
        self._audience.add(viewer)
        self._empty.clear()
        async with self._joins:
            seq, snapshot = await self._snapshot(viewer)
            first: Waiting | None = None
            if after is not None and epoch == self._epoch and 0 <= seq - after <= self._max_gap:
                events = await gap(self._views, after, seq)
                first = await missed(self._views, viewer, events, seq, snapshot)
                if first is not None:
                    resumed = frame("resumed", {"epoch": self._epoch})
                    first.insert(0, ("resumed", after, resumed))
            if first is None:
                whole = snapshot | {"epoch": self._epoch, "now": self._clock.now()}
                first = [("snapshot", seq, frame("snapshot", whole))]
        if viewer not in self._audience.viewers or turn != viewer.turn or viewer.refresh.is_set():
            # Gone, or joining again by another way, with the rights of now.
            return
        self._audience.seed(viewer, seq, snapshot)
        viewer.begin(seq, first)
        self._audience.joining.discard(viewer)
        self._lists_due.set()

    async def _snapshot(self, viewer: Viewer) -> tuple[int, Json]:
        """With the rights that the viewer has as of the snapshot itself, not those of before."""
        while True:
            seq, found = await self._views.snapshot(viewer.actor)
            me = found["me"]
            actor = Actor(id=viewer.actor.id, role=me["role"], queue_ids=frozenset(me["queue_ids"]))
            if actor == viewer.actor or viewer not in self._audience.viewers:
                return seq, trimmed(viewer.actor, found)
            self._audience.remove(viewer)
            viewer.become(actor)
            self._audience.add(viewer)

    async def join_again(self, viewer: Viewer, actor: Actor) -> None:
        """The same console with the rights of now; what it may no longer watch is dropped."""
        self._audience.remove(viewer)
        viewer.become(actor)
        for customer_id in list(viewer.watching):
            if not await reads_customer(self._views, actor, customer_id):
                del viewer.watching[customer_id]
        await self.join(viewer, None, None)

    def leave(self, viewer: Viewer) -> None:
        self._audience.remove(viewer)
        if not self._audience.viewers:
            self._empty.set()

    async def watch(self, viewer: Viewer, customer_id: str) -> None:
        """Also push this customer's card and entries; raises NotFound if out of reach."""
        if customer_id not in viewer.watching and len(viewer.watching) >= MAX_WATCHED:
            raise Conflict(f"A console watches at most {MAX_WATCHED} customers.")
        if not await reads_customer(self._views, viewer.actor, customer_id):
            raise NotFound("There is no such customer, or they are not for you.")
        # In the index first: what changes while the card is read is then sent after it.
        self._audience.watch(viewer, customer_id, None)
        try:
            card, likely = await self._reached(viewer, customer_id)
        except NotFound:
            self._audience.unwatch(viewer, customer_id)
            raise
        if customer_id not in viewer.watching:
            return
        self._audience.watch(viewer, customer_id, likely)
        viewer.push(f"card:{customer_id}", self.seq, card_frame(customer_id, card))
        await self._send_gap(viewer, customer_id, likely)

    async def _reached(self, viewer: Viewer, customer_id: str) -> tuple[Json, str | None]:
        """The card, and whom they claim to be, as far as this viewer may see; else NotFound."""
        if not await reads_customer(self._views, viewer.actor, customer_id):
            raise NotFound("There is no such customer, or they are not for you.")
        card = (await self._views.rows({"cards": [customer_id]})).get("cards", {}).get(customer_id)
        if card is None:
            raise NotFound("There is no such customer, or they are not for you.")
        likely = card["likely"]["customer_id"] if card["likely"] else None
        if likely is not None and not await reads_customer(self._views, viewer.actor, likely):
            likely = None
        return card, likely

    def unwatch(self, viewer: Viewer, customer_id: str) -> None:
        self._audience.unwatch(viewer, customer_id)

    def of_agents(self, agent_ids: set[str]) -> set[Viewer]:
        return self._audience.of_agents(agent_ids)

    async def _send_gap(self, viewer: Viewer, customer_id: str, likely: str | None) -> None:
        """What changed in a watched timeline while this console was away."""
        wanted = [
            entry_id
            for entry_id, of in viewer.gap_entries.items()
            if of is None or of in (customer_id, likely)
        ]
        if not wanted:
            return
        rows = await self._views.rows({"entries": wanted})
        for row in sorted(rows.get("entries", {}).values(), key=by_seq):
            if row["customer_id"] in (customer_id, likely):
                beside = sorted({row["customer_id"], customer_id})
                viewer.push(f"entry:{row['id']}", self.seq, entry_frame(beside, encode(row)))

    # --- the three tasks ----------------------------------------------------------------------

    async def _listen(self, after: int) -> None:
        while True:
            try:
                async for batch in self._tail.subscribe(after):
                    after = batch[-1].seq
                    self._pending.extend(batch)
                    self._heard.reach(after)
                    self._arrived.set()
            except Unavailable as error:
                log.warning("feed.tail", error=str(error), after=after)
                await asyncio.sleep(min(1.0, error.retry_after.total_seconds()))
            else:
                # The tail was stopped: the hub goes down.
                return

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            # Above the gap nobody is told each of them.
            many = len(self._pending) if len(self._pending) > self._max_gap else AT_ONCE
            batch, self._pending = self._pending[:many], self._pending[many:]
            if self._pending:
                self._arrived.set()
            if not batch:
                continue
            if not await self._sent_batch(batch):
                self._pending = batch + self._pending
                self._arrived.set()
                await asyncio.sleep(0.25)

    async def _sent_batch(self, batch: list[Recorded]) -> bool:
        """False: to be tried again."""
        if self._audience.viewers:
            try:
                if len(batch) > self._max_gap:
                    self._resume_all()
                else:
                    keys = await self._fanout.send(batch)
                    if keys.lists:
                        self._lists_due.set()
            except Unavailable as error:
                log.warning("feed.rows", error=str(error))
                return False
            except Exception:
                # A bug must not leave consoles silently wrong: each comes back and catches up.
                log.exception("feed.failed", seq=batch[-1].seq)
                self._fanout.forget()
                self._resume_all()
        self._sent.reach(batch[-1].seq)
        return True

    def _resume_all(self) -> None:
        for viewer in self._audience.viewers:
            viewer.say_bye("slow", 250)

    async def _send_lists(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_REFRESH_LISTS):
                    await self._lists_due.wait()
            except TimeoutError:
                pass
            self._lists_due.clear()
            try:
                await self._lists.send(self.seq)
            except Unavailable as error:
                log.warning("feed.lists", error=str(error))
                self._lists_due.set()
            await asyncio.sleep(self._lists_every)

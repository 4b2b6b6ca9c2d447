"""The live feed of one process: follows the log's tail and keeps every open console up to date.

Owns joining (snapshot or resume, without gap or double), the order of work, and the end. What an
event changes is known by `touched`, who sees it by `audience`, how it is sent by `fanout`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from agent_console.live.audience import Audience
from agent_console.live.catch_up import MAX_GAP, Waiting, gap, missed
from agent_console.live.customer_list import CustomerList
from agent_console.live.fanout import Fanout
from agent_console.live.figures import Figures
from agent_console.live.frames import frame
from agent_console.live.hints import Hints
from agent_console.live.messages import MAX_WATCHED
from agent_console.live.milestones import Milestones
from agent_console.live.scope import trimmed
from agent_console.live.viewer import Viewer
from agent_console.live.watches import Watches
from triggerhub.domain.clock import Clock
from triggerhub.domain.errors import NotFound, Unavailable
from triggerhub.domain.events import Recorded
from triggerhub.domain.permissions import Actor
from triggerhub.domain.ports import Json, LogTail, Views

log = structlog.get_logger(__name__)

_JOINS_AT_ONCE = 4
AT_ONCE = 64  # events: of many at once the first are shown while others are still decided
_REFRESH_FIGURES = 60.0  # seconds; "today" ends without an event


class LiveHub:
    """`epoch` names this log: a console that comes back with another one starts anew. `every`: the
    time between two looks at the figures, and between two turns of those who list customers."""

    def __init__(
        self,
        views: Views,
        tail: LogTail,
        clock: Clock,
        *,
        epoch: str,
        every: timedelta = timedelta(seconds=1),
        max_gap: int = MAX_GAP,
    ) -> None:
        self._views = views
        self._tail = tail
        self._clock = clock
        self._epoch = epoch
        self._every = every.total_seconds()
        self._max_gap = max_gap
        self._audience = Audience()
        self._hints = Hints(self._audience)
        self._heard = Milestones()
        self._sent = Milestones()
        self.watches = Watches(views, self._audience, self._sent)
        self._fanout = Fanout(views, self._audience, self.watches)
        self._figures = Figures(views, self._audience)
        self._figures_due = asyncio.Event()
        self.customer_list = CustomerList(every=self._every)
        self._joins = asyncio.Semaphore(_JOINS_AT_ONCE)
        self._pending: list[Recorded] = []
        self._arrived = asyncio.Event()
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
            group.create_task(self._send_figures(), name="feed.figures")
            group.create_task(self.customer_list.run(), name="feed.customer_list")

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
        viewer.watching.clear()
        viewer.joining = True
        viewer.turn += 1
        turn = viewer.turn
        self._audience.add(viewer)
        self._empty.clear()
        await self.watches.watch_again(viewer, watch[:MAX_WATCHED])
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
        self._figures_due.set()

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
            await self.watches.watch_again(viewer, list(viewer.watching))

    async def join_again(self, viewer: Viewer, actor: Actor) -> None:
        """The same console with the rights of now; what it may no longer watch is dropped."""
        self._audience.remove(viewer)
        viewer.become(actor)
        await self.join(viewer, None, None, list(viewer.watching))

    def leave(self, viewer: Viewer) -> None:
        self._audience.remove(viewer)
        self.customer_list.show(viewer, shows=False)
        if not self._audience.viewers:
            self._empty.set()

    async def view(self, viewer: Viewer, conversation_id: str | None) -> None:
        """Raises NotFound for a conversation whose customer this console doesn't follow."""
        self._hints.gone(viewer)
        if conversation_id is None:
            return
        found = await self._views.conversation(conversation_id)
        if found is None or not self._audience.follows(viewer, found["customer_id"]):
            raise NotFound("There is no such conversation, or you don't follow its customer.")
        self._hints.viewing(viewer, conversation_id, found["customer_id"])

    def typing(self, viewer: Viewer, conversation_id: str, *, typing: bool) -> None:
        self._hints.typing(viewer, conversation_id, typing=typing)

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
                    self.customer_list.note(keys)
                    if keys.figures:
                        self._figures_due.set()
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

    async def _send_figures(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_REFRESH_FIGURES):
                    await self._figures_due.wait()
            except TimeoutError:
                pass
            self._figures_due.clear()
            try:
                await self._figures.send(self.seq)
            except Unavailable as error:
                log.warning("feed.figures", error=str(error))
                self._figures_due.set()
            await asyncio.sleep(self._every)

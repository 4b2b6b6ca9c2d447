"""The tail of the log on this node: committed events in order, without gap or repetition.

What this process commits is passed on directly. What others commit (another node, a command line
beside the server) is noticed through the stream's announcements or by looking at the head, and
read from the log: the database is the truth, the stream only a wake-up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from triggerhub.domain.errors import Unavailable
from triggerhub.domain.events import Fact, Recorded

log = structlog.get_logger(__name__)

READ_BATCH = 512
MAX_BACKLOG = 10_000  # events a slow subscriber may lag before it is told to start again
LOOK_EVERY = 0.5  # seconds between looks at the head

ReadAfter = Callable[[int, int], Awaitable[list[Recorded]]]
Types = frozenset[type[Fact]]


class Stream(Protocol):
    """Tells the other nodes how far the log reaches. Losing a message loses nothing."""

    async def start(self, heard: Callable[[int], None]) -> None: ...
    def announce(self, seq: int) -> None: ...
    async def stop(self) -> None: ...
    @property
    def healthy(self) -> bool: ...


class Subscriber:
    """One reader of the tail, with a bounded backlog.

    A batch without any `of` these types passes it by: to wake somebody costs more than to look.
    """

    def __init__(self, after: int, of: Types | None) -> None:
        self.after = after
        self._of = of
        self._batches: deque[Sequence[Recorded]] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self.overrun = False
        self.closed = False

    def offer(self, batch: Sequence[Recorded], types: set[type[Fact]]) -> None:
        if self._of is not None and self._of.isdisjoint(types):
            return
        if self.overrun or self._size + len(batch) > MAX_BACKLOG:
            self.overrun = True  # for good: a later batch would follow a gap
        else:
            self._batches.append(batch)
            self._size += len(batch)
        self._wake.set()

    def close(self) -> None:
        self.closed = True
        self._wake.set()

    async def next(self) -> Sequence[Recorded] | None:
        """The next batch; None once closed. Raises Unavailable after an overrun."""
        while True:
            while not self._batches:
                if self.closed:
                    return None
                if self.overrun:
                    raise Unavailable("this reader fell behind the log", code="overrun")
                self._wake.clear()
                await self._wake.wait()
            batch = self._batches.popleft()
            self._size -= len(batch)
            if batch[0].seq <= self.after:
                batch = [item for item in batch if item.seq > self.after]
            if batch:
                self.after = batch[-1].seq
                return batch


class Tail:
    """Fans the log out to this node's subscribers."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.last = 0
        self._subscribers: set[Subscriber] = set()
        self._read: ReadAfter | None = None
        self._behind = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, head: int, read: ReadAfter) -> None:
        self.last = head
        self._read = read
        self._task = asyncio.create_task(self._follow(), name="tail")
        await self.stream.start(self._heard)

    async def stop(self) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.stream.stop()

    def publish(self, recorded: Sequence[Recorded], first: int | None = None) -> None:
        """What this process has just committed.

        `first`: from that number on, nobody who follows here asks for what isn't among them.
        """
        whole = recorded[-1].seq - recorded[0].seq + 1 == len(recorded)
        if first == self.last + 1 or (whole and recorded[0].seq == self.last + 1):
            self._deliver(recorded)
        else:
            self._behind.set()
        self.stream.announce(recorded[-1].seq)

    def _heard(self, seq: int) -> None:
        if seq > self.last:
            self._behind.set()

    def _deliver(self, recorded: Sequence[Recorded]) -> None:
        self.last = recorded[-1].seq
        types = {type(item.fact) for item in recorded}
        for subscriber in self._subscribers:
            subscriber.offer(recorded, types)

    async def _follow(self) -> None:
        """Fill gaps: when somebody says so, and every half second by looking."""
        assert self._read is not None
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._behind.wait()
            except TimeoutError:
                pass
            self._behind.clear()
            try:
                found = await self._read(self.last, READ_BATCH)
                fresh = [item for item in found if item.seq > self.last]
                if fresh:
                    self._deliver(fresh)
                    self._behind.set()
            except (Unavailable, OSError) as error:
                log.warning("tail.unreadable", error=str(error))
            except Exception:
                # Nobody starts this task again, and everything on this node lives by it.
                log.exception("tail.stumbled", after=self.last)

    async def subscribe(
        self, after: int | None = None, *, of: Types | None = None
    ) -> AsyncIterator[Sequence[Recorded]]:
        """Batches with seq > `after` (None: from now on), until the tail stops.

        `of`: live batches without any of these types are passed over.
        """
        assert self._read is not None
        live_from = self.last
        at = live_from if after is None else after
        subscriber = Subscriber(max(at, live_from), of)
        self._subscribers.add(subscriber)
        try:
            while at < live_from:
                found = await self._read(at, READ_BATCH)
                found = [item for item in found if item.seq <= live_from]
                if not found:
                    break
                at = found[-1].seq
                yield found
            while (batch := await subscriber.next()) is not None:
                yield batch
        finally:
            self._subscribers.discard(subscriber)

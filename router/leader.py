"""The leader: one node reads the log in order and settles what each event brings.

Its position in the log and what it writes commit together, under a fencing number that the
database checks: a crash anywhere repeats nothing and skips nothing, and two leaders can't be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from router.assign import decide
from router.assign.board import Board, describes
from router.resolve import step
from router.resolve.step import Resolver
from triggerhub.domain.clock import Clock, IdSource
from triggerhub.domain.errors import Conflict, Unavailable
from triggerhub.domain.events import Fact
from triggerhub.domain.ports import LogTail
from triggerhub.domain.work import Store, Work

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=10)
RENEW = timedelta(seconds=3)
BATCH = 512  # more than one group of accepts, so a step always reaches the head
NAME = "router"
ACTOR = "system:router"
OWN = frozenset({ACTOR, step.ACTOR})  # what a step itself has written needs no further step


class Leader:
    """Runs resolve and assign while this node holds the lease; waits for it otherwise."""

    def __init__(
        self,
        store: Store,
        tail: LogTail,
        resolver: Resolver,
        *,
        clock: Clock,
        ids: IdSource,
        node: str,
    ) -> None:
        self._store = store
        self._tail = tail
        self._resolver = resolver
        self._clock = clock
        self._ids = ids
        self._node = node
        self._board: Board | None = None
        self._fence = 0
        self._renewed_at: datetime | None = None
        self._due: datetime | None = None
        self._wake = asyncio.Event()
        self.leading = asyncio.Event()
        self.following = False  # another node holds the lease
        self.position = 0

    async def run(self) -> None:
        """Until cancelled."""
        listen = asyncio.create_task(self._listen(), name="leader-listen")
        try:
            while True:
                try:
                    await self.step()
                except Unavailable as error:
                    log.warning("router.waits", reason=str(error))
                    self._board = None
                    await self._pause(error.retry_after)
                except Conflict as error:
                    # Another node has taken over: what we hold in memory is history.
                    log.warning("router.fenced", reason=str(error))
                    self._board = None
                    self._renewed_at = None
                    self.leading.clear()
                else:
                    await self._pause(self._patience())
        finally:
            listen.cancel()
            await asyncio.gather(listen, return_exceptions=True)

    async def _listen(self) -> None:
        async for batch in self._tail.subscribe():
            if any(item.actor not in OWN for item in batch):
                self._wake.set()

    async def _pause(self, longest: timedelta) -> None:
        try:
            async with asyncio.timeout(max(longest.total_seconds(), 0)):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _patience(self) -> timedelta:
        if not self.leading.is_set() or self._due is None:
            return RENEW
        return min(RENEW, self._due - self._clock.now())

    async def step(self) -> bool:
        """Read what is new, settle it, decide what time brings; whether this node leads."""
        board, fence = self._board, self._fence
        renew = self._renewed_at is None or self._clock.now() - self._renewed_at >= RENEW

        def work(unit: Work) -> tuple[Board, int, bool] | None:
            nonlocal board
            held = fence
            if renew or board is None:
                taken = unit.hold_lease(NAME, self._node, unit.now + LEASE)
                if taken is None:
                    return None
                held = taken
            self._board = None  # whatever goes wrong from here on, memory is loaded anew
            position = unit.position(NAME)
            if board is None or held != fence or board.position != position:
                board = Board.load(unit, position, unit.head, unit.now)
            caught_up = self._advance(unit, board)
            if board.position != position or held != fence:  # the new fence holds from here on
                unit.advance(NAME, board.position, held)
            return board, held, caught_up

        done = await self._store.run(work, alone=True)
        if done is None:
            self.leading.clear()
            self.following = True
            self._renewed_at = None
            return False
        self.following = False
        self._board, self._fence, caught_up = done
        self.position = self._board.position
        if renew:
            self._renewed_at = self._clock.now()
        self._due = decide.next_due(self._board)
        if not caught_up:
            self._wake.set()
        if not self.leading.is_set():
            log.info("router.leads", node=self._node, fence=self._fence)
            self.leading.set()
        return True

    def _advance(self, unit: Work, board: Board) -> bool:
        """One pass over what is new; whether it reached the head."""
        fresh = unit.events_after(board.position, BATCH)
        for item in fresh:
            board.fold(item)
        settled = self._resolver.run(unit, fresh) if fresh else []
        for item in settled:
            board.fold(item)
        if len(fresh) == BATCH:
            # Behind by more than a batch: the rest of it first, then decisions. What was just
            # appended lies beyond the rest and will be read again: the board knows it already.
            board.read_to(fresh[-1].seq)
            board.decided = False
            return False
        board.read_to(unit.head)
        now = unit.now
        changed = not board.decided or any(describes(r.fact) for r in (*fresh, *settled))
        if changed or (self._due is not None and self._due <= now):
            self._decide(unit, board, decide.due(board, now, self._ids))
            self._decide(unit, board, decide.match(board, now, self._ids))
            board.read_to(unit.head)
            board.decided = True
        return True

    def _decide(self, unit: Work, board: Board, facts: Iterable[Fact]) -> None:
        for fact in facts:
            for item in unit.append(fact, actor=ACTOR):
                board.fold(item)

    async def release(self) -> None:
        """Let another node lead at once (on the way out)."""
        self._renewed_at = None
        if self.leading.is_set():
            self.leading.clear()
            await self._store.run(lambda unit: unit.release_lease(NAME, self._node))

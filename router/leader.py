"""The leader: one node reads the log in order and settles what each event brings.

Its position in the log and what it writes commit together, under a fencing number that the
database checks: a crash anywhere repeats nothing and skips nothing, and two leaders can't be.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from router.assign import decide
from router.assign.board import Board, describes
from router.bell import Bell
from router.resolve.step import Company, Resolver, configures, settles
from triggerhub.domain.clock import Clock, IdSource
from triggerhub.domain.errors import Conflict, Unavailable
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.ports import LogTail
from triggerhub.domain.work import Store, Work

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=10)
RENEW = timedelta(seconds=3)
BATCH = 512  # more than one group of accepts, so a step always reaches the head
HEARD = 4 * BATCH  # events of the tail kept for the next step; further ones are read when needed
NAME = "router"
ACTOR = "system:router"
ALONE = 3  # times that an event must fail by itself before it is set aside
BREATH = 1.0  # seconds after a step that failed unexpectedly


class Leader:
    """Runs resolve and assign while this node holds the lease; waits for it otherwise.

    An event that can't be settled must not hold up those behind it: after an unexpected failure
    the log is read event by event, and one that still fails is set aside, where people see it.

    `on_taking_over` runs in the transaction in which this process takes the lead.
    """

    def __init__(
        self,
        store: Store,
        tail: LogTail,
        resolver: Resolver,
        *,
        clock: Clock,
        ids: IdSource,
        node: str,
        on_taking_over: Callable[[Work], None] | None = None,
    ) -> None:
        self._store = store
        self._resolver = resolver
        self._clock = clock
        self._ids = ids
        self._node = node
        self._on_taking_over = on_taking_over
        self._board: Board | None = None
        self._company: Company | None = None
        self._fence = 0
        self._kept = 0  # the position in the database, as of the last unit of work
        self._renewed_at: datetime | None = None
        self._due: datetime | None = None
        self._heard: deque[Recorded] = deque(maxlen=HEARD)
        self._tried_at: datetime | None = None
        self._bell = Bell("leader", tail, wanted=self._wanted, heard=self._hear)
        # The writer's thread and the loop's both come to the board. Single values are read without
        # it: each is replaced as a whole, and one that is a moment old only costs another step.
        self._at_board = threading.Lock()
        self._before = (0, 0)  # position and fence before the last unit of work
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pause_until: datetime | None = None
        self._singly = 0  # so many events are still to be read one by one
        self._suspect: int | None = None  # the one that is being settled by itself
        self._failed = (0, 0)  # (which, how often) an event failed by itself
        self.leading = asyncio.Event()
        self.following = False  # another node holds the lease
        self.known = asyncio.Event()  # whether this node leads or follows, for the first time
        self.position = 0

    async def run(self) -> None:
        """Until cancelled. Raises what no event can be blamed for."""
        self._loop = asyncio.get_running_loop()
        self._heard.clear()  # what came while nobody listened is to be read
        async with self._bell.listening():
            self._store.accompanied_by(self)
            try:
                await self._go_on()
            finally:
                self._store.accompanied_by(None)

    async def _go_on(self) -> None:
        while True:
            try:
                await self.step()
            except Unavailable as error:
                log.warning("router.waits", reason=str(error))
                self._step_down()
                await self._bell.pause(error.retry_after.total_seconds())
            except Exception as error:
                self._step_down()
                if isinstance(error, Conflict) and error.code == "fenced":
                    # Another node has taken over: what we hold in memory is history.
                    log.warning("router.fenced", reason=str(error))
                    self._renewed_at = None
                    continue
                if not self._narrow(error):
                    raise
                await asyncio.sleep(BREATH)
            else:
                await self._bell.pause(self._patience())

    def _step_down(self) -> None:
        """Nothing is known to be led until a step has worked again; `/readyz` says so."""
        self._board = self._company = None
        self.leading.clear()
        self.following = False

    def _narrow(self, error: Exception) -> bool:
        """Whether another try makes sense: event by event, until the one at fault is known."""
        log.error("router.stumbled", suspect=self._suspect, exc_info=error)
        if self._suspect is not None:
            seq, times = self._failed
            self._failed = (self._suspect, times + 1 if seq == self._suspect else 1)
            return True
        if self._singly == 0:
            self._singly = BATCH
            return True
        return False

    def _hear(self, batch: Sequence[Recorded] | None) -> None:
        if batch is None:  # what was missed is to be read
            self._heard.clear()
        elif batch and batch[-1].seq > self.position:
            self._heard.extend(batch)

    def _wanted(self, item: Recorded) -> bool:
        """Whether something is left to do, or to be awaited, after what was joined."""
        pause, due = self._pause_until, self._due
        return item.seq > self.position or (due is not None and (pause is None or due < pause))

    def _patience(self) -> float:
        if not self.leading.is_set() or self._renewed_at is None:
            return RENEW.total_seconds()
        now = self._clock.now()
        due = self._renewed_at + RENEW
        self._pause_until = min(due, self._due or due)
        return (self._pause_until - now).total_seconds()

    async def take(self) -> bool:
        """Take the lead if no other node holds it, before anything is read; whether it is ours."""

        def work(unit: Work) -> int | None:
            held = unit.hold_lease(NAME, self._node, unit.now + LEASE)
            if held is not None and held != self._fence and self._on_taking_over is not None:
                self._on_taking_over(unit)
            return held

        held = await self._store.run(work, alone=True)
        if held is not None:
            self._fence = held
        return held is not None

    async def step(self) -> bool:
        """Read what is new, settle it, decide what time brings; whether this node leads."""
        now = self._clock.now()
        if self.following and self._tried_at is not None and now - self._tried_at < RENEW:
            return False
        if self._renewed(now) and self._took_note():
            return True
        heard = tuple(self._heard)
        self._suspect = None

        def work(unit: Work) -> bool | None:
            with self._at_board:
                return self._step(unit, heard)

        caught_up = await self._store.run(work, alone=True, undone=self._forget)
        if caught_up is None:
            self.leading.clear()
            self.following = True
            self.known.set()
            self._renewed_at = None
            self._tried_at = now
            return False
        self.following = False
        self._singly = 0 if caught_up else max(0, self._singly - 1)
        if not caught_up:
            self._bell.ring()
        if not self.leading.is_set():
            log.info("router.leads", node=self._node, fence=self._fence)
            self.leading.set()
            self.known.set()
        return True

    def _step(self, unit: Work, heard: Sequence[Recorded]) -> bool | None:
        """Whether the head was reached; None where another node leads."""
        board, held = self._board, self._fence
        # Asked here, where the wait for the writer is over.
        if board is None or not self._renewed(unit.now):
            taken = unit.hold_lease(NAME, self._node, unit.now + LEASE)
            if taken is None:
                return None
            held, self._renewed_at = taken, unit.now
        self._let_go()
        if held != self._fence and self._on_taking_over is not None:
            self._on_taking_over(unit)
        position = unit.position(NAME)
        if board is None or held != self._fence or self._kept != position:
            board, self._company = Board.load(unit, position, unit.head, unit.now), None
        caught_up = self._advance(unit, board, heard)
        if board.position != position or held != self._fence:  # the new one holds from here on
            unit.advance(NAME, board.position, held)
        self._kept, self._fence = board.position, held
        self._hold(board)
        return caught_up

    def join(self, work: Work, recorded: Sequence[Recorded]) -> bool:
        """Settle at once what others append, where this node leads and has read all before it.

        What is left out, for whatever reason, is for the next step.
        """
        with self._at_board:
            board = self._board
            if (
                board is None
                or self._singly
                or not self.leading.is_set()
                or not self._renewed(work.now)
                or recorded[0].seq != board.position + 1
                or len(recorded) >= BATCH
            ):
                return False
            self._let_go()
            self._advance(work, board, recorded)
            if work.head != recorded[-1].seq or any(settles(item.fact) for item in recorded):
                work.advance(NAME, board.position, self._fence)
                self._kept = board.position
            self._hold(board)
            return True

    def undone(self) -> None:
        """What others' transaction joined never was, perhaps: a step is to look at it."""
        self._forget()
        with suppress(RuntimeError):  # the loop is closed: there is no next step
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._bell.ring)

    def _forget(self) -> None:
        """The board is of a unit of work that never was, perhaps: it is loaded anew."""
        with self._at_board:
            if self._board is not None:
                self._board = None
                self.position, self._fence = self._before

    def _let_go(self) -> None:
        """Whatever goes wrong from here on, the board is loaded anew."""
        self._board = None
        self._before = self.position, self._fence

    def _hold(self, board: Board) -> None:
        self._board = board
        self.position = board.position
        self._due = decide.next_due(board)

    def _renewed(self, now: datetime) -> bool:
        """Whether the lease needn't be renewed yet."""
        renewed_at = self._renewed_at  # read once: the loop's thread may forget it meanwhile
        return renewed_at is not None and now - renewed_at < RENEW

    def _took_note(self) -> bool:
        """Whether what is new needed no transaction: nothing to settle, nothing to decide.

        The board moves on, the position that is kept follows with the next transaction: events
        that need no settling may be read twice.
        """
        if not self._at_board.acquire(blocking=False):
            return False
        try:
            return self._note()
        finally:
            self._at_board.release()

    def _note(self) -> bool:
        board, now = self._board, self._clock.now()
        if board is None or self._singly or not board.decided or not self._heard:
            return False
        if self._due is not None and self._due <= now:
            return False
        while self._heard and self._heard[0].seq <= board.position:
            self._heard.popleft()
        fresh = _following(self._heard, board.position)
        if not fresh:
            return not self._heard  # else there is a gap
        if any(settles(item.fact) for item in fresh):
            return False
        self._take_in(board, fresh)
        board.read_to(fresh[-1].seq)
        board.decided = not (
            any(True for _ in decide.due(board, now, self._ids))
            or any(True for _ in decide.match(board, now, self._ids))
        )
        self._hold(board)
        return board.decided and board.position >= self._heard[-1].seq  # else there is a gap

    def _advance(self, unit: Work, board: Board, heard: Sequence[Recorded]) -> bool:
        """One pass over what is new; whether it reached the head."""
        limit = 1 if self._singly else BATCH
        fresh = _following(heard, board.position)[:limit]
        known = board.position + len(fresh)
        if known < unit.head and len(fresh) < limit:
            fresh += unit.events_after(known, limit - len(fresh))
        self._take_in(board, fresh)
        settled = self._settle(unit, fresh)
        for item in settled:
            board.fold(item)
        if len(fresh) == limit:
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

    def _take_in(self, board: Board, fresh: Sequence[Recorded]) -> None:
        for item in fresh:
            board.fold(item)
            if configures(item.fact):
                self._company = None

    def _settle(self, unit: Work, fresh: Sequence[Recorded]) -> list[Recorded]:
        if not fresh:
            return []
        if self._singly:
            if self._failed[0] == fresh[0].seq and self._failed[1] >= ALONE:
                return self._resolver.set_aside(unit, fresh[0])
            self._suspect = fresh[0].seq
        if self._company is None:
            self._company = Company.load(unit)
        settled = self._resolver.run(unit, fresh, self._company)
        if self._singly:
            unit.flush()  # what the database refuses is this event's fault
        self._suspect = None
        return settled

    def _decide(self, unit: Work, board: Board, facts: Iterable[Fact]) -> None:
        for fact in facts:
            for item in unit.append(fact, actor=ACTOR):
                board.fold(item)

    async def release(self) -> None:
        """Let another node lead at once (on the way out)."""
        self._renewed_at = None
        self.leading.clear()
        if self._fence:
            await self._store.run(lambda unit: unit.release_lease(NAME, self._node))


def _following(heard: Iterable[Recorded], position: int) -> list[Recorded]:
    """Those that come right after `position`, without a gap."""
    following: list[Recorded] = []
    for item in heard:
        if item.seq <= position:
            continue
        if item.seq != position + len(following) + 1:
            break
        following.append(item)
    return following

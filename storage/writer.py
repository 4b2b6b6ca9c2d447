"""The one thread that writes: groups what callers want into shared transactions.

It also looks, shortly, for whoever shows what was just written: its pages are in memory, where a
reader's are forgotten with every commit.

A group that works costs one fsync. When a member fails, the group is rolled back and each member
runs again alone, so a failure undoes nothing but itself; jobs are therefore functions that can
run twice. A job that refuses (HubError) before it wrote anything doesn't disturb its group.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import structlog

from storage.behind import AlreadyThere
from storage.checkpoint import Checkpointer
from storage.engine import Connection, Database
from storage.jobs import Job, Look, translated
from storage.precedence import Precedence
from storage.transaction import Kit, Transaction
from triggerhub.domain.errors import STOPPING, HubError, Unavailable
from triggerhub.domain.events import Recorded
from triggerhub.domain.work import Companion

T = TypeVar("T")
log = structlog.get_logger(__name__)

MAX_GROUP = 256


class Writer:
    """Owns the write connection. `on_commit` is called in the loop with what was appended."""

    def __init__(
        self, database: Database, kit: Kit, on_commit: Callable[[Sequence[Recorded]], None]
    ) -> None:
        self._database = database
        self._kit = kit
        self._on_commit = on_commit
        self._queue: SimpleQueue[list[Job[Any]] | None] = SimpleQueue()
        self._batch: list[Job[Any]] = []
        self._looks: deque[Look[Any]] = deque()
        self._waiting: list[Job[Any]] = []  # taken by the thread
        self._over = False  # the thread broke off
        self._joined = False  # whether the companion had a part in the last transaction
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._broken: asyncio.Future[None] | None = None
        self._connection: Connection | None = None
        self.companion: Companion | None = None
        self._checkpointer = Checkpointer(database)
        self._precedence = Precedence()
        self._since: float | None = None
        self._refused = False  # the last begin; kept as no error, which would keep jobs' bytes
        self.groups = 0
        self.jobs = 0

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = self._database.connect(writes=True)
        self._broken = self._loop.create_future()
        self._thread = threading.Thread(target=self._live, name="writer", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish what was handed over, then end."""
        if self._thread is None:
            return
        self._flush()
        self._precedence.waive()
        self._queue.put(None)
        thread, self._thread = self._thread, None
        await asyncio.to_thread(thread.join)
        await asyncio.to_thread(self._checkpointer.close)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def run(
        self,
        work: Callable[[Transaction], T],
        *,
        alone: bool = False,
        delivery: bool = False,
        undone: Callable[[], None] | None = None,
    ) -> T:
        """The result of `work`, once its transaction is durable.

        `alone`: not in one transaction with others, and after them. `undone`: called in the
        thread, before anything else, where a lonely one's transaction fails. `delivery`: somebody
        outside waits for the answer, and goes before lonely ones. Raises what `work` raised;
        Unavailable when the writer is stopped or the database refuses.
        """
        loop = self._asked()
        future: asyncio.Future[T] = loop.create_future()
        if not self._batch:
            loop.call_soon(self._flush)
        self._batch.append(Job(work, future, alone, delivery, undone))
        self._precedence.came(delivery)
        try:
            return await future
        finally:
            # An error's traceback holds this frame, which holds the future, which holds the
            # error: a circle that would keep the bytes of every refused delivery.
            del future

    async def look(self, work: Callable[[Connection], T]) -> T:
        """The result of `work`, which reads one consistent state, and little of it.

        It goes before everything that waits to be written. Raises what `work` raises; Unavailable
        when the writer is stopped or the database refuses.
        """
        future: asyncio.Future[T] = self._asked().create_future()
        self._looks.append(Look(work, future))
        self._queue.put([])
        return await future

    def flooded(self) -> bool:
        """Whether more deliveries come than can be settled while they come."""
        return self._precedence.flooded()

    def _asked(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._thread is None or self._over:
            raise Unavailable("the hub is stopping", code=STOPPING)
        return self._loop

    def _flush(self) -> None:
        if self._batch:
            batch, self._batch = self._batch, []
            self._queue.put(batch)
            if self._over:
                self._dismiss()

    async def watch(self) -> None:
        """Until cancelled; raises what the thread broke off with, should it ever."""
        if self._broken is not None:
            await asyncio.shield(self._broken)

    @property
    def stuck_seconds(self) -> float:
        """How long it has been since a transaction began or tried to, and none came to its end."""
        since = self._since
        return 0.0 if since is None else time.monotonic() - since

    # --- in the thread ------------------------------------------------------------------------

    def _live(self) -> None:
        try:
            self._work()
        except BaseException as error:
            log.critical("storage.writer_broke", exc_info=error)
            self._over = True
            assert self._loop is not None
            assert self._broken is not None
            with suppress(RuntimeError):  # the loop is closed: nobody is waiting any more
                self._loop.call_soon_threadsafe(self._broken.set_exception, error)
            self._dismiss()

    def _dismiss(self) -> None:
        """Nothing more is written: whoever waits is told."""
        asked: list[Job[Any] | Look[Any]] = [*self._waiting]
        with suppress(Empty):
            while True:
                asked += self._queue.get_nowait() or ()
        while self._looks:
            asked.append(self._looks.popleft())
        for job in asked:
            job.error = Unavailable("the hub is stopping", code=STOPPING)
        self._answer(*asked)

    def _work(self) -> None:
        assert self._connection is not None
        waiting = self._waiting
        stopping = False
        while True:
            if not waiting and not stopping:
                taken = self._queue.get()
                stopping = taken is None
                waiting.extend(taken or ())
            lonely = waiting and all(job.alone for job in waiting)
            rest = self._precedence.rest() if lonely else 0
            try:
                while not stopping:
                    taken = self._queue.get(timeout=rest) if rest > 0 else self._queue.get_nowait()
                    rest = 0
                    stopping = taken is None
                    waiting.extend(taken or ())
            except Empty:
                pass
            taken = None  # or the last batch's bytes would be kept until the next one comes
            if self._looks:
                self._look()
            if not waiting:
                if stopping:
                    return
                continue
            waiting[:] = self._take_group(waiting)

    def _look(self) -> None:
        while self._looks:
            look, connection = self._looks.popleft(), self._connection
            assert connection is not None
            try:
                connection.begin(write=False)
                look.result = look.work(connection)
                connection.commit()
            except Exception as error:  # noqa: BLE001 - whatever a look raises is its caller's
                self._roll_back(connection)
                look.error = translated(error)
            self._answer(look)

    def _take_group(self, waiting: list[Job[Any]]) -> list[Job[Any]]:
        """Run accepts and commands first, together; then the lonely ones, each by itself."""
        grouped = [job for job in waiting if not job.alone]
        group, rest = grouped[:MAX_GROUP], grouped[MAX_GROUP:]
        lonely = [job for job in waiting if job.alone]
        self._refused = False
        if group:
            deliveries = sum(job.delivery for job in group)
            companion = self.companion if self._precedence.lets_join(deliveries) else None
            began = self._precedence.begin()
            self._finish(group, self._commit(group, companion))
            self._precedence.served(deliveries)
            if self._joined:
                self._precedence.ended(began)
        for job in lonely:
            if self._precedence.rest() > 0:
                rest.append(job)
                continue
            if self._refused:  # it would only wait as long as who came before it
                job.error = Unavailable("the database takes no writes", code="storage_unavailable")
                self._finish([job], [])
                continue
            began = self._precedence.begin()
            self._finish([job], self._commit([job]))
            self._precedence.ended(began)
        if self._connection is not None:
            self._checkpointer.look(self._connection)
        return rest

    def _commit(
        self, group: list[Job[Any]], companion: Companion | None = None, *, doubt: bool = False
    ) -> list[Recorded]:
        """Run the group in one transaction, and the companion in it; what was appended."""
        self._joined = ending = False
        # To ask whether a single delivery was there costs less than to write it by itself.
        doubt = doubt or (companion is not None and len(group) == 1)
        if self._since is None:
            self._since = time.monotonic()
        try:
            connection, transaction = self._begin(doubt)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is nobody's of the group
            self._refused = True
            for job in group:
                job.error = translated(error)
            return []
        self._refused = False
        try:
            for job in group:
                before = connection.writes
                try:
                    job.result = job.work(transaction)
                    job.error = None
                except HubError as refusal:
                    job.error = refusal
                    if connection.writes != before:
                        raise
            if companion is not None and transaction.recorded:
                if not doubt:
                    transaction.flush()  # a delivery that was there must not cost the board
                self._joined = True
                self._joined = companion.join(transaction, tuple(transaction.recorded))
            transaction.finish()
            ending = True
            connection.commit()
            return transaction.recorded
        except Exception as error:
            joined = companion is not None and self._joined
            undone = companion.undone if companion is not None and joined else group[0].undone
            if undone is not None:
                undone()  # first: once the lock on the log is gone, others give these numbers out
            self._roll_back(connection)
            if joined and not ending:
                recorded = self._commit(group, doubt=doubt)
                if any(job.error is None for job in group):  # else it was the job's own
                    log.warning("storage.joined_in_vain", exc_info=error)
                return recorded
            if isinstance(error, AlreadyThere) and not doubt:
                return self._commit(group, companion, doubt=True)
            if len(group) == 1 or ending:
                # Whether a commit that broke off got through isn't known: nobody runs again by
                # itself; who asks again is recognised by its key.
                for job in group:
                    job.error = translated(error)
                return []
        recorded = []
        for job in group:
            recorded += self._commit([job])
        return recorded

    def _begin(self, doubt: bool) -> tuple[Connection, Transaction]:
        """Once more on a new connection, where the old one turns out to be lost.

        A member of a group that can't even begin needn't try alone: it would only wait as long.
        """
        for last in (False, True):
            connection = self._connection
            assert connection is not None
            try:
                connection.begin(write=True)
                return connection, Transaction(connection, self._kit, doubt=doubt)
            except Exception:
                self._roll_back(connection)
                if last or self._connection is connection:
                    raise
        raise AssertionError

    def _roll_back(self, connection: Connection) -> None:
        try:
            connection.rollback()
        except Exception as error:  # noqa: BLE001 - beyond use, whatever it says: take a new one
            log.warning("storage.connection_lost", error=str(error))
            try:
                self._connection = self._database.connect(writes=True)
            except Exception:
                log.exception("storage.unreachable")

    def _finish(self, group: list[Job[Any]], recorded: list[Recorded]) -> None:
        if not self._refused:
            self._since = None
        self.groups += 1
        self.jobs += len(group)
        self._answer(*group, recorded=recorded)

    def _answer(self, *asked: Job[Any] | Look[Any], recorded: Sequence[Recorded] = ()) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._tell, asked, recorded)
        except RuntimeError:  # the loop is closed: nobody is waiting any more
            log.debug("storage.nobody_waits", asked=len(asked))

    def _tell(self, asked: Sequence[Job[Any] | Look[Any]], recorded: Sequence[Recorded]) -> None:
        if recorded:
            self._on_commit(recorded)
        for job in asked:
            if job.future.done():
                continue
            if job.error is not None:
                if isinstance(job.error, HubError):
                    # Of a refusal the way through this file says nothing, and would keep the
                    # job's bytes: its frames hold the job, which holds the error.
                    job.error.__traceback__ = None
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)

"""Keeps SQLite's write-ahead log short, without ever making writers wait for a reader.

Frames are moved into the database by a thread of its own, while groups go on. A log that got long
has the few that came meanwhile moved between two groups, so that it starts again at its front.
Where readers keep it from that they are waited for 50 ms at most, and seldom. Knows no table.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing

import structlog

from storage.engine import JOURNAL_LIMIT, PAGE, Connection, Database

log = structlog.get_logger(__name__)

EVERY = 0.25  # seconds between two looks
CHANGES = 1_000  # of rows, since frames were last moved: each writes about a page
PASSES = 4  # of one move: what came during the first is moved by the second, and so on
FEW_FRAMES = 500  # of one pass: what came meanwhile isn't worth another
RESTART_FRAMES = JOURNAL_LIMIT // PAGE // 2  # what comes until the next look still fits in
PATIENCE_MS = 50  # what it may cost those who wait to write that readers are let out
FORCE_FRAMES = 4 * RESTART_FRAMES
AGAIN = 5.0  # seconds after readers didn't leave


class Checkpointer:
    """Called by the writer's thread between groups. `beside`: where frames are moved meanwhile."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.monotonic,
        beside: Executor | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._beside = beside or ThreadPoolExecutor(1, "checkpoint")
        self._moving: Future[int] | None = None
        self._changes = 0  # how many the connection had made when frames were last moved
        self._next = 0.0
        self._next_restart = 0.0
        self.restarts = 0

    def look(self, connection: Connection) -> None:
        """Move frames when there are many; a failure is said and tried again later."""
        now = self._clock()
        try:
            if self._moving is None:
                if self._database.dialect != "sqlite" or now < self._next:
                    return
                self._next = now + EVERY
                if self._are_few(connection):
                    return
                self._changes = connection.writes
                self._moving = self._beside.submit(self._move)
            if not self._moving.done():
                return
            moving, self._moving = self._moving, None
            if moving.result() < RESTART_FRAMES:
                return
            _, frames, moved = _checkpoint(connection, "PASSIVE")
            if frames > FORCE_FRAMES and now >= self._next_restart:
                self._restart(connection, now, frames, moved)
        except (sqlite3.Error, OSError, RuntimeError) as error:  # also no thread, no file handle
            log.warning("storage.checkpoint_failed", error=str(error))

    def close(self) -> None:
        """Wait for what is being moved."""
        self._beside.shutdown()

    def _are_few(self, connection: Connection) -> bool:
        """The file doesn't tell: it stays as large as it was. A connection may be a new one."""
        few = 0 <= connection.writes - self._changes < CHANGES
        return few and self._database.wal_pages() <= JOURNAL_LIMIT // PAGE

    def _move(self) -> int:
        """The frames in the log afterwards."""
        with closing(self._database.connect()) as connection:
            before = frames = 0
            for _ in range(PASSES):
                _, frames, moved = _checkpoint(connection, "PASSIVE")
                if frames - before < FEW_FRAMES:
                    break
                before = moved
            return frames

    def _restart(self, connection: Connection, now: float, frames: int, moved: int) -> None:
        self._next_restart = now + AGAIN
        self.restarts += 1
        connection.all(f"PRAGMA busy_timeout={PATIENCE_MS}")
        try:
            busy, _, _ = _checkpoint(connection, "RESTART")
        finally:
            connection.all(f"PRAGMA busy_timeout={self._database.busy_ms}")
        if busy:
            log.warning("storage.log_held_by_readers", frames=frames, moved=moved)


def _checkpoint(connection: Connection, mode: str) -> tuple[int, int, int]:
    """(1 if it could not finish, frames in the log, frames moved into the database)."""
    row = connection.one(f"PRAGMA wal_checkpoint({mode})")
    return (row[0], row[1], row[2]) if row is not None else (1, 0, 0)

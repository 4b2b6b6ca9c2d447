"""Keeps SQLite's write-ahead log short, without ever making writers wait for a reader.

Frames are moved into the database by a thread of its own, while groups go on; the few that came
meanwhile between two groups, so that the log can start again. Where readers keep it from that they
are waited for 50 ms at most, and seldom. Knows no table.
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

EVERY = 0.5  # seconds between two looks
PATIENCE_MS = 50  # what a restart may cost those who wait to write
AGAIN = 5.0  # seconds after a restart that readers prevented
# Above what the file keeps when it starts again, or a grown file would be looked at for ever.
MOVE_FRAMES = JOURNAL_LIMIT // PAGE
RESTART_FRAMES = 8 * MOVE_FRAMES


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
        self._moving: Future[None] | None = None
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
                if self._database.wal_pages() <= MOVE_FRAMES:
                    return
                self._moving = self._beside.submit(self._move)
            if not self._moving.done():
                return
            moving, self._moving = self._moving, None
            moving.result()
            _, frames, moved = _checkpoint(connection, "PASSIVE")
            if frames > RESTART_FRAMES and now >= self._next_restart:
                self._restart(connection, now, frames, moved)
        except (sqlite3.Error, OSError, RuntimeError) as error:  # also no thread, no file handle
            log.warning("storage.checkpoint_failed", error=str(error))

    def close(self) -> None:
        """Wait for what is being moved."""
        self._beside.shutdown()

    def _move(self) -> None:
        with closing(self._database.connect()) as connection:
            _checkpoint(connection, "PASSIVE")

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

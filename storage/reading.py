"""Reading a database: a few connections in threads of their own, and the tail of the log.

A short look at what was just written is taken in the loop itself, as long as it is quick.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from storage.engine import Connection, Database
from storage.jobs import translated
from storage.lookups import Lookups
from storage.tail import Tail
from storage.transaction import Kit
from triggerhub.domain.errors import HubError
from triggerhub.domain.events import Fact, Recorded

T = TypeVar("T")
READERS = 3
LONG = 0.05  # seconds of a short look, after two of which
AGAIN = 1.0  # within so many seconds the disk is taken to be slow, not the machine to be busy,
IN_THREADS = 10.0  # and for so many seconds the loop doesn't wait for it


class Reader(Lookups):
    """One consistent read."""

    @property
    def now(self) -> datetime:
        return self._kit.clock.now()

    def head(self) -> int:
        row = self.connection.one("SELECT seq FROM log_head WHERE one = 1")
        return row[0] if row else 0

    def epoch(self) -> str:
        row = self.connection.one("SELECT epoch FROM log_head WHERE one = 1")
        return row[0] if row else ""


class ReadStore:
    """The database as one process reads it, and the events that are committed meanwhile."""

    def __init__(
        self,
        database: Database,
        *,
        kit: Kit,
        tail: Tail,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.database = database
        self.kit = kit
        self.tail = tail
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._local = threading.local()
        self._connections: list[Connection] = []
        self._clock = clock
        self._slow_until = 0.0
        self._long_at = -math.inf

    async def start(self) -> None:
        head = await self.read(lambda reading: reading.head())
        await self.tail.start(head, self._events_after)

    async def stop(self) -> None:
        await self.tail.stop()
        self._slow_until = math.inf  # whoever comes now is refused by the threads
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    async def _events_after(self, seq: int, limit: int) -> list[Recorded]:
        return await self.read(lambda reading: reading.events_after(seq, limit))

    async def read(self, look: Callable[[Reader], T]) -> T:
        """Run `look` in a reader thread on one consistent state."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._look, look)

    async def read_warm(self, look: Callable[[Reader], T]) -> T:
        """A short look at what was just written, which SQLite finds in memory.

        So it is taken right here: the way to a thread and back, which hands over the interpreter
        at every row, costs more than the look.
        """
        began = self._clock()
        if self.database.dialect != "sqlite" or began < self._slow_until:
            return await self.read(look)
        try:
            return self._look(look)
        finally:
            ended = self._clock()
            if ended - began > LONG:
                if began - self._long_at < AGAIN:
                    self._slow_until = ended + IN_THREADS
                self._long_at = ended

    def _look(self, look: Callable[[Reader], T]) -> T:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            try:
                connection = self.database.connect()
            except Exception as error:
                raise translated(error) from error
            self._local.connection = connection
            self._connections.append(connection)
        try:
            connection.begin(write=False)
            result = look(Reader(connection, self.kit))
            connection.commit()
        except HubError:
            connection.rollback()
            raise
        except Exception as error:  # a connection in doubt isn't used again
            self._local.connection = None
            self._connections.remove(connection)
            connection.close()
            raise translated(error) from error
        return result

    def subscribe(
        self, after: int | None = None, *, of: frozenset[type[Fact]] | None = None
    ) -> AsyncIterator[Sequence[Recorded]]:
        """Committed events as they come (domain.ports.LogTail)."""
        return self.tail.subscribe(after, of=of)

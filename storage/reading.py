"""Reading a database: a few connections in threads of their own, and the tail of the log."""

from __future__ import annotations

import asyncio
import threading
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

    def __init__(self, database: Database, *, kit: Kit, tail: Tail) -> None:
        self.database = database
        self.kit = kit
        self.tail = tail
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._local = threading.local()
        self._connections: list[Connection] = []

    async def start(self) -> None:
        head = await self.read(lambda reading: reading.head())
        await self.tail.start(head, self._events_after)

    async def stop(self) -> None:
        await self.tail.stop()
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
        """A short look at what was just written."""
        return await self.read(look)

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

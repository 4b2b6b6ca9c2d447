"""The core in a process of its own: how the edge starts it, watches it and lets it go.

Owns the life of that process as the edge sees it. It ends with the edge, however that ends: the
line between them is lost then (triggerhub.apart.core_process).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from config.settings import Settings
from triggerhub.apart.link import Link
from triggerhub.apart.packed import unpacked
from triggerhub.apart.spawn import Spawned
from triggerhub.bootstrap.parts import Parts
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.events import Recorded

Committed = Callable[[Sequence[Recorded], int], None]
_KILLED_AFTER = 2.0  # seconds for a process whose line is lost to be gone


class CoreProcess:
    """`open` makes a core of what was spawned."""

    def __init__(self, spawned: Spawned) -> None:
        self._spawned = spawned
        self._link: Link | None = None
        self._let_go = False
        self._on_committed: Committed | None = None
        self._on_restart: Callable[[str], None] | None = None

    @property
    def pid(self) -> int:
        return self._spawned.process.pid

    async def open(self, settings: Settings, parts: Parts) -> Link:
        """Its database is up to date, its router at work. Raises as `serve`."""
        loop = asyncio.get_running_loop()
        link = self._link = Link(on_tiding=self._tiding)
        await loop.create_unix_connection(lambda: link, sock=self._spawned.line)
        await link.call("process", "open", settings, parts.of_core())
        return link

    def follow(self, committed: Committed, restarted: Callable[[str], None]) -> None:
        """From now on `committed` is told what the core commits, and `restarted` the name of each
        of its services that is started again."""
        self._on_committed, self._on_restart = committed, restarted

    def _tiding(self, topic: str, value: Any) -> None:
        if topic == "committed" and self._on_committed is not None:
            first, rows = value
            self._on_committed(unpacked(rows), first)
        elif topic == "restarted" and self._on_restart is not None:
            self._on_restart(value)

    async def watch(self) -> None:
        """Until it was let go; raises Unavailable where it ended by itself."""
        assert self._link is not None
        await self._link.lost.wait()
        if not self._let_go:
            self._let_go = True
            code = await self._code()
            raise Unavailable(f"the core's process ended with {code}", code="core_ended")

    async def finish(self) -> None:
        assert self._link is not None
        if not self._link.lost.is_set():
            await self._link.call("core", "finish")

    async def close(self) -> None:
        """Let it go. Raises Unavailable where it didn't end well, and that wasn't told before."""
        told, self._let_go = self._let_go, True
        try:
            if self._link is not None and not self._link.lost.is_set():
                await self._link.call("process", "stop")
                await self._link.lost.wait()
            code = await self._code()
        finally:
            self.kill()
        if code and not told:
            raise Unavailable(f"the core's process ended with {code}", code="core_ended")

    async def _code(self) -> int:
        return await asyncio.to_thread(self._spawned.process.wait, _KILLED_AFTER)

    def kill(self) -> None:
        """See that nothing of it is left, whatever happened."""
        if self._link is not None:
            self._link.close()
        self._spawned.end()

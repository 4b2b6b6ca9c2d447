"""The core in a process of its own: how the edge starts it, watches it and lets it go.

Owns the life of that process as the edge sees it. It ends with the edge, however that ends: the
line between them is lost then (triggerhub.apart.core_process).
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from config.settings import Settings
from triggerhub.apart.link import Link
from triggerhub.apart.packed import unpacked
from triggerhub.bootstrap.parts import Parts
from triggerhub.domain.events import Recorded

Committed = Callable[[Sequence[Recorded]], None]
_KILLED_AFTER = 2.0  # seconds for a process whose line is lost to be gone


class CoreProcess:
    """Started at once, so that it loads while the edge does; `open` makes it a core."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", "triggerhub.apart.core_process", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                # A terminal's Ctrl-C is for the edge, which lets the core go last.
                start_new_session=True,
            )
        self._socket = ours
        self._link: Link | None = None
        self._let_go = False
        self._on_committed: Committed | None = None
        self._on_restart: Callable[[str], None] | None = None

    async def open(self, settings: Settings, parts: Parts) -> Link:
        """Its database is up to date, its router at work. Raises as `serve`."""
        loop = asyncio.get_running_loop()
        link = self._link = Link(on_tiding=self._tiding)
        await loop.create_unix_connection(lambda: link, sock=self._socket)
        await link.call("process", "open", settings, parts.of_core())
        return link

    def follow(self, committed: Committed, restarted: Callable[[str], None]) -> None:
        """From now on `committed` is told what the core commits, and `restarted` the name of each
        of its services that is started again."""
        self._on_committed, self._on_restart = committed, restarted

    def _tiding(self, topic: str, value: Any) -> None:
        if topic == "committed" and self._on_committed is not None:
            self._on_committed(unpacked(value))
        elif topic == "restarted" and self._on_restart is not None:
            self._on_restart(value)

    async def watch(self) -> None:
        """Until it was let go; raises RuntimeError where it ended by itself."""
        assert self._link is not None
        await self._link.lost.wait()
        if not self._let_go:
            raise RuntimeError(f"the core's process ended with {await self._code()}")

    async def finish(self) -> None:
        assert self._link is not None
        await self._link.call("core", "finish")

    async def close(self) -> None:
        """Let it go. Raises RuntimeError where it didn't end well."""
        self._let_go = True
        try:
            if self._link is not None and not self._link.lost.is_set():
                await self._link.call("process", "stop")
                await self._link.lost.wait()
            code = await self._code()
        finally:
            self.kill()
        if code:
            raise RuntimeError(f"the core's process ended with {code}")

    async def _code(self) -> int:
        return await asyncio.to_thread(self._process.wait, _KILLED_AFTER)

    def kill(self) -> None:
        """See that nothing of it is left, whatever happened."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._link is None:
            self._socket.close()
        else:
            self._link.close()

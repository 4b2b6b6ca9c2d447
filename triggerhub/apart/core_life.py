"""The life of the core's process, from being opened to being let go.

When the line to the edge is lost the edge is no more, and so is this process, at once: nobody can
be told any more what was committed, and the next hub wants the database.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial

from config.settings import Settings
from triggerhub.apart.link import Link
from triggerhub.apart.packed import NearInbox, packed
from triggerhub.bootstrap.core import Core, build_core
from triggerhub.bootstrap.parts import Parts
from triggerhub.database import open_to_serve
from triggerhub.domain.events import MessageReceived, StatusReceived
from triggerhub.lifecycle import FAILED, Supervisor, settle_memory, side_parts
from triggerhub.observability import configure_logging

_COMING = (MessageReceived, StatusReceived)


async def live(line: socket.socket) -> int:
    """Until the edge lets go; the exit code (see triggerhub.lifecycle)."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: None)
    link = Link()
    life = link.rooms["process"] = _Life(link)
    await loop.create_unix_connection(lambda: link, sock=line)
    orphaned = asyncio.create_task(_end_with(link))
    code = await life.ended
    orphaned.cancel()
    link.close()
    return code


async def _end_with(link: Link) -> None:
    await link.lost.wait()
    os._exit(FAILED)


def rooms_of(core: Core) -> dict[str, object]:
    """What the edge may call, as triggerhub.apart.far does."""
    return {
        "core": core,
        "inbox": NearInbox(core.store),
        "desk": core.desk,
        "presences": core.presences,
        "views": core.views,
    }


async def tell_committed(core: Core, link: Link) -> None:
    """Until cancelled. What the edge misses, it reads from the log."""
    async for batch in core.store.subscribe():
        # Whoever follows the log at the edge waits for what became of a delivery: that more have
        # come is told by the number, and by the last of them.
        last = {type(item.fact): item.seq for item in batch}
        told = [
            item
            for item in batch
            if type(item.fact) not in _COMING or item.seq == last[type(item.fact)]
        ]
        link.tell("committed", (batch[0].seq, packed(told)))


class _Life:
    """What the edge asks of this process itself."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._supervisor: Supervisor | None = None
        self._running: asyncio.Task[None] | None = None
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def open(self, settings: Settings, parts: Parts) -> None:
        """Raises as `triggerhub.serving.serve`; the edge lets go then."""
        configure_logging(level=settings.log_level, form=settings.log_format)
        held = ExitStack()
        await asyncio.to_thread(held.enter_context, open_to_serve(settings))
        core = await build_core(settings, parts)
        self._link.rooms |= rooms_of(core)
        settle_memory()
        supervisor = self._supervisor = Supervisor(
            # What is under way is finished when the edge asks for it, while it still listens.
            [
                *(replace(part, finish=None) for part in core.services()),
                *side_parts({"telling": partial(tell_committed, core, self._link)}),
            ],
            drain=timedelta(seconds=settings.drain_seconds),
            signals=(),
            name="core",
            on_restart=self._tell_restarted,
        )
        self._running = asyncio.create_task(self._run(supervisor, held))

    async def _run(self, supervisor: Supervisor, held: ExitStack) -> None:
        code = FAILED
        try:
            with held:
                code = await supervisor.run()
        finally:
            self.ended.set_result(code)

    def _tell_restarted(self, service: str) -> None:
        self._link.tell("restarted", service)

    async def stop(self) -> None:
        if self._supervisor is None:
            self.ended.set_result(FAILED)
        else:
            self._supervisor.stop()

"""A hub from settings to exit code, in two processes or in one: wiring, start order, drain.

Owns which part of the hub runs where, and what it does in which phase of the end. Must not know
what a terminal is (cli).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from config.settings import Settings
from triggerhub.apart.far import far_ports
from triggerhub.apart.process import CoreProcess
from triggerhub.apart.spawn import Spawned, spawn
from triggerhub.bootstrap.edge import Edge, build_edge
from triggerhub.bootstrap.parts import Parts
from triggerhub.database import open_to_serve
from triggerhub.lifecycle import Part, Supervisor, settle_memory


async def serve(
    settings: Settings,
    parts: Parts | None = None,
    *,
    core: Spawned | None = None,
    on_ready: Callable[[Edge], None] | None = None,
    beside: Callable[[Edge], Coroutine[Any, Any, list[Part]]] | None = None,
) -> int:
    """Run a hub until it is asked to stop; the exit code (see triggerhub.lifecycle).

    `core`: its process, if that is spawned already. `beside`: more services for this hub, such
    as the demo's. Raises Conflict where another hub runs on the same SQLite file, Invalid for a
    schema that a newer release has made, OSError and HubError for what keeps the hub from being
    built.
    """
    parts = parts or Parts()
    if settings.processes == 1:
        opened = _in_one(settings, parts)
    else:
        opened = _in_two(settings, parts, CoreProcess(core or spawn()))
    async with opened as (edge, services):
        more = await beside(edge) if beside is not None else []
        settle_memory()
        supervisor = Supervisor(
            [*services, *edge.services(), *more],
            drain=timedelta(seconds=settings.drain_seconds),
            on_ready=(lambda: on_ready(edge)) if on_ready is not None else None,
            on_restart=edge.restarted,
        )
        return await supervisor.run()


@asynccontextmanager
async def _in_one(settings: Settings, parts: Parts) -> AsyncGenerator[tuple[Edge, list[Part]]]:
    from triggerhub.bootstrap.hub import build

    with open_to_serve(settings):
        hub = await build(settings, parts)
        yield hub.edge, hub.core.services()


@asynccontextmanager
async def _in_two(
    settings: Settings, parts: Parts, process: CoreProcess
) -> AsyncGenerator[tuple[Edge, list[Part]]]:
    """The core is one vital part here, with services of its own there."""
    try:
        link = await process.open(settings, parts)
        ports = await far_ports(link, settings, parts.clock, process=process.pid)
        edge = await build_edge(settings, parts, ports)
        process.follow(ports.store.tail.publish, edge.restarted)
        core = Part(name="core", run=process.watch, finish=process.finish, close=process.close)
        yield edge, [core, Part(name="readers", close=ports.store.stop)]
    finally:
        process.kill()

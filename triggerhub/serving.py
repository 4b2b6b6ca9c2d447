"""A hub from settings to exit code: schema, wiring, start order, drain.

Owns which part of the hub starts when, and what it does in which phase of the end. Must not know
what a terminal is (cli).
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from config.settings import Settings
from storage.engine import Database
from triggerhub.bootstrap import Hub, Parts, build
from triggerhub.database import make_data_folder, migrate
from triggerhub.lifecycle import Step, Supervisor
from triggerhub.sole import sole_hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One service (`triggerhub.lifecycle.Service`)."""

    name: str
    vital: bool = True
    start: Step | None = None
    run: Step | None = None
    stop_accepting: Step | None = None
    finish: Step | None = None
    goodbye: Step | None = None
    close: Step | None = None


def services(hub: Hub) -> list[Part]:
    """The hub's parts in their start order: what others need first, doors last.

    They are closed the other way round, each by itself: the store last, whatever else fails. What
    runs in the background is started again when it fails; meanwhile everything is still accepted.
    Where the router is what failed, or has lost its database, `/readyz` says no until it has
    worked again; how often each part was started again is in the metrics.
    """
    finishes: dict[str, Step] = {"outbox": hub.outbox.finish}
    closes: dict[str, Step] = {
        "presence": hub.presences.release,
        "outbox": hub.outbox.close,
        "router": hub.leader.release,
    }
    background = [
        Part(
            name=name,
            vital=False,
            run=_step(run),
            finish=finishes.get(name),
            close=closes.get(name),
        )
        for name, run in hub.background().items()
    ]
    return [
        Part(name="store", run=hub.store.watch, close=hub.store.stop),
        Part(name="channels", close=hub.close_channels),
        *background,
        Part(
            name="doors",
            start=hub.listen,
            stop_accepting=hub.stop_accepting,
            goodbye=hub.say_goodbye,
        ),
    ]


def _settle_memory() -> None:
    """What is there at the start stays: looking through it again and again took a tenth of the
    time that a busy hub has."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def _step(run: Callable[[], Awaitable[None]]) -> Step:
    async def step() -> None:
        await run()

    return step


async def serve(
    settings: Settings,
    parts: Parts | None = None,
    *,
    on_ready: Callable[[Hub], None] | None = None,
    beside: Callable[[Hub], Coroutine[Any, Any, list[Part]]] | None = None,
) -> int:
    """Run a hub until it is asked to stop; the exit code (see triggerhub.lifecycle).

    `beside`: more services for this hub, such as the demo's. Raises Conflict where another hub
    runs on the same SQLite file, Invalid for a schema that a newer release has made, OSError and
    HubError for what keeps the hub from being built.
    """
    make_data_folder(settings)
    with sole_hub(Database(settings.database).path):
        await asyncio.to_thread(migrate, settings)
        hub = await build(settings, parts)
        more = await beside(hub) if beside is not None else []
        _settle_memory()
        supervisor = Supervisor(
            [*services(hub), *more],
            drain=timedelta(seconds=settings.drain_seconds),
            on_ready=(lambda: on_ready(hub)) if on_ready is not None else None,
            on_restart=lambda name: hub.metrics.restarts.labels(service=name).inc(),
        )
        return await supervisor.run()

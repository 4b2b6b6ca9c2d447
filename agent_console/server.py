"""Puts the console's server side together: one object for bootstrap to mount, run and drain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from agent_console.api.access import Access
from agent_console.api.mount import api_routes
from agent_console.api.route import Console, HubFace
from agent_console.live.consoles import Consoles
from agent_console.live.hub import LiveHub
from agent_console.live.socket import Feed
from agent_console.sessions import Sessions
from triggerhub.domain.clock import Clock
from triggerhub.domain.errors import HubError
from triggerhub.domain.ports import (
    AccountDirectory,
    Credentials,
    Desk,
    Json,
    LogTail,
    Presences,
    Views,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleServer:
    routes: list[web.AbstractRouteDef]
    hub: LiveHub
    consoles: Consoles

    async def run(self) -> None:
        """Feed the open consoles until cancelled. To be supervised; may be run again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.hub.run(), name="feed")
            group.create_task(self.consoles.run(), name="consoles")

    async def drain(self, seconds: float = 5.0) -> None:
        """Long polls end, consoles are told to come back; before the listener is closed."""
        self.consoles.begin_drain()
        await self.hub.drain(seconds)


def console_server(
    *,
    views: Views,
    desk: Desk,
    tail: LogTail,
    credentials: Credentials,
    accounts: AccountDirectory,
    presences: Presences,
    clock: Clock,
    epoch: str,
    face: HubFace,
    describe: Callable[[HubError], Json],
    origins: frozenset[str] = frozenset(),
    https: bool = False,
    sessions: Sessions | None = None,
    hub: LiveHub | None = None,
) -> ConsoleServer:
    """`epoch`: the log's own lasting name. `describe`: `triggerhub.http.problem_of`.

    `origins`: the public origins under which people reach the hub; `https`: whether they do so
    by TLS, so that the cookie is kept to it.
    """
    sessions = sessions or Sessions(credentials, clock)
    access = Access(sessions=sessions, origins=origins, https=https)
    hub = hub or LiveHub(views, tail, clock, epoch=epoch)
    consoles = Consoles(presences)
    feed = Feed(
        hub=hub,
        views=views,
        desk=desk,
        access=access,
        sessions=sessions,
        consoles=consoles,
        describe=describe,
    )
    console = Console(
        views=views,
        desk=desk,
        sessions=sessions,
        access=access,
        accounts=accounts,
        progress=hub,
        clock=clock,
        face=face,
        epoch=epoch,
    )
    return ConsoleServer(routes=[feed.route(), *api_routes(console)], hub=hub, consoles=consoles)

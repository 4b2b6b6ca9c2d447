"""What machines ask: alive, ready, how much of everything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from triggerhub.domain.errors import HubError

Check = Callable[[], Awaitable[None]]
Note = Callable[[], Awaitable[str]]


@dataclass(slots=True)
class Drain:
    """Turned once when the hub goes down: not ready any more, and long requests end."""

    turned: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        self.turned.set()

    @property
    def begun(self) -> bool:
        return self.turned.is_set()


async def healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


def ready_of(checks: Mapping[str, Check], drain: Drain, notes: Mapping[str, Note]) -> Handler:
    """`notes` are said beside the checks, and keep nobody from being ready."""

    async def one(ask: Check | Note) -> str:
        try:
            async with asyncio.timeout(2):
                return await ask() or "ok"
        except TimeoutError:
            return "no answer within 2 s"
        except (HubError, OSError) as error:
            return str(error) or type(error).__name__

    async def all_of(asked: Mapping[str, Check] | Mapping[str, Note]) -> dict[str, str]:
        return dict(zip(asked, await asyncio.gather(*map(one, asked.values())), strict=True))

    async def readyz(_request: web.Request) -> web.Response:
        found, said = await all_of(checks), await all_of(notes)
        # At the very last, as what closes the connection of who asks is decided after this.
        if drain.begun:
            found["drain"] = "going down"
        ready = all(word == "ok" for word in found.values())
        return web.json_response(
            {"status": "ready" if ready else "not ready", "checks": found | said},
            status=200 if ready else 503,
        )

    return readyz


def metrics_of(registry: CollectorRegistry) -> Handler:
    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return metrics

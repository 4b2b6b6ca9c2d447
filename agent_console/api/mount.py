"""Makes aiohttp routes of the table."""

from __future__ import annotations

from functools import cache

from aiohttp import web
from aiohttp.typedefs import Handler

from agent_console.api.route import Console, Route, carry_out
from agent_console.api.table import ROUTES
from agent_console.wire import encode


def api_routes(console: Console) -> list[web.AbstractRouteDef]:
    """All of /api/v1 but the live feed, and the document that describes it."""

    @cache
    def document() -> bytes:
        # Few ever ask; every start would pay for it.
        from agent_console.api.openapi import openapi

        return encode(openapi(ROUTES, version=console.face.version))

    async def describe(_request: web.Request) -> web.Response:
        return web.Response(body=document(), content_type="application/json")

    routes: list[web.AbstractRouteDef] = [
        web.route(route.method, f"/api/v1/{route.path}", _handler(route, console))
        for route in ROUTES
    ]
    routes.append(web.get("/api/openapi.json", describe))
    return routes


def _handler(route: Route, console: Console) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await carry_out(route, console, request)

    return handler

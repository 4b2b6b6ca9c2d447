"""The application of the one listener, and its runner. Each package hands over its own routes."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiohttp import web, web_response
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CollectorRegistry

from triggerhub.domain.errors import Invalid, NotFound
from triggerhub.http.files import console_of
from triggerhub.http.health import Check, Drain, Note, healthz, metrics_of, ready_of
from triggerhub.http.meters import Meters
from triggerhub.http.middleware import REQUEST_ID, SERVER, Network, in_common
from triggerhub.http.problem import problem_response

MAX_BODY = 1024 * 1024
_HOME = re.compile("")
_OURS = ("/api/", "/hooks/")
"""Where programs call: a console's page for an answer would tell them that all went well."""


def create_app(
    *,
    routes: Sequence[web.AbstractRouteDef],
    registry: CollectorRegistry,
    checks: Mapping[str, Check],
    drain: Drain,
    notes: Mapping[str, Note] | None = None,
    console_files: Path | None = None,
    console_pages: re.Pattern[str] = _HOME,
    https: bool = False,
    max_body: int = MAX_BODY,
    proxies: Sequence[Network] = (),
) -> web.Application:
    """The application, ready for an `AppRunner` (see `create_runner`).

    `checks`: named coroutines that return when that part is ready and raise HubError or OSError
    when not; each has two seconds. `notes`: what is said beside them, `ok` or what is missing,
    without which the hub works all the same. `console_files`: the built console (index.html and
    assets/); `console_pages`: the paths, without the first slash, at which it is opened. Upload
    routes read beyond `max_body` by multipart, with limits of their own. `proxies`: whose
    `X-Forwarded-For` is believed.
    """
    app = web.Application(
        middlewares=[in_common(Meters(registry), drain, https=https, proxies=proxies)],
        client_max_size=max_body,
    )
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", ready_of(checks, drain, notes or {}))
    app.router.add_get("/metrics", metrics_of(registry))
    app.router.add_routes(routes)
    for rest in _OURS:
        app.router.add_route("*", f"{rest}{{tail:.*}}", _no_such_call)
    if console_files is not None:
        app.router.add_get("/{path:.*}", console_of(console_files, console_pages))
    return app


def create_runner(app: web.Application, *, drain_seconds: float = 10.0) -> web.AppRunner:
    """A runner without aiohttp's own access log; `cleanup()` waits that long for open requests."""
    # What isn't HTTP is answered below our middleware, and would say what it is made of.
    vars(web_response)["SERVER_SOFTWARE"] = SERVER
    server_log = logging.getLogger("triggerhub.http.server")
    server_log.addFilter(_brief)
    return web.AppRunner(
        app,
        logger=server_log,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=75.0,
        shutdown_timeout=drain_seconds,
        handler_cancellation=False,
    )


def _brief(record: logging.LogRecord) -> bool:
    """What isn't HTTP is its sender's fault: one line of warning, without a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, web.RequestPayloadError):
        return False  # answered already, and found again in what was left of the body
    if isinstance(error, HttpProcessingError):
        record.msg, record.args = (
            "not HTTP, refused with %s: %s",
            (error.code, type(error).__name__),
        )
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
    return True


async def _no_such_call(request: web.Request) -> web.StreamResponse:
    """What no route has taken where programs call, so that the console never answers there."""
    allowed = sorted(_methods_elsewhere(request))
    if not allowed:
        raise NotFound("There is no such call.", code="no_such_call")
    response = problem_response(
        Invalid(f"{request.method} is not allowed here.", code="method_not_allowed"),
        request[REQUEST_ID],
    )
    response.headers["Allow"] = ", ".join(allowed)
    return response


def _methods_elsewhere(request: web.Request) -> set[str]:
    found: set[str] = set()
    for resource in request.app.router.resources():
        if resource.canonical.endswith("/{tail}") or not resource.canonical.startswith(_OURS):
            continue
        for route in resource:
            if route.method != "*" and route.resource is resource:
                info = resource.get_info()
                pattern = info.get("pattern")
                if info.get("path") == request.path or (
                    pattern is not None and pattern.fullmatch(request.path)
                ):
                    found.add(route.method)
    return found

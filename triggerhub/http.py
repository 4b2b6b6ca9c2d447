"""The one HTTP listener: middlewares, problems, health, metrics, and the console's built files.

Owns what every answer has in common: a request id, an access log line, security headers, errors as
`application/problem+json` (RFC 9457). Knows no route of any package: each hands over its own.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import math
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web, web_response
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from triggerhub.domain.errors import (
    Conflict,
    Forbidden,
    HubError,
    Invalid,
    NotFound,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)

log = structlog.get_logger(__name__)

SERVER = "triggerhub"
REQUEST_ID = web.RequestKey("request_id", str)
MAX_BODY = 1024 * 1024
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
CONSOLE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
Network = IPv4Network | IPv6Network
_REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FOREVER = "public, max-age=31536000, immutable"
_HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
_STATUS: tuple[tuple[type[HubError], int], ...] = (
    (Invalid, 422),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (TooLarge, 413),
    (TooMany, 429),
    (Unavailable, 503),
)
# Forms that aren't even readable, as opposed to read and found wrong.
_STATUS_BY_CODE = {"malformed": 400, "unsupported_media_type": 415, "method_not_allowed": 405}

Check = Callable[[], Awaitable[None]]


def status_of(error: HubError) -> int:
    if error.code in _STATUS_BY_CODE:
        return _STATUS_BY_CODE[error.code]
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return 500


def problem_of(error: HubError) -> dict[str, Any]:
    """The problem document of an error that was raised on purpose."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": str(error),
        "status": status_of(error),
        "detail": str(error),
        "code": error.code,
    }
    if isinstance(error, Invalid) and error.errors:
        document["errors"] = [{"field": where, "message": what} for where, what in error.errors]
    return document


def problem_response(error: HubError, request_id: str | None = None) -> web.Response:
    document = problem_of(error)
    if request_id:
        document["instance"] = f"urn:request:{request_id}"
    status = status_of(error)
    response = web.Response(
        text=json.dumps(document, ensure_ascii=False),
        status=status,
        content_type="application/problem+json",
    )
    if isinstance(error, (TooMany, Unavailable)):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after.total_seconds())))
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@dataclass(slots=True)
class Drain:
    """Turned once when the hub goes down: not ready any more, and long requests end."""

    turned: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        self.turned.set()

    @property
    def begun(self) -> bool:
        return self.turned.is_set()


class _Meters:
    """Counters by method, pattern and status; label look-ups are kept, since they cost more."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "triggerhub_http_requests",
            "HTTP requests answered",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "triggerhub_http_request_seconds",
            "Time from the request's head to its answer",
            ["route"],
            registry=registry,
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def count(self, method: str, route: str, status: int) -> None:
        key = (method if method in _METHODS else "other", route, status)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._requests.labels(key[0], route, str(status))
        counter.inc()

    def time(self, route: str, seconds: float) -> None:
        histogram = self._histograms.get(route)
        if histogram is None:
            histogram = self._histograms[route] = self._seconds.labels(route)
        histogram.observe(seconds)


def create_app(
    *,
    routes: Sequence[web.AbstractRouteDef],
    registry: CollectorRegistry,
    checks: Mapping[str, Check],
    drain: Drain,
    console_files: Path | None = None,
    https: bool = False,
    max_body: int = MAX_BODY,
    proxies: Sequence[Network] = (),
) -> web.Application:
    """The application, ready for an `AppRunner` (see `create_runner`).

    `checks`: named coroutines that return when that part is ready and raise HubError or OSError
    when not; each has two seconds. `console_files`: the built console (index.html and assets/),
    served for every GET path that nobody else has taken. Upload routes read beyond `max_body`
    by multipart, with limits of their own. `proxies`: whose `X-Forwarded-For` is believed.
    """
    app = web.Application(
        middlewares=[_common(_Meters(registry), https=https, proxies=proxies)],
        client_max_size=max_body,
    )
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz(checks, drain))
    app.router.add_get("/metrics", _metrics(registry))
    app.router.add_routes(routes)
    app.router.add_route("*", "/api/{tail:.*}", _no_such_call)
    if console_files is not None:
        app.router.add_get("/{path:.*}", _console(console_files))
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


# --- what every answer has in common ----------------------------------------------------------


def _common(meters: _Meters, *, https: bool, proxies: Sequence[Network]) -> Middleware:
    """One middleware for all of it: each layer costs microseconds on the webhooks' way."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Server": SERVER,
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    prefix = secrets.token_hex(4)
    numbers = itertools.count(1)

    @web.middleware
    async def common(request: web.Request, handler: Handler) -> web.StreamResponse:
        if proxies:
            request = request.clone(remote=_client(request, proxies))
        given = request.headers.get("X-Request-Id")
        if given is None or not _REQUEST_ID_FORM.fullmatch(given):
            given = f"{prefix}-{next(numbers):x}"
        request[REQUEST_ID] = given
        began = time.perf_counter()
        status = 499
        try:
            response = await _answered(request, handler)
            status = response.status
            if not response.prepared:
                response.headers["X-Request-Id"] = given
                if request.raw_path.startswith("/hooks/"):
                    response.headers["Server"] = headers["Server"]  # no page: this alone
                else:
                    _secure(response, headers)
        except web.HTTPException as error:
            status = error.status
            _secure(error, headers)
            raise
        else:
            return response
        finally:
            _record(meters, request, status, time.perf_counter() - began)

    return common


def _client(request: web.Request, proxies: Sequence[Network]) -> str:
    """Who is really asking: the last address of the chain that isn't a proxy of ours.

    What stands before it was written by the client, and can be anything.
    """
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    client = request.remote or ""
    for hop in reversed(hops):
        if not _within(client, proxies):
            break
        try:
            client = str(ip_address(hop))
        except ValueError:
            break
    return client


def _within(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def _secure(response: web.StreamResponse, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    if "Content-Security-Policy" not in response.headers:
        response.headers["Content-Security-Policy"] = CONSOLE_POLICY
        response.headers.setdefault("X-Frame-Options", "DENY")


def _record(meters: _Meters, request: web.Request, status: int, seconds: float) -> None:
    """Metrics and the access log: the path alone, since a query may carry a token or an address."""
    # The route's pattern, so that ids never become metric labels.
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "unmatched"
    meters.count(request.method, route, status)
    if status != 101:
        meters.time(route, seconds)
    if route in _QUIET or (status < 500 and not log.is_enabled_for(logging.DEBUG)):
        return
    say = log.warning if status >= 500 else log.debug
    say(
        "http.answered",
        method=request.method,
        path=request.path,
        status=status,
        ms=round(seconds * 1000, 1),
        request_id=request[REQUEST_ID],
    )


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    request_id = request[REQUEST_ID]
    try:
        return await handler(request)
    except HubError as error:
        if status_of(error) >= 500 and not isinstance(error, Unavailable):
            log.exception("http.failed", path=request.path, request_id=request_id)
            return problem_response(_unexpected(), request_id)
        return problem_response(error, request_id)
    except web.HTTPException as error:
        if error.status < 400 or not request.path.startswith("/api/"):
            raise
        return problem_response(_translated(error), request_id)
    except ConnectionError:
        raise
    except web.RequestPayloadError:
        # A body that isn't what its Content-Encoding or its chunks say.
        broken = Invalid("The request's body can't be decoded.", code="malformed")
        return problem_response(broken, request_id)
    except Exception:
        # The edge: a bug is logged once, here, and nothing of it is shown outside.
        log.exception("http.failed", path=request.path, request_id=request_id)
        return problem_response(_unexpected(), request_id)


def _unexpected() -> HubError:
    return HubError("The hub failed to answer this request.", code="internal")


def _translated(error: web.HTTPException) -> HubError:
    match error.status:
        case 404:
            return NotFound("There is no such thing here.")
        case 405:
            return Invalid("This method is not allowed here.", code="method_not_allowed")
        case 413:
            return TooLarge("The request's body is too large.")
        case 415:
            return Invalid("This media type is not accepted.", code="unsupported_media_type")
        case status if status >= 500:
            return _unexpected()
        case _:
            return Invalid(error.reason, code="malformed")


# --- health, metrics --------------------------------------------------------------------------


async def _healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


def _readyz(checks: Mapping[str, Check], drain: Drain) -> Handler:
    async def one(check: Check) -> str:
        try:
            async with asyncio.timeout(2):
                await check()
        except TimeoutError:
            return "no answer within 2 s"
        except (HubError, OSError) as error:
            return str(error) or type(error).__name__
        return "ok"

    async def readyz(_request: web.Request) -> web.Response:
        found = dict(zip(checks, await asyncio.gather(*map(one, checks.values())), strict=True))
        if drain.begun:
            found["drain"] = "going down"
        ready = all(word == "ok" for word in found.values())
        return web.json_response(
            {"status": "ready" if ready else "not ready", "checks": found},
            status=200 if ready else 503,
        )

    return readyz


def _metrics(registry: CollectorRegistry) -> Handler:
    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    return metrics


async def _no_such_call(request: web.Request) -> web.StreamResponse:
    """All of /api that no route has taken, so that the console's fallback never answers there."""
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
        if resource.canonical == "/api/{tail}" or not resource.canonical.startswith("/api/"):
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


# --- the console's files ----------------------------------------------------------------------


def _console(root: Path) -> Handler:
    """Hashed assets are kept for ever, all else is asked for again; unknown paths are pages of
    the single-page application, but a missing file stays missing."""
    base = root.resolve()

    def found(path: str) -> Path | None:
        candidate = (base / path).resolve()
        return candidate if candidate.is_relative_to(base) and candidate.is_file() else None

    async def console(request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        if "\x00" in path:
            raise web.HTTPNotFound
        file = await asyncio.to_thread(found, path) if path else None
        if file is None:
            if "." in path.rsplit("/", 1)[-1]:
                raise web.HTTPNotFound
            file = base / "index.html"
            if not await asyncio.to_thread(file.is_file):
                raise web.HTTPNotFound(text="The console is not built; see `make build`.")
        hashed = path.startswith("assets/") and _HASHED.search(file.name) is not None
        return web.FileResponse(file, headers={"Cache-Control": _FOREVER if hashed else "no-cache"})

    return console

"""What every answer has in common: a request id, an access log line, security headers, problems."""

from __future__ import annotations

import itertools
import logging
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from triggerhub.domain.errors import HubError, Invalid, Unavailable
from triggerhub.http.health import Drain
from triggerhub.http.meters import Meters
from triggerhub.http.problem import problem_response, status_of, translated, unexpected

log = structlog.get_logger(__name__)

SERVER = "triggerhub"
REQUEST_ID = web.RequestKey("request_id", str)
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
CONSOLE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
Network = IPv4Network | IPv6Network
_REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9._-]{1,64}")


def in_common(
    meters: Meters, drain: Drain, *, https: bool, proxies: Sequence[Network]
) -> Middleware:
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
            request = request.clone(remote=client_of(request, proxies))
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
                if drain.begun:
                    response.force_close()  # the next request goes to whoever takes it
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


def client_of(request: web.Request, proxies: Sequence[Network]) -> str:
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


def _record(meters: Meters, request: web.Request, status: int, seconds: float) -> None:
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
            return problem_response(unexpected(), request_id)
        return problem_response(error, request_id)
    except web.HTTPException as error:
        if error.status < 400 or not request.path.startswith("/api/"):
            raise
        return problem_response(translated(error), request_id)
    except ConnectionError:
        raise
    except web.RequestPayloadError:
        # A body that isn't what its Content-Encoding or its chunks say.
        broken = Invalid("The request's body can't be decoded.", code="malformed")
        return problem_response(broken, request_id)
    except Exception:
        # The edge: a bug is logged once, here, and nothing of it is shown outside.
        log.exception("http.failed", path=request.path, request_id=request_id)
        return problem_response(unexpected(), request_id)

"""Errors as `application/problem+json` (RFC 9457): which status, which words.

Knows no route and no logging: what was unforeseen is logged where it is caught.
"""

from __future__ import annotations

import json
import math
from typing import Any

from aiohttp import web

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

# The type of all of them is `about:blank`, whose title is the status's own name (RFC 9457, 4.2.1;
# the names are those of RFC 9110, 15).
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
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


def status_of(error: HubError) -> int:
    if error.code in _STATUS_BY_CODE:
        return _STATUS_BY_CODE[error.code]
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return 500


def problem_of(error: HubError) -> dict[str, Any]:
    """The problem document of an error that was raised on purpose: `code` says what kind of
    problem it is, `detail` this one in a sentence."""
    status = status_of(error)
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES[status],
        "status": status,
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


def unexpected() -> HubError:
    """What is said of a bug: nothing of what it was."""
    return HubError("The hub failed to answer this request.", code="internal")


def translated(error: web.HTTPException) -> HubError:
    """What aiohttp refuses, in our words."""
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
            return unexpected()
        case _:
            return Invalid(error.reason, code="malformed")

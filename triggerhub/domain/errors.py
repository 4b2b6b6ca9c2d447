"""The one tree of errors. Status codes live at the edges (HTTP, SMTP), never here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any


class HubError(Exception):
    """Anything this project raises on purpose.

    `code` is a stable word for programs and translations; the message is English for people.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, whatever it was made with: errors pass from one process to another."""
        return _made, (type(self), self.args, vars(self))


def _made(kind: type[HubError], args: tuple[Any, ...], values: dict[str, Any]) -> HubError:
    error = kind.__new__(kind, *args)
    vars(error).update(values)
    return error


class Rejected(HubError):
    """Permanent: the same request will be refused again (HTTP 4xx, SMTP 5xx)."""

    code = "rejected"


class OptedOut(Rejected):
    """Whoever has this address takes no messages of this account; the provider holds to it."""

    code = "opted_out"


class Unavailable(HubError):
    """Transient: the caller should try again after `retry_after` (HTTP 503, SMTP 451)."""

    code = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retry_after: timedelta = timedelta(seconds=5),
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


STOPPING = "stopping"
"""Code of an Unavailable: the hub is going down, and may or may not have done what was asked."""

CONTENT_MISSING = "content_missing"
"""Code of an Unavailable: content is known, not erased, and its bytes aren't within reach."""


class Invalid(Rejected):
    """A request whose form is wrong (HTTP 400 or 422). `errors`: (field, what is wrong) pairs."""

    code = "invalid"

    def __init__(
        self, message: str, *, code: str | None = None, errors: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message, code=code)
        self.errors = tuple(errors)


class Unauthenticated(Rejected):
    """Nobody, or nobody any more (HTTP 401)."""

    code = "unauthenticated"


class Forbidden(Rejected):
    """`may()` said no (HTTP 403)."""

    code = "forbidden"


class NotFound(Rejected):
    """There is no such thing, or it is not for this viewer (HTTP 404)."""

    code = "not_found"


class Conflict(Rejected):
    """The thing is no longer in the state that the command needs (HTTP 409)."""

    code = "conflict"


class TooLarge(Rejected):
    """A documented limit was passed (HTTP 413, SMTP 552)."""

    code = "too_large"


class TooMany(Rejected):
    """A rate limit was passed (HTTP 429); `retry_after` says when it will be free again."""

    code = "too_many"

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Ambiguous(HubError):
    """A send was begun and its end is not known: it may or may not have reached the customer."""

    code = "ambiguous"

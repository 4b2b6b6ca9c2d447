"""JSON as the console reads it: UTC times with milliseconds; and safe text coming in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from triggerhub.domain.errors import Invalid


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(value: object) -> bytes:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def decode_object(data: bytes | str) -> dict[str, Any]:
    """A JSON object without NUL characters, which PostgreSQL can't keep.

    Raises Invalid (`malformed`) for what isn't JSON or isn't an object.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Invalid("This is not JSON.", code="malformed") from None
    if not isinstance(value, dict):
        raise Invalid("A JSON object is expected.", code="malformed")
    if _holds_nul(value):
        raise Invalid("Text must not hold NUL characters.", code="malformed")
    return value


def _holds_nul(value: object) -> bool:
    match value:
        case str():
            return "\x00" in value
        case list():
            return any(map(_holds_nul, value))
        case dict():
            return any("\x00" in key or _holds_nul(held) for key, held in value.items())
        case _:
            return False

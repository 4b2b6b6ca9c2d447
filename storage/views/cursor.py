"""Where a list goes on: `time~id` of its last row, or a number; what can't be read is refused."""

from __future__ import annotations

import re

from triggerhub.domain.errors import Invalid

# No more digits than fit in 64 bits, and none but ASCII's.
_NUMBER = re.compile(r"[0-9]{1,18}")


def place(after: str) -> tuple[int, str]:
    """(milliseconds, id). Raises Invalid for what no list gave out."""
    at, tilde, last_id = after.partition("~")
    if not tilde:
        raise Invalid("this place in the list can't be read", code="cursor")
    return number(at), last_id


def number(after: str) -> int:
    """Raises Invalid for what no list gave out."""
    if _NUMBER.fullmatch(after) is None:
        raise Invalid("this place in the list can't be read", code="cursor")
    return int(after)

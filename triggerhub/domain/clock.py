"""Time and ids come from outside, so that the same log and clock give the same decisions."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, UTC, whole milliseconds."""
        ...


class SystemClock:
    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class ManualClock:
    """A clock that stands still until it is told; for tests, simulation and the demo's past."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by

    def set(self, to: datetime) -> None:
        self._now = to


class IdSource(Protocol):
    def new(self, prefix: str) -> str:
        """A fresh id, `prefix_` and 22 letters or digits, not guessable, ordered by time."""
        ...


def base32(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        letters.append(_ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(letters))


class RandomIds:
    """48 bits of milliseconds, then 62 random bits: near in time is near in the index."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def new(self, prefix: str) -> str:
        millis = int(self._clock.now().timestamp() * 1000)
        return f"{prefix}_{base32((millis << 62) | secrets.randbits(62), 22)}"


class CountedIds:
    """`prefix_1`, `prefix_2` …: for tests, simulation and replay."""

    def __init__(self) -> None:
        self._next: Callable[[], int] = count(1).__next__

    def new(self, prefix: str) -> str:
        return f"{prefix}_{self._next()}"

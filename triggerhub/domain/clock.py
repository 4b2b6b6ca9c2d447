"""Time and ids come from outside, so that the same log and clock give the same decisions."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, UTC, whole milliseconds."""
        ...

    def millis(self) -> int:
        """The same as milliseconds since 1970."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)

    def millis(self) -> int:
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that stands still until it is told; for tests, simulation and the demo's past."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def millis(self) -> int:
        return int(self._now.timestamp() * 1000)

    def advance(self, by: timedelta) -> None:
        self._now += by

    def set(self, to: datetime) -> None:
        self._now = to


class IdSource(Protocol):
    def new(self, prefix: str) -> str:
        """A fresh id, `prefix_` and 22 letters or digits, not guessable, ordered by time."""
        ...


_FIVE_BITS = bytes(ord(_ALPHABET[byte & 31]) for byte in range(256))


_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)


class RandomIds:
    """Ten letters of time, to the millisecond, then 60 random bits.

    Near in time is near in the index. A busy hub makes tens of thousands of ids a second, so
    what can be made ahead is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._time = (-1, "")
        self._minutes = (-1, "")  # the first six letters, which stand for four of them
        self._random: list[str] = []

    def new(self, prefix: str) -> str:
        millis = self._clock.millis()
        made, letters = self._time
        if made != millis:
            letters = self._letters(millis << 2)
            self._time = (millis, letters)
        try:
            drawn = self._random.pop()
        except IndexError:
            # Each draw is a system call, and a turn for every other thread.
            drawn, *self._random = _draw(256)
        return f"{prefix}_{letters}{drawn}"

    def _letters(self, number: int) -> str:
        """Fifty bits in base 32."""
        made, first = self._minutes
        if made != number >> 20:
            first = "".join(_PAIRS[number >> at & 1023] for at in (40, 30, 20))
            self._minutes = (number >> 20, first)
        return f"{first}{_PAIRS[number >> 10 & 1023]}{_PAIRS[number & 1023]}"


def _draw(number: int) -> list[str]:
    """So many times twelve random letters."""
    letters = secrets.token_bytes(12 * number).translate(_FIVE_BITS).decode("ascii")
    return [letters[at : at + 12] for at in range(0, len(letters), 12)]


class CountedIds:
    """`prefix_1`, `prefix_2` …: for tests, simulation and replay."""

    def __init__(self) -> None:
        self._next: Callable[[], int] = count(1).__next__

    def new(self, prefix: str) -> str:
        return f"{prefix}_{self._next()}"

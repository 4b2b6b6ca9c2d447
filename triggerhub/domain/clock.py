"""Time and ids come from outside, so that the same log and clock give the same decisions."""

from __future__ import annotations

import secrets
import struct
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


class SystemClock:
    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


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


_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)


def base32(number: int, length: int) -> str:
    """`length` letters, two at a time: a busy hub makes tens of thousands of ids a second."""
    last = (length + 1) // 2 * 10 - 10
    return "".join([_PAIRS[number >> at & 1023] for at in range(last, -1, -10)])[-length:]


class RandomIds:
    """48 bits of milliseconds, then 62 random bits: near in time is near in the index."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._random: list[int] = []

    def new(self, prefix: str) -> str:
        millis = int(self._clock.now().timestamp() * 1000)
        try:
            drawn = self._random.pop()
        except IndexError:
            # Drawn in bulk: each draw is a system call, and a turn for every other thread.
            drawn, *self._random = struct.unpack("256Q", secrets.token_bytes(2048))
        return f"{prefix}_{base32((millis << 62) | drawn >> 2, 22)}"


class CountedIds:
    """`prefix_1`, `prefix_2` …: for tests, simulation and replay."""

    def __init__(self) -> None:
        self._next: Callable[[], int] = count(1).__next__

    def new(self, prefix: str) -> str:
        return f"{prefix}_{self._next()}"

"""Waiting until a counter that only grows has passed a number."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from functools import partial
from itertools import count

MANY = 64  # expired entries that are let lie


class _Waiting:
    """Told once: when the number is reached, when time is over, or at the end."""

    __slots__ = ("number", "order", "tell", "timer")

    def __init__(self, number: int, order: int, tell: Callable[[], None]) -> None:
        self.number = number
        self.order = order
        self.tell: Callable[[], None] | None = tell
        self.timer: asyncio.TimerHandle | None = None

    def __lt__(self, other: _Waiting) -> bool:
        return (self.number, self.order) < (other.number, other.order)

    def over(self) -> None:
        tell, self.tell = self.tell, None
        if self.timer is not None:
            self.timer.cancel()
        if tell is not None:
            tell()


class Milestones:
    def __init__(self, reached: int = 0) -> None:
        self.reached = reached
        self._waiting: list[_Waiting] = []
        self._order = count()
        self._expired = 0  # entries still in the heap whose time was over
        self._over = False

    def reach(self, number: int) -> None:
        self.reached = max(self.reached, number)
        while self._waiting and self._waiting[0].number <= self.reached:
            entry = heapq.heappop(self._waiting)
            self._expired -= entry.tell is None
            entry.over()

    def close(self) -> None:
        """Nobody waits any more."""
        self._over = True
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            entry.over()

    def call(
        self, number: int, seconds: float, tell: Callable[[], None]
    ) -> Callable[[], None] | None:
        """`tell` once `number` is reached, or that time is over; at once if it is already.

        What is returned ends the waiting before.
        """
        if self.reached >= number or self._over:
            tell()
            return None
        entry = _Waiting(number, next(self._order), tell)
        end = partial(self._expire, entry)
        entry.timer = asyncio.get_running_loop().call_later(seconds, end)
        heapq.heappush(self._waiting, entry)
        return end

    def _expire(self, entry: _Waiting) -> None:
        if entry.tell is None:
            return
        entry.over()
        self._expired += 1
        if self._expired > MANY and self._expired * 2 > len(self._waiting):
            self._waiting = [entry for entry in self._waiting if entry.tell is not None]
            heapq.heapify(self._waiting)
            self._expired = 0

    async def wait(self, number: int, seconds: float) -> bool:
        """Whether `number` was reached in that time."""
        future = asyncio.get_running_loop().create_future()
        end = self.call(number, seconds, lambda: None if future.done() else future.set_result(None))
        try:
            await future
        finally:
            if end is not None:
                end()
        return self.reached >= number

"""Waiting until a counter that only grows has passed a number."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class Milestones:
    def __init__(self, reached: int = 0) -> None:
        self.reached = reached
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._over = False

    def reach(self, number: int) -> None:
        self.reached = max(self.reached, number)
        while self._waiting and self._waiting[0][0] <= self.reached:
            _release(heapq.heappop(self._waiting)[2])

    def close(self) -> None:
        """Nobody waits any more."""
        self._over = True
        for _, _, future in self._waiting:
            _release(future)
        self._waiting.clear()

    async def wait(self, number: int, seconds: float) -> bool:
        """Whether `number` was reached in that time."""
        if self.reached >= number or self._over:
            return self.reached >= number
        future = asyncio.get_running_loop().create_future()
        entry = (number, next(self._order), future)
        heapq.heappush(self._waiting, entry)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return False
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)
                heapq.heapify(self._waiting)
        return self.reached >= number


def _release(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

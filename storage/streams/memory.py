"""The stream of a single node: there is nobody else to tell."""

from __future__ import annotations

from collections.abc import Callable


class Bus:
    def __init__(self) -> None:
        self.listeners: list[Callable[[int], None]] = []


class MemoryStream:
    """Several of them can share a `Bus` in tests, as nodes share a Redis."""

    def __init__(self, bus: Bus | None = None) -> None:
        self._bus = bus or Bus()
        self._heard: Callable[[int], None] | None = None

    async def start(self, heard: Callable[[int], None]) -> None:
        self._heard = heard
        self._bus.listeners.append(heard)

    def announce(self, seq: int) -> None:
        for heard in self._bus.listeners:
            if heard is not self._heard:
                heard(seq)

    async def stop(self) -> None:
        if self._heard in self._bus.listeners:
            self._bus.listeners.remove(self._heard)

    @property
    def healthy(self) -> bool:
        return True

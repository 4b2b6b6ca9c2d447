"""The consoles that show the list of customers, and when they are to read it again.

The list is one person's own, and reading it costs what a search costs. So in a flood the consoles
take turns: however many there are, no more than `AT_A_TIME` are told at once, and the next ones
`every` later.
"""

from __future__ import annotations

import asyncio

from agent_console.live.frames import frame
from agent_console.live.touched import Touched
from agent_console.live.viewer import Viewer

AT_A_TIME = 4  # consoles
CHANGED = frame("customers.changed", {})


class CustomerList:
    def __init__(self, *, every: float) -> None:
        self._every = every  # seconds
        self._showing: set[Viewer] = set()
        self._due: dict[Viewer, None] = {}  # in their turn
        self._wake = asyncio.Event()

    def show(self, viewer: Viewer, *, shows: bool) -> None:
        if shows:
            self._showing.add(viewer)
        else:
            self._showing.discard(viewer)
            self._due.pop(viewer, None)

    def note(self, keys: Touched) -> None:
        """Somebody wrote or came, or is called otherwise: order, words or names may be new."""
        if self._showing and (keys.came or keys.cards or keys.renamed):
            for viewer in self._showing:
                self._due.setdefault(viewer)
            self._wake.set()

    async def run(self) -> None:
        """Tell them in turns until cancelled."""
        while True:
            await self._wake.wait()
            for viewer in list(self._due)[:AT_A_TIME]:
                del self._due[viewer]
                viewer.push("customers", 0, CHANGED)
            if not self._due:
                self._wake.clear()
            await asyncio.sleep(self._every)

"""One open console as the feed sees it: rights, what it watches, and a bounded buffer of frames."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agent_console.live.frames import frame, numbered
from agent_console.live.scope import Scope, scope_of
from triggerhub.domain.permissions import Actor

MAX_FRAMES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bye:
    reason: str
    retry_after_ms: int


class Viewer:
    """Frames wait here under a key: a newer one of the same row takes the older one's place.

    That is safe for a resume: whatever event made the newer frame is after the older one's.
    """

    def __init__(self, actor: Actor, *, limit: int = MAX_FRAMES) -> None:
        self.actor = actor
        self.scope: Scope = scope_of(actor)
        self.joining = True
        self.fresh = True
        """Its lists (queues, accounts, attention) are to be sent whole once more."""
        self.refresh = asyncio.Event()
        """Turned when its rights may have changed: to be recognised and to join again."""
        self.watching: dict[str, str | None] = {}
        self.gap_entries: dict[str, str | None] = {}
        """Entries that changed while it was away, for customers that it watches again."""
        self.touched_after: dict[str, int] = {}
        self.bye: Bye | None = None
        self.seq = 0
        self._limit = limit
        self._frames: dict[str, tuple[int, bytes]] = {}
        self._wake = asyncio.Event()

    def become(self, actor: Actor) -> None:
        self.actor = actor
        self.scope = scope_of(actor)

    def push(self, key: str, seq: int, tail: bytes) -> None:
        frames = self._frames
        if self.bye is not None:
            return
        frames.pop(key, None)
        frames[key] = (seq, tail)
        if len(frames) > self._limit:
            self.say_bye("slow", 100)
        elif not self.joining:
            self._wake.set()

    def say_bye(self, reason: str, retry_after_ms: int) -> None:
        """The end. A slow viewer's waiting frames are dropped: it resumes where it was."""
        if self.bye is None:
            self.bye = Bye(reason=reason, retry_after_ms=retry_after_ms)
            if reason == "slow" or self.joining:
                self._frames.clear()
            self._wake.set()

    def begin(self, seq: int, first: list[tuple[str, int, bytes]]) -> None:
        """Joined as of `seq`: `first`, then what came meanwhile and isn't in it already."""
        later = {key: item for key, item in self._frames.items() if item[0] > seq}
        self._frames = {key: (at, tail) for key, at, tail in first}
        for key, item in later.items():
            self._frames.pop(key, None)
            self._frames[key] = item
        self.joining = False
        self.fresh = True
        self.touched_after.clear()
        self._wake.set()

    async def take(self) -> tuple[list[bytes], Bye | None]:
        """The frames that wait, numbered so that they never go back, and the end if it is near."""
        await self._wake.wait()
        self._wake.clear()
        while self.joining and self.bye is None:
            # What came before the snapshot belongs after it.
            await self._wake.wait()
            self._wake.clear()
        taken: list[bytes] = []
        for seq, tail in self._frames.values():
            self.seq = max(self.seq, seq)
            taken.append(numbered(self.seq, tail))
        self._frames.clear()
        return taken, self.bye

    def bye_frame(self, bye: Bye) -> bytes:
        data = {"reason": bye.reason, "retry_after_ms": bye.retry_after_ms}
        return numbered(self.seq, frame("bye", data))

"""One open console as the feed sees it: rights, what it watches, and a bounded buffer of frames."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agent_console.live.frames import frame, numbered
from agent_console.live.scope import Scope, scope_of
from triggerhub.domain.permissions import Actor

MAX_FRAMES = 1_000
# Keys of what a snapshot holds or makes void; cards, entries and answers to commands are in none.
_IN_SNAPSHOT = (
    "agent:", "queue:", "interaction:", "offer:", "account:", "attention", "snapshot", "resumed",
)  # fmt: skip


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
        """Its figures (queues, accounts, attention) are to be sent whole once more."""
        self.refresh = asyncio.Event()
        """Turned when its rights may have changed: to be recognised and to join again."""
        self.watching: dict[str, str | None] = {}
        self.gap_entries: dict[str, str | None] = {}
        """Entries that changed while it was away, for customers that it watches again."""
        self.touched_after: dict[str, int] = {}
        self.bye: Bye | None = None
        self.answering = False
        """A command is under way: its answer goes before a goodbye of the hub."""
        self.seq = 0
        self.floor = 0
        self.turn = 0
        """Counts the attempts to join: only the newest may begin."""
        self._limit = self._room = limit
        self._frames: dict[str, tuple[int, bytes]] = {}
        self._wake = asyncio.Event()

    def become(self, actor: Actor) -> None:
        self.actor = actor
        self.scope = scope_of(actor)

    def follows(self, seq: int) -> bool:
        """Whether a frame of a row with this number reaches it, and no snapshot instead."""
        return not self.joining and seq > self.floor

    def push(self, key: str, seq: int, tail: bytes) -> None:
        """`seq` 0: not in the log. What the viewer's snapshot holds already is passed over."""
        if seq <= self.floor and key.startswith(_IN_SNAPSHOT):
            return
        self.put(key, seq, tail)

    def put(self, key: str, seq: int, tail: bytes) -> None:
        """Push even if the number is below the snapshot's."""
        frames = self._frames
        if self.bye is not None and not self._owes_answer():
            return
        if not key.startswith("entry:"):  # those keep their order, by which a card counts them
            frames.pop(key, None)
        frames[key] = (seq, tail)
        if len(frames) > self._room:
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

    def answered(self) -> None:
        """What the command under way has to say is in the buffer."""
        self.answering = False
        if self.bye is not None:
            self._wake.set()

    def _owes_answer(self) -> bool:
        return self.answering and self.bye is not None and self.bye.reason == "shutdown"

    def begin(self, seq: int, first: list[tuple[str, int, bytes]]) -> None:
        """Joined as of `seq`: `first`, then what came meanwhile and isn't in it already."""
        later = {
            key: item
            for key, item in self._frames.items()
            if item[0] > seq or not key.startswith(_IN_SNAPSHOT)
        }
        self._frames = {key: (at, tail) for key, at, tail in first}
        for key, item in later.items():
            self._frames.pop(key, None)
            self._frames[key] = item
        # However much it missed, it isn't slow before it had a chance to take it.
        self._room = self._limit + len(self._frames)
        if first[0][0] == "snapshot":
            # Complete in itself, whatever older news of cards and entries follows it.
            self.seq = max(self.seq, seq)
        self.floor = seq
        self.joining = False
        self.fresh = True
        self.touched_after.clear()
        self._wake.set()

    async def take(self) -> tuple[list[bytes], Bye | None]:
        """The frames that wait, and the end if it is near."""
        await self._wake.wait()
        self._wake.clear()
        while self.joining and self.bye is None:
            # What came before the snapshot belongs after it.
            await self._wake.wait()
            self._wake.clear()
        waiting = list(self._frames.values())
        self._frames.clear()
        self._room = self._limit
        return self._numbered(waiting), None if self._owes_answer() else self.bye

    def _numbered(self, waiting: list[tuple[int, bytes]]) -> list[bytes]:
        """Each with the number up to which everything has been said once it is read.

        Cut off between two frames of one event, the console comes back with a number from before
        it and misses nothing.
        """
        lowest_after = 0
        numbers: list[int] = []
        for seq, _ in reversed(waiting):
            done = seq and (not lowest_after or seq < lowest_after)
            numbers.append(seq if done else 0)
            if done:
                lowest_after = seq
        taken: list[bytes] = []
        for number, (_, tail) in zip(reversed(numbers), waiting, strict=True):
            self.seq = max(self.seq, number)
            taken.append(numbered(self.seq, tail))
        return taken

    def bye_frame(self, bye: Bye) -> bytes:
        data = {"reason": bye.reason, "retry_after_ms": bye.retry_after_ms}
        return numbered(self.seq, frame("bye", data))

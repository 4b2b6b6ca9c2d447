"""The numbers that nearly every event changes: queues, channel accounts, what needs attention.

They are read at most once a second, compared with what was sent last, and sent only where they
differ; a viewer that has just joined gets them once more, whatever was sent before. Each goes to
nearly every console, so the consoles take turns with everything else that is to be done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from agent_console.live.audience import Audience
from agent_console.live.frames import frame, removed_frame
from agent_console.live.scope import plain_account
from agent_console.live.viewer import Viewer
from triggerhub.domain.ports import Json, Views

AT_ONCE = 16  # consoles, before others get their turn


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """`plain`: for those without a board, who may have been sent what others are sent now."""

    key: str
    tail: bytes
    seen_by: Callable[[Viewer], bool]
    plain: bool = False


class Figures:
    def __init__(self, views: Views, audience: Audience) -> None:
        self._views = views
        self._audience = audience
        self._queues: set[str] = set()
        self._sent: set[tuple[bytes, bool]] = set()

    async def send(self, seq: int) -> None:
        """Raises Unavailable if the rows can't be read; nothing is lost by trying again."""
        if not self._audience.viewers:
            return
        queues = await self._views.listed("queues")
        accounts = await self._views.listed("accounts")
        attention = await self._views.attention_count()
        pieces = [*self._gone(queues), *_queues(queues), *_accounts(accounts), _count(attention)]
        changed = [piece for piece in pieces if (piece.tail, piece.plain) not in self._sent]
        self._sent = {(piece.tail, piece.plain) for piece in pieces}
        for number, viewer in enumerate(list(self._audience.viewers), 1):
            if viewer in self._audience.viewers:
                fresh = viewer.fresh and not viewer.joining
                for piece in pieces if fresh else changed:
                    if piece.seen_by(viewer):
                        viewer.put(piece.key, seq, piece.tail)
                if fresh:
                    viewer.fresh = False
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _gone(self, queues: list[Json]) -> Iterator[_Piece]:
        there = {row["id"] for row in queues}
        for queue_id in self._queues - there:
            yield _Piece(
                key=f"queue:{queue_id}",
                tail=removed_frame("queue", queue_id),
                seen_by=lambda viewer: True,
            )
        self._queues = there


def _queues(rows: list[Json]) -> Iterator[_Piece]:
    for row in rows:
        yield _Piece(
            key=f"queue:{row['id']}",
            tail=frame("queue.changed", row),
            seen_by=partial(_serves, queue_id=row["id"]),
        )


def _serves(viewer: Viewer, *, queue_id: str) -> bool:
    return viewer.scope.queues or queue_id in viewer.actor.queue_ids


def _accounts(rows: list[Json]) -> Iterator[_Piece]:
    """Their times change with every message, and most consoles have no use for them."""
    for row in rows:
        for whole in (True, False):
            yield _Piece(
                key=f"account:{row['id']}",
                tail=frame("account.changed", row if whole else plain_account(row)),
                seen_by=partial(_has_board, wanted=whole),
                plain=not whole,
            )


def _has_board(viewer: Viewer, *, wanted: bool) -> bool:
    return viewer.scope.queues is wanted


def _count(attention: int) -> _Piece:
    return _Piece(
        key="attention",
        tail=frame("attention.changed", {"count": attention}),
        seen_by=lambda viewer: viewer.scope.attention,
    )

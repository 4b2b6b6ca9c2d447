"""Who can take work now: of each line those with room, in their turn; of the others, why not.

Told of a worker after whatever may have changed them (`place`). Must not know work, offers or
time: it sees workers and nothing else.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable

from router.assign.pieces import Line, Turn, Worker

# How a worker was counted, so that it can be undone: queues, refusal, where the turn stands.
_Place = tuple[tuple[str, ...], str | None, Turn, list[Line]]


class Ready:
    """Kept at each change, for it is asked at each decision."""

    def __init__(self) -> None:
        self.channels: set[str] = set()  # a line is kept for those that there ever was work of
        self._turns: dict[Line, list[Turn]] = {}
        self._able: Counter[str] = Counter()
        self._refusals: dict[str, Counter[str]] = {}
        self._places: dict[str, _Place] = {}

    def of(self, line: Line) -> list[Turn]:
        """Those with room for this line's work, in their turn: the longest idle first."""
        return self._turns.get(line, [])

    def refusals(self, line: Line) -> Counter[str]:
        """How many of the queue's agents can't be offered this line's work, by reason."""
        counted = Counter(self._refusals.get(line[0], Counter()))
        counted["at_capacity"] = self._able[line[0]] - len(self.of(line))
        return +counted

    def see(self, channel: str, workers: Iterable[Worker]) -> None:
        """There is work of this channel; `workers`: all."""
        if channel not in self.channels:
            self.channels.add(channel)
            for worker in workers:
                self.place(worker)

    def place(self, worker: Worker) -> None:
        """Count this worker anew, as they are now."""
        was = self._places.get(worker.id)
        if was is not None:
            self._take_away(*was)
        queue_ids, refusal, turn = worker.queue_ids, worker.refusal(), worker.turn
        lines: list[Line] = []
        if refusal is None:
            for queue_id in queue_ids:
                self._able[queue_id] += 1
            lines = [(q, c) for c in self.channels if worker.room(c) for q in queue_ids]
            for line in lines:
                insort(self._turns.setdefault(line, []), turn)
        else:
            for queue_id in queue_ids:
                self._refusals.setdefault(queue_id, Counter())[refusal] += 1
        self._places[worker.id] = queue_ids, refusal, turn, lines

    def _take_away(
        self, queue_ids: tuple[str, ...], refusal: str | None, turn: Turn, lines: list[Line]
    ) -> None:
        for line in lines:
            turns = self._turns[line]
            del turns[bisect_left(turns, turn)]
        for queue_id in queue_ids:
            if refusal is None:
                self._able[queue_id] -= 1
            else:
                self._refusals[queue_id][refusal] -= 1

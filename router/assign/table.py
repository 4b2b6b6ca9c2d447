"""What lies on the table: what waits, who is there, what is in hand and what is held out.

Owns the moves, and what follows from each for the agent concerned: their status, what time will
bring, whether they are ready. Must not know events or the log (`board` does), nor who gets what
(`decide`).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from datetime import datetime

from router.assign.pieces import NEVER, Held, Leg, Line, Waiting, Worker
from router.assign.ready import Ready
from triggerhub.domain.model.agent import status
from triggerhub.domain.rows import QueueRow


class Table:
    """Holds no more than open work and agents, whatever the log's length."""

    def __init__(self) -> None:
        self.queues: dict[str, QueueRow] = {}
        self.workers: dict[str, Worker] = {}
        self.work: dict[str, Waiting] = {}  # every open interaction's place in its queue
        self.waiting: dict[Line, list[tuple[int, str]]] = {}
        self.offers: dict[str, Held] = {}
        self.owners: dict[str, str] = {}
        self.legs: dict[str, Leg] = {}
        self.asleep: set[str] = set()  # parked interactions
        self.ready = Ready()
        # What time will bring.
        self.left_out: dict[tuple[str, str], datetime] = {}
        self.graces: dict[str, datetime] = {}
        self.gone: dict[str, datetime] = {}
        self.parked: dict[str, datetime] = {}  # or scheduled, until then
        self.done: set[str] = set()  # workers whose work in hand may be finished

    # --- the queues ---------------------------------------------------------------------------

    def _join_queue(self, known: Waiting) -> None:
        insort(self.waiting.setdefault((known.queue_id, known.channel), []), known.score)

    def _leave_queue(self, interaction_id: str) -> None:
        known = self.work.get(interaction_id)
        if known is None:
            return
        line = self.waiting.get((known.queue_id, known.channel))
        if not line:
            return
        at = bisect_left(line, known.score)
        if at < len(line) and line[at] == known.score:
            del line[at]

    # --- what is held out, what is in hand ----------------------------------------------------

    def _hold_out(self, held: Held) -> None:
        self.offers[held.id] = held
        worker = self.workers.get(held.agent_id)
        if worker is not None:
            worker.offers[held.id] = self._channel(held.interaction_id)

    def _take_back(self, offer_id: str, at: datetime) -> None:
        held = self.offers.pop(offer_id, None)
        if held is not None and (worker := self.workers.get(held.agent_id)) is not None:
            worker.offers.pop(offer_id, None)
            self._touch(worker.id, at)

    def _channel(self, interaction_id: str) -> str:
        known = self.work.get(interaction_id)
        return known.channel if known is not None else ""

    def _put_to_sleep(self, interaction_id: str, until: datetime | None, at: datetime) -> None:
        self.asleep.add(interaction_id)
        if until is not None:
            self.parked[interaction_id] = until
        for worker, leg_id in self._hands(interaction_id):
            worker.asleep.add(leg_id)
            self.done.add(worker.id)
            self._touch(worker.id, at)

    def _wake(self, interaction_id: str, at: datetime) -> None:
        self.parked.pop(interaction_id, None)
        if interaction_id in self.asleep:
            self.asleep.discard(interaction_id)
            for worker, leg_id in self._hands(interaction_id):
                worker.asleep.discard(leg_id)
                self._touch(worker.id, at)

    def _hands(self, interaction_id: str) -> list[tuple[Worker, str]]:
        """The owner with their legs in this interaction."""
        worker = self.workers.get(self.owners.get(interaction_id, ""))
        if worker is None:
            return []
        legs = [leg for leg in worker.legs if self.legs[leg].interaction_id == interaction_id]
        return [(worker, leg) for leg in legs]

    # --- what follows for an agent ------------------------------------------------------------

    def _touch(self, agent_id: str, at: datetime) -> None:
        """What follows from a change: status, timers, place among those who are ready."""
        worker = self.workers.get(agent_id)
        if worker is None:
            return
        derived = status(worker.presence, worker.not_responding, worker.in_hand)
        if derived != worker.status:
            worker.status, worker.status_at = derived, at
        self._follow(worker)

    def _follow(self, worker: Worker) -> None:
        """Who isn't there goes offline after the grace; offline for long, the work goes back."""
        self.graces.pop(worker.id, None)
        self.gone.pop(worker.id, None)
        away = not worker.connected
        if away and worker.presence != "offline" and worker.grace_until is not None:
            self.graces[worker.id] = worker.grace_until
        if worker.disabled or (away and worker.presence == "offline"):
            since = self._gone_since(worker)
            if since is not None:
                self.gone[worker.id] = since
        self.ready.place(worker)

    def _gone_since(self, worker: Worker) -> datetime | None:
        """Of who is locked out it goes back at once. Parked work stays: when its customer writes,
        it wakes, and then goes back.
        """
        awake = [leg for leg in worker.legs if leg not in worker.asleep]
        if not awake:
            return None
        if worker.disabled:
            return NEVER
        since = max(worker.presence_at, *(self.legs[leg].started_at for leg in awake))
        return max(since, worker.grace_until or since)

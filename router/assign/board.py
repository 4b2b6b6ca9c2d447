"""What the leader keeps in memory: what waits, who is free, what is held out. A fold of the log.

Loaded from open work when the leader starts; afterwards every event it reads moves it on. Holds
no more than open work and agents, whatever the log's length.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from router.assign.pieces import NEVER, Held, Leg, Line, Turn, Waiting, Worker
from triggerhub.domain import events as ev
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.agent import status
from triggerhub.domain.model.offer import LEFT_OUT
from triggerhub.domain.rows import InteractionRow, LegRow, OfferRow, QueueRow, UserRow
from triggerhub.domain.work import Reading


class Board:
    """Queues, workers, waiting work, offers held out; changed only by `fold`."""

    def __init__(self) -> None:
        self.position = 0  # every event up to here was read
        self.decided = False  # whether a decision was made since loading
        self.configuration = 0
        self._folded_to = 0  # every event up to here is in the board, whether read or loaded
        self._ahead: set[int] = set()  # beyond the position, yet folded when they were appended
        self.queues: dict[str, QueueRow] = {}
        self.workers: dict[str, Worker] = {}
        self.work: dict[str, Waiting] = {}  # every open interaction's place in its queue
        self.waiting: dict[Line, list[tuple[int, str]]] = {}
        self.offers: dict[str, Held] = {}
        self.owners: dict[str, str] = {}
        self.legs: dict[str, Leg] = {}
        self.asleep: set[str] = set()  # parked interactions
        self.left_out: dict[tuple[str, str], datetime] = {}
        self.graces: dict[str, datetime] = {}
        self.gone: dict[str, datetime] = {}
        self.parked: dict[str, datetime] = {}
        self.done: set[str] = set()  # workers whose work in hand may be finished
        self._channels: set[str] = set()
        self._ready: dict[Line, list[Turn]] = {}
        self._place: dict[str, tuple[Turn, list[Line]]] = {}
        self._able: Counter[str] = Counter()
        self._refusals: dict[str, Counter[str]] = {}
        self._counted: dict[str, tuple[str, tuple[str, ...]]] = {}

    # --- loading ------------------------------------------------------------------------------

    @classmethod
    def load(cls, reading: Reading, position: int, head: int, now: datetime) -> Board:
        """The board as the projections, which are true up to `head`, say it is."""
        board = cls()
        board.position, board._folded_to = position, head
        board.configuration = reading.configuration()
        board.queues = {row.id: row for row in reading.queues()}
        for user in reading.users():
            board._add_user(user)
        for row in reading.open_interactions():
            board._add_open(row)
        for leg in reading.legs():
            board._add_leg(leg)
        for offer in reading.pending_offers():
            board._add_offer(offer)
        for refused in reading.refused_since(now - LEFT_OUT):
            assert refused.ended_at is not None
            board.left_out[refused.interaction_id, refused.agent_id] = refused.ended_at + LEFT_OUT
        for worker in board.workers.values():
            board._place_worker(worker)
            if worker.next_presence is not None:
                board.done.add(worker.id)
        return board

    def _add_user(self, user: UserRow) -> None:
        self.workers[user.id] = Worker(
            id=user.id,
            queue_ids=user.queue_ids,
            capacity=dict(user.capacity),
            presence=user.presence,
            next_presence=user.next_presence,
            not_responding=user.not_responding,
            connected=user.connected,
            disabled=user.disabled,
            grace_until=user.grace_until,
            presence_at=user.presence_at,
            status=user.status,
            status_at=user.status_at,
        )

    def _add_open(self, row: InteractionRow) -> None:
        enqueued_at = row.enqueued_at or NEVER
        waiting = Waiting(
            interaction_id=row.id,
            queue_id=row.queue_id or "",
            channel=row.channel,
            enqueued_at=enqueued_at,
            first_enqueued_at=row.first_enqueued_at or enqueued_at,
            priority=row.priority,
        )
        self.work[row.id] = waiting
        self._channels.add(row.channel)
        if row.state == "queued":
            insort(self.waiting.setdefault((waiting.queue_id, row.channel), []), waiting.score)
        if row.state == "parked":
            self.asleep.add(row.id)
            if row.parked_until is not None:
                self.parked[row.id] = row.parked_until
        if row.owner_id is not None:
            self.owners[row.id] = row.owner_id

    def _add_leg(self, leg: LegRow) -> None:
        self.legs[leg.id] = Leg(leg.agent_id, leg.interaction_id, leg.started_at)
        worker = self.workers.get(leg.agent_id)
        if worker is not None:
            worker.legs[leg.id] = leg.channel
            if leg.parked:
                worker.asleep.add(leg.id)

    def _add_offer(self, offer: OfferRow) -> None:
        self._hold_out(
            Held(
                id=offer.id,
                interaction_id=offer.interaction_id,
                queue_id=offer.queue_id,
                agent_id=offer.agent_id,
                expires_at=offer.expires_at,
            )
        )

    # --- reading ------------------------------------------------------------------------------

    def ready(self, line: Line) -> list[Turn]:
        """Those with room for this line's work, in their turn: the longest idle first."""
        return self._ready.get(line, [])

    def refusals(self, line: Line) -> Counter[str]:
        """How many of the queue's agents can't be offered this line's work, by reason."""
        counted = Counter(self._refusals.get(line[0], Counter()))
        counted["at_capacity"] = self._able[line[0]] - len(self.ready(line))
        return +counted

    # --- folding ------------------------------------------------------------------------------

    def read_to(self, seq: int) -> None:
        self.position = seq
        self._ahead = {ahead for ahead in self._ahead if ahead > seq}

    def fold(self, recorded: Recorded) -> None:
        """Take in one event; one that is in already changes nothing."""
        fact = recorded.fact
        if not describes(fact) or recorded.seq <= self._folded_to or recorded.seq in self._ahead:
            return
        self._ahead.add(recorded.seq)
        self.FOLDS[type(fact)](self, fact, recorded.at)
        if isinstance(fact, ev.QueueConfigured | ev.QueueRemoved | ev.UserConfigured):
            self.configuration = recorded.seq

    def _create(self, fact: ev.InteractionCreated, at: datetime) -> None:
        self._see_channel(fact.channel)
        self.work[fact.interaction_id] = Waiting(
            interaction_id=fact.interaction_id,
            queue_id="",
            channel=fact.channel,
            enqueued_at=NEVER,
            first_enqueued_at=NEVER,
            priority=fact.priority,
        )

    def _park(self, fact: ev.InteractionParked, at: datetime) -> None:
        self._leave_queue(fact.interaction_id)
        self._wake(fact.interaction_id, at)
        self._put_to_sleep(fact, at)

    def _resume(self, fact: ev.InteractionResumed, at: datetime) -> None:
        self._wake(fact.interaction_id, at)

    def _close(self, fact: ev.InteractionClosed, at: datetime) -> None:
        self._leave_queue(fact.interaction_id)
        self._wake(fact.interaction_id, at)
        self.work.pop(fact.interaction_id, None)
        self.owners.pop(fact.interaction_id, None)

    def _offer(self, fact: ev.OfferMade, at: datetime) -> None:
        self._leave_queue(fact.interaction_id)
        self._hold_out(
            Held(
                id=fact.offer_id,
                interaction_id=fact.interaction_id,
                queue_id=fact.queue_id,
                agent_id=fact.agent_id,
                expires_at=fact.expires_at,
            )
        )
        self._touch(fact.agent_id, at)

    def _end_offer(
        self, fact: ev.OfferAccepted | ev.OfferCancelled | ev.OfferRescinded, at: datetime
    ) -> None:
        self._take_back(fact.offer_id, at)

    def _refuse(self, fact: ev.OfferDeclined | ev.OfferTimedOut, at: datetime) -> None:
        self.left_out[fact.interaction_id, fact.agent_id] = at + LEFT_OUT
        if isinstance(fact, ev.OfferTimedOut):
            self.workers[fact.agent_id].not_responding = True
        self._take_back(fact.offer_id, at)

    def _enqueue(self, fact: ev.InteractionQueued, at: datetime) -> None:
        self._leave_queue(fact.interaction_id)
        self._wake(fact.interaction_id, at)
        known = self.work[fact.interaction_id]
        known.queue_id = fact.queue_id
        known.enqueued_at = fact.enqueued_at
        known.first_enqueued_at = fact.first_enqueued_at
        insort(self.waiting.setdefault((fact.queue_id, known.channel), []), known.score)
        self.owners.pop(fact.interaction_id, None)

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

    def _hold_out(self, held: Held) -> None:
        self.offers[held.id] = held
        worker, known = self.workers.get(held.agent_id), self.work.get(held.interaction_id)
        if worker is not None:
            worker.offers[held.id] = known.channel if known is not None else ""

    def _put_to_sleep(self, fact: ev.InteractionParked, at: datetime) -> None:
        self.asleep.add(fact.interaction_id)
        if fact.until_at is not None:
            self.parked[fact.interaction_id] = fact.until_at
        for worker, leg_id in self._hands(fact.interaction_id):
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

    def _take_back(self, offer_id: str, at: datetime) -> None:
        held = self.offers.pop(offer_id, None)
        if held is not None and (worker := self.workers.get(held.agent_id)) is not None:
            worker.offers.pop(offer_id, None)
            self._touch(worker.id, at)

    def _start_leg(self, fact: ev.AssignmentStarted, at: datetime) -> None:
        self._leave_queue(fact.interaction_id)
        known = self.work.get(fact.interaction_id)
        self.legs[fact.assignment_id] = Leg(fact.agent_id, fact.interaction_id, at)
        if fact.role == "owner":
            self._wake(fact.interaction_id, at)
            self.owners[fact.interaction_id] = fact.agent_id
        worker = self.workers.get(fact.agent_id)
        if worker is not None:
            worker.legs[fact.assignment_id] = known.channel if known is not None else ""
            self._touch(worker.id, at)

    def _end_leg(self, fact: ev.AssignmentEnded, at: datetime) -> None:
        self.legs.pop(fact.assignment_id, None)
        worker = self.workers.get(fact.agent_id)
        if worker is not None:
            worker.legs.pop(fact.assignment_id, None)
            worker.asleep.discard(fact.assignment_id)
            self.done.add(worker.id)
            self._touch(worker.id, at)

    def _agent(
        self,
        fact: ev.PresenceChanged | ev.AgentCleared | ev.AgentConnected | ev.AgentDisconnected,
        at: datetime,
    ) -> None:
        worker = self.workers.get(fact.agent_id)
        if worker is None:
            return
        match fact:
            case ev.PresenceChanged():
                if worker.presence != fact.presence:
                    worker.presence_at = at
                worker.presence, worker.next_presence = fact.presence, fact.next_presence
                self.done.add(worker.id)
            case ev.AgentCleared():
                worker.not_responding = False
            case ev.AgentConnected():
                worker.connected, worker.grace_until = True, None
            case ev.AgentDisconnected():
                worker.connected, worker.grace_until = False, fact.grace_until_at
        self._touch(worker.id, at)

    def _set_queue(self, fact: ev.QueueConfigured, at: datetime) -> None:
        self.queues[fact.queue_id] = QueueRow(
            id=fact.queue_id,
            name=fact.name,
            sla_seconds=fact.sla_seconds,
            offer_seconds=fact.offer_seconds,
            auto_accept=fact.auto_accept,
            managed_by=fact.managed_by,
        )

    def _drop_queue(self, fact: ev.QueueRemoved, at: datetime) -> None:
        self.queues.pop(fact.queue_id, None)

    def _set_user(self, fact: ev.UserConfigured, at: datetime) -> None:
        worker = self.workers.get(fact.user_id) or Worker(
            id=fact.user_id, presence_at=at, status_at=at
        )
        self.workers[fact.user_id] = worker
        worker.queue_ids = fact.queue_ids
        worker.capacity = dict(fact.capacity)
        worker.disabled = fact.disabled
        self._touch(worker.id, at)

    # --- the ready lists ----------------------------------------------------------------------

    def _touch(self, agent_id: str, at: datetime) -> None:
        """What follows from a change: status, timers, place in the ready lists."""
        worker = self.workers.get(agent_id)
        if worker is None:
            return
        derived = status(worker.presence, worker.not_responding, worker.in_hand)
        if derived != worker.status:
            worker.status, worker.status_at = derived, at
        self._place_worker(worker)

    def _time_worker(self, worker: Worker) -> None:
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

    def _see_channel(self, channel: str) -> None:
        if channel not in self._channels:
            self._channels.add(channel)
            for worker in self.workers.values():
                self._place_worker(worker)

    def _place_worker(self, worker: Worker) -> None:
        """Keep timers, ready lists and the counts of refusals true for this worker."""
        self._time_worker(worker)
        placed = self._place.pop(worker.id, None)
        if placed is not None:
            for line in placed[1]:
                ready = self._ready[line]
                del ready[bisect_left(ready, placed[0])]
        counted = self._counted.pop(worker.id, None)
        if counted is not None:
            for queue_id in counted[1]:
                if counted[0]:
                    self._refusals[queue_id][counted[0]] -= 1
                else:
                    self._able[queue_id] -= 1
        refusal = worker.refusal() or ""
        self._counted[worker.id] = (refusal, worker.queue_ids)
        for queue_id in worker.queue_ids:
            if refusal:
                self._refusals.setdefault(queue_id, Counter())[refusal] += 1
            else:
                self._able[queue_id] += 1
        if refusal:
            return
        lines = [(q, c) for c in self._channels if worker.room(c) for q in worker.queue_ids]
        turn = worker.turn
        for line in lines:
            insort(self._ready.setdefault(line, []), turn)
        self._place[worker.id] = (turn, lines)

    FOLDS: ClassVar[Mapping[type[Fact], Callable[[Board, Any, datetime], None]]] = MappingProxyType(
        {
            ev.InteractionCreated: _create,
            ev.InteractionQueued: _enqueue,
            ev.InteractionParked: _park,
            ev.InteractionResumed: _resume,
            ev.InteractionClosed: _close,
            ev.OfferMade: _offer,
            ev.OfferAccepted: _end_offer,
            ev.OfferCancelled: _end_offer,
            ev.OfferRescinded: _end_offer,
            ev.OfferDeclined: _refuse,
            ev.OfferTimedOut: _refuse,
            ev.AssignmentStarted: _start_leg,
            ev.AssignmentEnded: _end_leg,
            ev.PresenceChanged: _agent,
            ev.AgentCleared: _agent,
            ev.AgentConnected: _agent,
            ev.AgentDisconnected: _agent,
            ev.QueueConfigured: _set_queue,
            ev.QueueRemoved: _drop_queue,
            ev.UserConfigured: _set_user,
        }
    )


def describes(fact: Fact) -> bool:
    """Whether a fact can change the board (so that a batch without any needs no decision)."""
    return type(fact) in Board.FOLDS

"""What the leader keeps in memory: the table of open work and agents, as a fold of the log.

Loaded from open work when the leader starts; afterwards every event it reads moves it on. Owns
which event makes which move, and how far it has read. Must not know what follows from a move
(`table`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from router.assign.pieces import NEVER, Held, Leg, Waiting, Worker
from router.assign.table import Table
from triggerhub.domain import events as ev
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.offer import LEFT_OUT
from triggerhub.domain.rows import InteractionRow, LegRow, QueueRow
from triggerhub.domain.work import Reading

_CONFIGURING = frozenset({ev.QueueConfigured, ev.QueueRemoved, ev.UserConfigured})


class Board(Table):
    """Queues, workers, waiting work, offers held out; changed only by `fold`."""

    def __init__(self) -> None:
        super().__init__()
        self.position = 0  # every event up to here was read
        self.decided = False  # whether a decision was made since loading
        self.configuration = 0
        self._folded_to = 0  # every event up to here is in the board, whether read or loaded
        self._ahead: set[int] = set()  # beyond the position, yet folded when they were appended

    # --- loading ------------------------------------------------------------------------------

    @classmethod
    def load(cls, reading: Reading, position: int, head: int, now: datetime) -> Board:
        """The board as the projections, which are true up to `head`, say it is."""
        board = cls()
        board.position, board._folded_to = position, head
        board.configuration = reading.configuration()
        board.queues = {row.id: row for row in reading.queues()}
        board.workers = {row.id: Worker.of(row) for row in reading.users()}
        for row in reading.open_interactions():
            board._add_open(row)
        for leg in reading.legs():
            board._add_leg(leg)
        for offer in reading.pending_offers():
            board._hold_out(Held.of(offer))
        for refused in reading.refused_since(now - LEFT_OUT):
            assert refused.ended_at is not None
            board.left_out[refused.interaction_id, refused.agent_id] = refused.ended_at + LEFT_OUT
        for worker in board.workers.values():
            board._follow(worker)
            if worker.next_presence is not None:
                board.done.add(worker.id)
        return board

    def _add_open(self, row: InteractionRow) -> None:
        waiting = self.work[row.id] = Waiting.of(row)
        self.ready.see(row.channel, ())
        if row.state == "queued":
            self._join_queue(waiting)
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

    # --- folding ------------------------------------------------------------------------------

    def read_to(self, seq: int) -> None:
        self.position = seq
        self._ahead = {ahead for ahead in self._ahead if ahead > seq}

    def fold(self, recorded: Recorded) -> None:
        """Take in one event; one that is in already changes nothing."""
        fact, seq = recorded.fact, recorded.seq
        move = self.FOLDS.get(type(fact))
        if move is None or seq <= self._folded_to or seq in self._ahead:
            return
        self._ahead.add(seq)
        move(self, fact, recorded.at)
        if type(fact) in _CONFIGURING:
            self.configuration = seq

    def _create(self, fact: ev.InteractionCreated, at: datetime) -> None:
        self.ready.see(fact.channel, self.workers.values())
        self.work[fact.interaction_id] = Waiting(
            interaction_id=fact.interaction_id,
            queue_id="",
            channel=fact.channel,
            enqueued_at=NEVER,
            first_enqueued_at=NEVER,
            priority=fact.priority,
        )

    def _schedule(self, fact: ev.InteractionScheduled, at: datetime) -> None:
        self.work[fact.interaction_id].queue_id = fact.queue_id
        self.parked[fact.interaction_id] = fact.due_at

    def _enqueue(self, fact: ev.InteractionQueued, at: datetime) -> None:
        self._leave_queue(fact.interaction_id)
        self._wake(fact.interaction_id, at)
        known = self.work[fact.interaction_id]
        known.queue_id = fact.queue_id
        known.enqueued_at = fact.enqueued_at
        known.first_enqueued_at = fact.first_enqueued_at
        self._join_queue(known)
        self.owners.pop(fact.interaction_id, None)

    def _park(self, fact: ev.InteractionParked, at: datetime) -> None:
        self._leave_queue(fact.interaction_id)
        self._wake(fact.interaction_id, at)
        self._put_to_sleep(fact.interaction_id, fact.until_at, at)

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

    def _decline(self, fact: ev.OfferDeclined | ev.OfferTimedOut, at: datetime) -> None:
        self.left_out[fact.interaction_id, fact.agent_id] = at + LEFT_OUT
        self._take_back(fact.offer_id, at)

    def _miss(self, fact: ev.OfferTimedOut, at: datetime) -> None:
        self.workers[fact.agent_id].not_responding = True
        self._decline(fact, at)

    def _start_leg(self, fact: ev.AssignmentStarted, at: datetime) -> None:
        self._leave_queue(fact.interaction_id)
        self.legs[fact.assignment_id] = Leg(fact.agent_id, fact.interaction_id, at)
        if fact.role == "owner":
            self._wake(fact.interaction_id, at)
            self.owners[fact.interaction_id] = fact.agent_id
        worker = self.workers.get(fact.agent_id)
        if worker is not None:
            worker.legs[fact.assignment_id] = self._channel(fact.interaction_id)
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

    def _set_user(self, fact: ev.UserConfigured, at: datetime) -> None:
        worker = self.workers.get(fact.user_id) or Worker(
            id=fact.user_id, presence_at=at, status_at=at
        )
        self.workers[fact.user_id] = worker
        worker.queue_ids = fact.queue_ids
        worker.capacity = dict(fact.capacity)
        worker.disabled = fact.disabled
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

    FOLDS: ClassVar[Mapping[type[Fact], Callable[[Board, Any, datetime], None]]] = MappingProxyType(
        {
            ev.InteractionCreated: _create,
            ev.InteractionScheduled: _schedule,
            ev.InteractionQueued: _enqueue,
            ev.InteractionParked: _park,
            ev.InteractionResumed: _resume,
            ev.InteractionClosed: _close,
            ev.OfferMade: _offer,
            ev.OfferAccepted: _end_offer,
            ev.OfferCancelled: _end_offer,
            ev.OfferRescinded: _end_offer,
            ev.OfferDeclined: _decline,
            ev.OfferTimedOut: _miss,
            ev.AssignmentStarted: _start_leg,
            ev.AssignmentEnded: _end_leg,
            ev.PresenceChanged: _agent,
            ev.AgentCleared: _agent,
            ev.AgentConnected: _agent,
            ev.AgentDisconnected: _agent,
            ev.UserConfigured: _set_user,
            ev.QueueConfigured: _set_queue,
            ev.QueueRemoved: _drop_queue,
        }
    )


def describes(fact: Fact) -> bool:
    """Whether a fact can change the board (so that a batch without any needs no decision)."""
    return type(fact) in Board.FOLDS

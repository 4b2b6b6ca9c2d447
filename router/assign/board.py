"""What the leader keeps in memory: what waits, who is free, what is held out. A fold of the log.

Loaded from open work when the leader starts; afterwards every event it reads moves it on. Holds
no more than open work and agents, whatever the log's length.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from triggerhub.domain import events as ev
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.agent import status
from triggerhub.domain.work import InteractionRow, LegRow, OfferRow, QueueRow, Reading, UserRow

LEFT_OUT = timedelta(seconds=60)  # an agent who refused isn't asked for the same work again so soon
POINT_MS = 60_000  # one point of priority is one minute of waiting


@dataclass(slots=True, kw_only=True)
class Waiting:
    interaction_id: str
    queue_id: str
    channel: str
    enqueued_at: datetime
    first_enqueued_at: datetime
    priority: int

    @property
    def score(self) -> tuple[int, str]:
        """Lowest first: `enqueued_at_ms − priority × 60 000`; nothing starves."""
        enqueued = int(self.enqueued_at.timestamp() * 1000)
        return enqueued - self.priority * POINT_MS, self.interaction_id


@dataclass(slots=True, kw_only=True)
class Worker:
    """An agent as routing sees them. `slots`: channel → work in hand and offers held out."""

    id: str
    queue_ids: tuple[str, ...] = ()
    capacity: dict[str, int] = field(default_factory=dict)
    presence: str = "offline"
    next_presence: str | None = None
    not_responding: bool = False
    connected: bool = False
    disabled: bool = False
    free_since: datetime
    legs: dict[str, str] = field(default_factory=dict)
    offers: dict[str, str] = field(default_factory=dict)

    def room(self, channel: str) -> bool:
        """A slot is held from the offer through wrap-up; one per channel unless set otherwise."""
        used = sum(1 for c in self.legs.values() if c == channel)
        used += sum(1 for c in self.offers.values() if c == channel)
        return used < self.capacity.get(channel, 1)

    def refusal(self) -> str | None:
        """Why nothing at all may be offered; None where it may."""
        if self.disabled:
            return "disabled"
        if not self.connected:
            return "disconnected"
        derived = status(self.presence, self.not_responding, len(self.legs))
        if derived == "off_queue":
            return "presence"
        if derived == "not_responding":
            return "not_responding"
        return None


@dataclass(slots=True, kw_only=True)
class Held:
    """A pending offer."""

    id: str
    interaction_id: str
    queue_id: str
    agent_id: str
    expires_at: datetime


Line = tuple[str, str]  # queue, channel: capacity is counted per channel, so lines don't compete


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
        self.legs: dict[str, tuple[str, str]] = {}  # assignment → (agent, interaction)
        self.left_out: dict[tuple[str, str], datetime] = {}
        self.graces: dict[str, datetime] = {}
        self.gone: dict[str, datetime] = {}
        self.parked: dict[str, datetime] = {}
        self.done: set[str] = set()  # workers whose work in hand may be finished
        self._channels: set[str] = set()
        self._ready: dict[Line, list[tuple[datetime, str]]] = {}
        self._place: dict[str, tuple[datetime, list[Line]]] = {}
        self._able: Counter[str] = Counter()
        self._refusals: dict[str, Counter[str]] = {}
        self._counted: dict[str, tuple[str, tuple[str, ...]]] = {}

    # --- loading ------------------------------------------------------------------------------

    @classmethod
    def load(cls, reading: Reading, position: int, head: int, now: datetime) -> Board:
        """The board as the projections, which are true up to `head`, say it is."""
        board = cls()
        board.position, board._folded_to = position, head
        board.queues = {row.id: row for row in reading.queues()}
        for user in reading.users():
            board._add_user(user, now)
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
        return board

    def _add_user(self, user: UserRow, now: datetime) -> None:
        self.workers[user.id] = Worker(
            id=user.id,
            queue_ids=user.queue_ids,
            capacity=dict(user.capacity),
            presence=user.presence,
            next_presence=user.next_presence,
            not_responding=user.not_responding,
            connected=user.connected,
            disabled=user.disabled,
            free_since=user.status_at,
        )
        if user.grace_until is not None:
            self.graces[user.id] = user.grace_until

    def _add_open(self, row: InteractionRow) -> None:
        if row.queue_id is None or row.enqueued_at is None:
            return
        waiting = Waiting(
            interaction_id=row.id,
            queue_id=row.queue_id,
            channel=row.channel,
            enqueued_at=row.enqueued_at,
            first_enqueued_at=row.first_enqueued_at or row.enqueued_at,
            priority=row.priority,
        )
        self.work[row.id] = waiting
        self._channels.add(row.channel)
        if row.state == "queued":
            insort(self.waiting.setdefault((row.queue_id, row.channel), []), waiting.score)
        if row.state == "parked" and row.parked_until is not None:
            self.parked[row.id] = row.parked_until
        if row.owner_id is not None:
            self.owners[row.id] = row.owner_id

    def _add_leg(self, leg: LegRow) -> None:
        self.legs[leg.id] = (leg.agent_id, leg.interaction_id)
        worker = self.workers.get(leg.agent_id)
        if worker is not None:
            worker.legs[leg.id] = leg.channel

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

    def ready(self, line: Line) -> list[tuple[datetime, str]]:
        """(free since, agent) of those with room for this line's work, longest idle first."""
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
        if recorded.seq <= self._folded_to or recorded.seq in self._ahead:
            return
        self._ahead.add(recorded.seq)
        fact, at = recorded.fact, recorded.at
        match fact:
            case ev.InteractionCreated():
                self._see_channel(fact.channel)
                self.work[fact.interaction_id] = Waiting(
                    interaction_id=fact.interaction_id,
                    queue_id="",
                    channel=fact.channel,
                    enqueued_at=at,
                    first_enqueued_at=at,
                    priority=fact.priority,
                )
            case ev.InteractionQueued():
                self._enqueue(fact)
            case ev.InteractionParked():
                self._leave_queue(fact.interaction_id)
                self.parked.pop(fact.interaction_id, None)
                if fact.until_at is not None:
                    self.parked[fact.interaction_id] = fact.until_at
            case ev.InteractionResumed():
                self.parked.pop(fact.interaction_id, None)
            case ev.InteractionClosed():
                self._leave_queue(fact.interaction_id)
                self.work.pop(fact.interaction_id, None)
                self.parked.pop(fact.interaction_id, None)
                self.owners.pop(fact.interaction_id, None)
            case ev.OfferMade():
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
                self._place_again(fact.agent_id)
            case ev.OfferAccepted() | ev.OfferCancelled() | ev.OfferRescinded():
                self._take_back(fact.offer_id)
            case ev.OfferDeclined():
                self._take_back(fact.offer_id)
                self.left_out[fact.interaction_id, fact.agent_id] = at + LEFT_OUT
            case ev.OfferTimedOut():
                self._take_back(fact.offer_id)
                self.left_out[fact.interaction_id, fact.agent_id] = at + LEFT_OUT
                self.workers[fact.agent_id].not_responding = True
                self._place_again(fact.agent_id)
            case ev.AssignmentStarted():
                self._start_leg(fact)
            case ev.AssignmentEnded():
                self._end_leg(fact, at)
            case (
                ev.PresenceChanged()
                | ev.AgentCleared()
                | ev.AgentConnected()
                | ev.AgentDisconnected()
            ):
                self._agent(fact, at)
            case ev.QueueConfigured() | ev.QueueRemoved() | ev.UserConfigured():
                self._configure(fact, recorded)
            case _:
                pass

    def _enqueue(self, fact: ev.InteractionQueued) -> None:
        self._leave_queue(fact.interaction_id)
        known = self.work[fact.interaction_id]
        known.queue_id = fact.queue_id
        known.enqueued_at = fact.enqueued_at
        known.first_enqueued_at = fact.first_enqueued_at
        insort(self.waiting.setdefault((fact.queue_id, known.channel), []), known.score)
        self.parked.pop(fact.interaction_id, None)
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

    def _take_back(self, offer_id: str) -> None:
        held = self.offers.pop(offer_id, None)
        if held is not None and (worker := self.workers.get(held.agent_id)) is not None:
            worker.offers.pop(offer_id, None)
            self._place_worker(worker)

    def _start_leg(self, fact: ev.AssignmentStarted) -> None:
        self._leave_queue(fact.interaction_id)
        known = self.work.get(fact.interaction_id)
        self.legs[fact.assignment_id] = (fact.agent_id, fact.interaction_id)
        if fact.role == "owner":
            self.owners[fact.interaction_id] = fact.agent_id
        worker = self.workers.get(fact.agent_id)
        if worker is not None:
            worker.legs[fact.assignment_id] = known.channel if known is not None else ""
            self._place_worker(worker)

    def _end_leg(self, fact: ev.AssignmentEnded, at: datetime) -> None:
        self.legs.pop(fact.assignment_id, None)
        worker = self.workers.get(fact.agent_id)
        if worker is not None:
            worker.legs.pop(fact.assignment_id, None)
            worker.free_since = at
            self.done.add(worker.id)
            self._place_worker(worker)

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
                    worker.free_since = at
                worker.presence, worker.next_presence = fact.presence, fact.next_presence
                if fact.presence == "offline" and worker.legs and not worker.connected:
                    self.gone[worker.id] = at
                else:
                    self.gone.pop(worker.id, None)
                self.done.add(worker.id)
            case ev.AgentCleared():
                worker.not_responding = False
                worker.free_since = at
            case ev.AgentConnected():
                worker.connected = True
                self.graces.pop(worker.id, None)
                self.gone.pop(worker.id, None)
            case ev.AgentDisconnected():
                worker.connected = False
                self.graces[worker.id] = fact.grace_until_at
        self._place_worker(worker)

    def _configure(
        self, fact: ev.QueueConfigured | ev.QueueRemoved | ev.UserConfigured, recorded: Recorded
    ) -> None:
        self.configuration = recorded.seq
        if isinstance(fact, ev.QueueConfigured):
            self.queues[fact.queue_id] = QueueRow(
                id=fact.queue_id,
                name=fact.name,
                sla_seconds=fact.sla_seconds,
                offer_seconds=fact.offer_seconds,
                auto_accept=fact.auto_accept,
                managed_by=fact.managed_by,
            )
        elif isinstance(fact, ev.QueueRemoved):
            self.queues.pop(fact.queue_id, None)
        else:
            worker = self.workers.get(fact.user_id) or Worker(
                id=fact.user_id, free_since=recorded.at
            )
            self.workers[fact.user_id] = worker
            worker.queue_ids = fact.queue_ids
            worker.capacity = dict(fact.capacity)
            worker.disabled = fact.disabled
            self._place_worker(worker)

    # --- the ready lists ----------------------------------------------------------------------

    def _place_again(self, agent_id: str) -> None:
        worker = self.workers.get(agent_id)
        if worker is not None:
            self._place_worker(worker)

    def _see_channel(self, channel: str) -> None:
        if channel not in self._channels:
            self._channels.add(channel)
            for worker in self.workers.values():
                self._place_worker(worker)

    def _place_worker(self, worker: Worker) -> None:
        """Keep the ready lists and the counts of refusals true for this worker."""
        placed = self._place.pop(worker.id, None)
        if placed is not None:
            entry = (placed[0], worker.id)
            for line in placed[1]:
                ready = self._ready[line]
                del ready[bisect_left(ready, entry)]
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
        for line in lines:
            insort(self._ready.setdefault(line, []), (worker.free_since, worker.id))
        self._place[worker.id] = (worker.free_since, lines)


def describes(fact: Fact) -> bool:
    """Whether a fact can change the board (so that a batch without any needs no decision)."""
    return not isinstance(fact, ev.MessageReceived | ev.StatusReceived | ev.MessageParsed)

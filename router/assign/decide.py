"""Who gets what: pure decisions over the board. Same board and time, same facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import heapify, heappop, heapreplace

from router.assign.board import Board
from router.assign.pieces import Line, Worker
from triggerhub.domain import events as ev
from triggerhub.domain.clock import IdSource
from triggerhub.domain.events import Fact
from triggerhub.domain.model.agent import presence_due

KEEP_CANDIDATES = 5
OFFER_SECONDS = 30  # where a queue has no setting of its own
RETURN_AFTER = timedelta(minutes=30)  # accepted work of an agent who stays away goes back
LOOK_AT = 50  # waiting interactions considered per queue beyond those that found an agent


def due(board: Board, now: datetime, ids: IdSource) -> Iterator[Fact]:
    """What time alone brings: missed offers, ended graces, abandoned work, due times.

    Each fact must be folded into the board before the next is taken.
    """
    board.left_out = {pair: until for pair, until in board.left_out.items() if until > now}
    for held in sorted(board.offers.values(), key=lambda h: (h.expires_at, h.id)):
        if held.expires_at <= now:
            yield ev.OfferTimedOut(
                offer_id=held.id, interaction_id=held.interaction_id, agent_id=held.agent_id
            )
            yield requeued(board, held.interaction_id, "missed")
        elif not board.workers[held.agent_id].connected:
            yield ev.OfferRescinded(
                offer_id=held.id,
                interaction_id=held.interaction_id,
                agent_id=held.agent_id,
                reason="disconnected",
            )
            yield requeued(board, held.interaction_id, "rescinded")
    for agent_id, until in sorted(board.graces.items()):
        if until <= now:
            yield ev.PresenceChanged(agent_id=agent_id, presence="offline", next_presence=None)
    for agent_id, since in sorted(board.gone.items()):
        if since + RETURN_AFTER <= now:
            yield from _give_back(board, agent_id, ids)
    for agent_id in sorted(board.done):
        worker = board.workers[agent_id]
        presence = presence_due(worker.next_presence, worker.in_hand)
        if presence is not None:
            yield ev.PresenceChanged(agent_id=agent_id, presence=presence, next_presence=None)
    board.done.clear()
    for interaction_id, until in sorted(board.parked.items()):
        if until <= now:
            if interaction_id in board.owners:
                yield ev.InteractionResumed(interaction_id=interaction_id, reason="due")
            elif interaction_id in board.asleep:
                yield requeued(board, interaction_id, "resumed")
            else:
                yield ev.InteractionQueued(
                    interaction_id=interaction_id,
                    queue_id=board.work[interaction_id].queue_id,
                    enqueued_at=now,
                    first_enqueued_at=now,
                    reason="due",
                )


def _give_back(board: Board, agent_id: str, ids: IdSource) -> Iterator[Fact]:
    worker = board.workers[agent_id]
    for leg_id in sorted(worker.legs.keys() - worker.asleep):
        interaction_id = board.legs[leg_id].interaction_id
        yield ev.AssignmentEnded(
            assignment_id=leg_id,
            interaction_id=interaction_id,
            agent_id=agent_id,
            reason="returned",
        )
        if board.owners.get(interaction_id) == agent_id and interaction_id in board.work:
            yield requeued(board, interaction_id, "returned")
            yield ev.AttentionRaised(
                attention_id=ids.new("at"),
                kind="returned",
                reason="agent_away",
                interaction_id=interaction_id,
                message_id=None,
            )


def requeued(board: Board, interaction_id: str, reason: str) -> ev.InteractionQueued:
    """Back to its queue with its age."""
    known = board.work[interaction_id]
    return ev.InteractionQueued(
        interaction_id=interaction_id,
        queue_id=known.queue_id,
        enqueued_at=known.enqueued_at,
        first_enqueued_at=known.first_enqueued_at,
        reason=reason,
    )


def match(board: Board, now: datetime, ids: IdSource) -> Iterator[Fact]:
    """Waiting work meets agents: oldest first in whichever queue it waits, longest idle first.

    Each fact must be folded into the board before the next is taken.
    """
    # The lines are merged by the first of each: an agent who serves two gets the older contact.
    fronts = [
        (items[0], line) for line, items in board.waiting.items() if items and board.ready.of(line)
    ]
    heapify(fronts)
    passed_over: Counter[Line] = Counter()  # those at the head of a line whom nobody may take now
    while fronts:
        (_score, interaction_id), line = fronts[0]
        # Who has no room now gets none here: a line without anyone who is ready stays without.
        if board.ready.of(line):
            candidates, left_out = _candidates(board, line, interaction_id, now)
            if candidates:
                yield from _offered(board, line, interaction_id, candidates, left_out, now, ids)
            else:
                passed_over[line] += 1
            at, items = passed_over[line], board.waiting[line]
            if at < len(items) and at < LOOK_AT:
                heapreplace(fronts, (items[at], line))
                continue
        heappop(fronts)


def _offered(
    board: Board,
    line: Line,
    interaction_id: str,
    candidates: list[Worker],
    left_out: int,
    now: datetime,
    ids: IdSource,
) -> Iterator[Fact]:
    queue = board.queues.get(line[0])
    refused = board.ready.refusals(line) + Counter(left_out=left_out)
    seconds = queue.offer_seconds if queue is not None else OFFER_SECONDS
    auto = queue is not None and queue.auto_accept
    made = ev.OfferMade(
        offer_id=ids.new("of"),
        interaction_id=interaction_id,
        queue_id=line[0],
        agent_id=candidates[0].id,
        expires_at=now + timedelta(seconds=seconds),
        candidates=tuple(worker.id for worker in candidates),
        refused=dict(sorted(refused.items())),
        log_position=board.position,
        configuration=board.configuration,
        auto_accept=auto,
    )
    yield made
    if auto:
        yield ev.OfferAccepted(
            offer_id=made.offer_id,
            interaction_id=made.interaction_id,
            agent_id=made.agent_id,
            queue_id=made.queue_id,
        )
        yield ev.AssignmentStarted(
            assignment_id=ids.new("as"),
            interaction_id=made.interaction_id,
            agent_id=made.agent_id,
            role="owner",
            previous_id=None,
        )


def _candidates(
    board: Board, line: Line, interaction_id: str, now: datetime
) -> tuple[list[Worker], int]:
    """(the best five, how many were left out because they refused it a moment ago)."""
    found: list[Worker] = []
    refused = 0
    for _in_hand, _since, agent_id in board.ready.of(line):
        left_out = board.left_out.get((interaction_id, agent_id))
        if left_out is not None and left_out > now:
            refused += 1
        else:
            found.append(board.workers[agent_id])
            if len(found) == KEEP_CANDIDATES:
                break
    return found, refused


def next_due(board: Board) -> datetime | None:
    """When time alone will next bring something."""
    times = [held.expires_at for held in board.offers.values()]
    times += board.graces.values()
    times += [since + RETURN_AFTER for since in board.gone.values()]
    times += board.parked.values()
    if any(board.waiting.values()):
        times += board.left_out.values()
    return min(times, default=None)

"""The pieces on the board: waiting work, workers, their legs, offers held out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from triggerhub.domain.rows import InteractionRow, OfferRow, UserRow

NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # the age of work that was never queued
POINT_MS = 60_000  # one point of priority is one minute of waiting
Line = tuple[str, str]  # queue, channel: capacity is counted per channel, so lines don't compete
Turn = tuple[int, datetime, str]  # whether work is in hand, status since, agent


@dataclass(slots=True, kw_only=True)
class Waiting:
    interaction_id: str
    queue_id: str
    channel: str
    enqueued_at: datetime
    first_enqueued_at: datetime
    priority: int

    @classmethod
    def of(cls, row: InteractionRow) -> Waiting:
        enqueued_at = row.enqueued_at or NEVER
        return cls(
            interaction_id=row.id,
            queue_id=row.queue_id or "",
            channel=row.channel,
            enqueued_at=enqueued_at,
            first_enqueued_at=row.first_enqueued_at or enqueued_at,
            priority=row.priority,
        )

    @property
    def score(self) -> tuple[int, str]:
        """Lowest first: `enqueued_at_ms − priority × 60 000`; nothing starves."""
        enqueued = int(self.enqueued_at.timestamp() * 1000)
        return enqueued - self.priority * POINT_MS, self.interaction_id


@dataclass(slots=True, kw_only=True)
class Worker:
    """An agent as routing sees them. `legs`, `offers`: id → channel; `asleep`: parked legs.

    `status_at` is since when the derived status holds, as in the projection of agents.
    """

    id: str
    queue_ids: tuple[str, ...] = ()
    capacity: dict[str, int] = field(default_factory=dict)
    presence: str = "offline"
    next_presence: str | None = None
    not_responding: bool = False
    connected: bool = False
    disabled: bool = False
    grace_until: datetime | None = None
    presence_at: datetime
    status: str = "off_queue"
    status_at: datetime
    legs: dict[str, str] = field(default_factory=dict)
    asleep: set[str] = field(default_factory=set)
    offers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, row: UserRow) -> Worker:
        """Without legs and offers, which have rows of their own."""
        return cls(
            id=row.id,
            queue_ids=row.queue_ids,
            capacity=dict(row.capacity),
            presence=row.presence,
            next_presence=row.next_presence,
            not_responding=row.not_responding,
            connected=row.connected,
            disabled=row.disabled,
            grace_until=row.grace_until,
            presence_at=row.presence_at,
            status=row.status,
            status_at=row.status_at,
        )

    @property
    def in_hand(self) -> int:
        return len(self.legs) - len(self.asleep)

    def room(self, channel: str) -> bool:
        """A slot is held from the offer through wrap-up; one per channel unless set otherwise.

        Parked work waits for the customer and takes none.
        """
        used = sum(1 for leg, c in self.legs.items() if c == channel and leg not in self.asleep)
        used += sum(1 for c in self.offers.values() if c == channel)
        return used < self.capacity.get(channel, 1)

    def refusal(self) -> str | None:
        """Why nothing at all may be offered; None where it may."""
        if self.disabled:
            return "disabled"
        if not self.connected:
            return "disconnected"
        if self.status == "off_queue":
            return "presence"
        if self.status == "not_responding":
            return "not_responding"
        if self.next_presence is not None:
            return "leaving"  # finishes the work in hand
        return None

    @property
    def turn(self) -> Turn:
        """Idle agents first, the longest idle of them first; then those with room beside work."""
        return int(self.in_hand > 0), self.status_at, self.id


class Leg(NamedTuple):
    agent_id: str
    interaction_id: str
    started_at: datetime


@dataclass(slots=True, kw_only=True)
class Held:
    """A pending offer."""

    id: str
    interaction_id: str
    queue_id: str
    agent_id: str
    expires_at: datetime

    @classmethod
    def of(cls, row: OfferRow) -> Held:
        return cls(
            id=row.id,
            interaction_id=row.interaction_id,
            queue_id=row.queue_id,
            agent_id=row.agent_id,
            expires_at=row.expires_at,
        )

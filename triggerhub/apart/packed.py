"""What crosses the line thousands of times a second, as plain values: deliveries and events.

Pickled as objects each would cost several times as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storage.lookups.log import recorded
from storage.transaction import millis
from triggerhub.domain.events import Recorded, encode
from triggerhub.domain.model.message import Accepted, Arrival
from triggerhub.domain.ports import Inbox

Packed = list[tuple[Any, ...]]


def packed(events: Sequence[Recorded]) -> Packed:
    """As the log's own rows (storage.lookups.log), their times in whole milliseconds."""
    return [
        (
            item.seq,
            item.id,
            item.fact.TYPE,
            item.fact.VERSION,
            millis(item.at),
            item.actor,
            item.cause,
            encode(item.fact),
        )
        for item in events
    ]


def unpacked(rows: Packed) -> list[Recorded]:
    return [recorded(row) for row in rows]


class FarInbox:
    """The edge's end of `NearInbox` (domain.ports.Inbox). `take`: asks it."""

    def __init__(self, take: Any) -> None:
        self._take = take

    async def accept(self, arrival: Arrival) -> Accepted:
        own, duplicate = await self._take(
            arrival.channel,
            arrival.account_id,
            arrival.external_id,
            arrival.raw,
            arrival.media_type,
            arrival.kind,
            dict(arrival.envelope),
        )
        return Accepted(id=own, duplicate=duplicate)


class NearInbox:
    """The core's end: the inbox as a room for what comes over the line."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def take(
        self,
        channel: str,
        account_id: str,
        external_id: str,
        raw: bytes,
        media_type: str,
        kind: Any,
        envelope: dict[str, str],
    ) -> tuple[str, bool]:
        accepted = await self._inbox.accept(
            Arrival(
                channel=channel,
                account_id=account_id,
                external_id=external_id,
                raw=raw,
                media_type=media_type,
                kind=kind,
                envelope=envelope,
            )
        )
        return accepted.id, accepted.duplicate

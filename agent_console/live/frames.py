"""Frames as bytes: a row is serialised once, whoever it is sent to.

A frame is kept without its `{"seq":…` head, since viewers that joined at different positions get
the same frame under their own number.
"""

from __future__ import annotations

from typing import Literal

import orjson

from agent_console.wire import encode
from triggerhub.domain.ports import Json

Kind = Literal[
    "snapshot", "resumed", "bye",
    "agent.changed", "queue.changed", "interaction.changed", "offer.changed", "account.changed",
    "agent.removed", "queue.removed", "interaction.removed", "offer.removed",
    "entry.changed", "card.changed", "customers.changed", "attention.changed", "viewers.changed",
    "command.done", "command.failed",
]  # fmt: skip
CHANGED: dict[str, Kind] = {
    "agents": "agent.changed",
    "queues": "queue.changed",
    "interactions": "interaction.changed",
    "offers": "offer.changed",
    "accounts": "account.changed",
}
REMOVED: dict[str, Kind] = {
    "agent": "agent.removed",
    "queue": "queue.removed",
    "interaction": "interaction.removed",
    "offer": "offer.removed",
}


def frame(kind: Kind, data: object) -> bytes:
    """Everything of a frame but its head."""
    return b',"type":"' + kind.encode() + b'","data":' + encode(data) + b"}"


def numbered(seq: int, tail: bytes) -> bytes:
    return b'{"seq":%d' % seq + tail


def entry_frame(customer_ids: list[str], entry: bytes) -> bytes:
    return frame("entry.changed", {"customer_ids": customer_ids, "entry": orjson.Fragment(entry)})


def by_seq(entry: Json) -> int:
    """The order in which entries are sent: by it a card counts them."""
    seq: int = entry["seq"]
    return seq


def card_frame(customer_id: str, card: object) -> bytes:
    return frame("card.changed", {"customer_id": customer_id, "card": card})


def removed_frame(kind: str, row_id: str, reason: str | None = None) -> bytes:
    """`kind`: of those in `REMOVED`."""
    data = {"id": row_id} if reason is None else {"id": row_id, "reason": reason}
    return frame(REMOVED[kind], data)

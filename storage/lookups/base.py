"""What every look-up has: a connection, keys and files beside it, times as they are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from storage.engine import Connection

if TYPE_CHECKING:
    from storage.transaction import Kit

Json = dict[str, Any]


def moment(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


def surely(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


class Base:
    def __init__(self, connection: Connection, kit: Kit) -> None:
        self.connection = connection
        self._kit = kit

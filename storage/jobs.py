"""What is handed to the writer's thread, and how what the database says there is passed on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

from storage.engine import Connection
from storage.transaction import Transaction
from triggerhub.domain.errors import Unavailable

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Job(Generic[T]):
    __slots__ = ("alone", "delivery", "error", "future", "result", "undone", "work")

    def __init__(
        self,
        work: Callable[[Transaction], T],
        future: asyncio.Future[T],
        alone: bool,
        delivery: bool,
        undone: Callable[[], None] | None = None,
    ) -> None:
        self.work = work
        self.future = future
        self.alone = alone
        self.delivery = delivery
        self.undone = undone
        self.result: T | None = None
        self.error: BaseException | None = None


class Look(Generic[T]):
    __slots__ = ("error", "future", "result", "work")

    def __init__(self, work: Callable[[Connection], T], future: asyncio.Future[T]) -> None:
        self.work = work
        self.future = future
        self.result: T | None = None
        self.error: BaseException | None = None


def translated(error: BaseException) -> BaseException:
    """What the database itself refuses is transient to the caller; bugs stay what they are."""
    import sqlite3

    # The base class itself: the file is damaged, or no database. No event is to blame for that.
    if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
        log.error("storage.refused", error=str(error))
        return Unavailable(f"the database refuses: {error}", code="storage_unavailable")
    psycopg = sys.modules.get("psycopg")  # not loaded on SQLite
    if psycopg is not None and isinstance(
        error, (psycopg.OperationalError, psycopg.InterfaceError)
    ):
        log.error("storage.refused", error=str(error))
        return Unavailable("the database can't be reached", code="storage_unavailable")
    return error

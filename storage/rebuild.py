"""Folds the whole log anew beside the running projections and compares every row.

The fresh copies are tables of the same names that the folds find first: a scratch file with the
database attached to it (SQLite), a schema of its own ahead in the search path (PostgreSQL). So the
very same folds run, nobody is disturbed while they do, and memory stays bounded whatever the
log's length. Only the last stretch, the comparison and the swap look at one fixed state.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from storage import projections
from storage.engine import Connection, Database, Row
from storage.jobs import translated
from storage.lookups import Lookups
from storage.tables import PROJECTIONS
from storage.transaction import Kit

if TYPE_CHECKING:
    from storage.transaction import Transaction

Progress = Callable[[int, int], None]  # events folded so far, events in all
BATCH = 2_000  # events folded in one transaction
SAMPLES = 5  # differing rows that a report shows of each table


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDifference:
    """`missing`: rows that the fold gives and the running table lacks; `extra`: the reverse."""

    table: str
    missing: int
    extra: int
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildReport:
    """`rows`: how many the fresh projections have, by table. `swapped`: they took over."""

    events: int
    rows: dict[str, int]
    differences: tuple[TableDifference, ...]
    swapped: bool

    @property
    def identical(self) -> bool:
        return not self.differences


class Refold(Lookups):
    """What a fold may ask of a transaction, on the fresh tables."""

    def keyed_hash(self, text: str) -> bytes:
        return self._kit.vault.hash(text)


def rebuild(
    database: Database, kit: Kit, progress: Progress | None = None, *, swap: bool = False
) -> RebuildReport:
    """Fold, compare and report; with `swap`, put the fresh rows in place of the running ones.

    Runs beside a hub. Writers wait only while a swap takes place, and are told
    to try again where it takes longer than they wait. Raises Unavailable where the database is
    damaged, or can't be used otherwise.
    """
    try:
        return _rebuilt(database, kit, progress or (lambda done, total: None), swap=swap)
    except Exception as error:
        raise translated(error) from error


def _rebuilt(
    database: Database, kit: Kit, tell: Callable[[int, int], None], *, swap: bool
) -> RebuildReport:
    with _beside(database) as (connection, running):
        done = _fold_most(connection, kit, tell)
        _begin(connection, lock=swap)
        try:
            total = _head(connection)
            while done < total:
                done = _fold(connection, kit, done, total)
                tell(done, total)
            found = [_compare(connection, running, table) for table in PROJECTIONS]
            rows = {table.name: _count(connection, table.name) for table in PROJECTIONS}
            differences = tuple(difference for difference in found if difference is not None)
            if swap:
                for difference in differences:
                    _swap(connection, running, difference.table)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
    return RebuildReport(
        events=done, rows=rows, differences=differences, swapped=swap and bool(differences)
    )


@contextmanager
def _beside(database: Database) -> Iterator[tuple[Connection, str]]:
    """(a connection whose unqualified projections are fresh, name of the running schema)."""
    if database.dialect == "sqlite":
        path = database.path
        assert path is not None
        with TemporaryDirectory(prefix="rebuild-", dir=path.parent) as folder:
            scratch = Database(f"sqlite:///{Path(folder) / 'fresh.db'}").connect()
            try:
                scratch.run("PRAGMA synchronous=OFF")
                scratch.run("PRAGMA secure_delete=OFF")
                scratch.run("PRAGMA temp_store=FILE")
                scratch.run("PRAGMA wal_autocheckpoint=1000")
                scratch.run("ATTACH DATABASE :path AS running", {"path": str(path)})
                scratch.run("PRAGMA running.synchronous=FULL")
                scratch.run("PRAGMA running.secure_delete=ON")
                _create(scratch)
                yield scratch, "running"
            finally:
                scratch.close()
        return
    connection = database.connect()
    fresh = f"rebuild_{secrets.token_hex(6)}"
    try:
        row = connection.one("SELECT current_schema()")
        running = str(row[0]) if row else "public"
        connection.run(f"CREATE SCHEMA {fresh}")
        try:
            connection.run(f"SET search_path = {fresh}, {running}")
            _create(connection)
            yield connection, running
        finally:
            connection.rollback()
            connection.run(f"DROP SCHEMA {fresh} CASCADE")
    finally:
        connection.close()


def _create(connection: Connection) -> None:
    """The projections' tables, empty, where unqualified names lead first."""
    dialect = sqlite.dialect() if connection.dialect == "sqlite" else postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in PROJECTIONS:
        connection.run(str(CreateTable(table).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            connection.run(str(CreateIndex(index).compile(dialect=dialect)))


def _begin(connection: Connection, *, lock: bool) -> None:
    """A transaction on one fixed state of the log; `lock`: nobody appends until it ends."""
    if connection.dialect == "sqlite":
        connection.begin(write=lock)
    elif lock:
        connection.begin(write=True)
        connection.one("SELECT seq FROM log_head WHERE one = 1 FOR UPDATE")
    else:
        connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ")


def _head(connection: Connection) -> int:
    row = connection.one("SELECT seq FROM log_head WHERE one = 1")
    return row[0] if row else 0


def _fold_most(connection: Connection, kit: Kit, tell: Progress) -> int:
    """Up to the head as it is now, in short transactions."""
    done, total = 0, _head(connection)
    tell(done, total)
    while done < total:
        _begin(connection, lock=False)
        done = _fold(connection, kit, done, total)
        connection.commit()
        tell(done, total)
    return done


def _fold(connection: Connection, kit: Kit, after: int, total: int) -> int:
    refold = Refold(connection, kit)
    batch = refold.events_after(after, min(BATCH, total - after))
    for item in batch:
        projections.apply(cast("Transaction", refold), item)
    return batch[-1].seq


def _columns(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


def _fresh(connection: Connection, table: str) -> str:
    return f"main.{table}" if connection.dialect == "sqlite" else table


def _count(connection: Connection, table: str) -> int:
    row = connection.one(f"SELECT COUNT(*) FROM {_fresh(connection, table)}")
    return row[0] if row else 0


def _compare(connection: Connection, running: str, table: Table) -> TableDifference | None:
    columns = _columns(table)
    fresh = f"SELECT {columns} FROM {_fresh(connection, table.name)}"
    live = f"SELECT {columns} FROM {running}.{table.name}"
    missing, lacking = _except(connection, fresh, live)
    extra, surplus = _except(connection, live, fresh)
    if not missing and not extra:
        return None
    return TableDifference(
        table=table.name,
        missing=missing,
        extra=extra,
        samples=tuple(_shown("+", row, table) for row in lacking)
        + tuple(_shown("-", row, table) for row in surplus),
    )


def _except(connection: Connection, these: str, without: str) -> tuple[int, Sequence[Row]]:
    row = connection.one(f"SELECT COUNT(*) FROM ({these} EXCEPT {without}) AS different")
    count = row[0] if row else 0
    samples = connection.all(f"{these} EXCEPT {without} LIMIT {SAMPLES}") if count else []
    return count, samples


def _shown(sign: str, row: Row, table: Table) -> str:
    """Keys and states, no personal content: this is printed and logged."""
    keys = [
        f"{column.name}={value}"
        for column, value in zip(table.columns, row, strict=True)
        if column.primary_key or column.name in ("state", "seq", "status")
        if not isinstance(value, bytes)
    ]
    return f"{sign} {' '.join(keys)}"


def _swap(connection: Connection, running: str, table: str) -> None:
    columns = _columns(next(t for t in PROJECTIONS if t.name == table))
    connection.run(f"DELETE FROM {running}.{table}")
    connection.run(
        f"INSERT INTO {running}.{table} ({columns})"
        f" SELECT {columns} FROM {_fresh(connection, table)}"
    )

"""Opens a database by URL and gives out plain DB-API connections; knows no table.

SQLite and PostgreSQL are both spoken to by their synchronous driver in threads of ours: one code
for both, no twin (docs/adr). SQL is written once, with `:name` parameters. SQLAlchemy is loaded
only for DDL: an ordinary start doesn't pay a third of a second for it.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from storage.behind import Behind, Some, Values
from triggerhub.domain.errors import Invalid

if TYPE_CHECKING:
    from sqlalchemy import Engine

Params = Mapping[str, Any]
_NONE: Params = {}  # never changed; sqlite3 takes no other mapping
Row = tuple[Any, ...]
PAGE = 4096
# Bytes that a write-ahead log keeps when it starts again: to write over a page of a file costs half
# of what it costs to let the file grow by one.
JOURNAL_LIMIT = 16_000 * PAGE
# KiB of pages that SQLite keeps. A reader forgets them with every commit of somebody else.
WRITER_CACHE = 24_000
READER_CACHE = 8_000
BUSY_MS = 30_000  # the patience of what nobody outside waits for: a migration, a command
_WORD = re.compile(r"[a-z_][a-z0-9_]*")
_NAMED = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")


@lru_cache(maxsize=1024)
def _pyformat(sql: str) -> str:
    return _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))


@lru_cache(maxsize=1024)
def _words(sql: str) -> frozenset[str]:
    """All that could be the name of a table."""
    return frozenset(_WORD.findall(sql))


@lru_cache(maxsize=1024)
def _listed(sql: str, number: int) -> tuple[tuple[str, ...], str]:
    """(names, SQL with them in the place of `:ids`)."""
    names = tuple(f"id_{i}" for i in range(number))
    marks = ", ".join(f":{name}" for name in names)
    return names, sql.replace("(:ids)", f"({marks})")


@lru_cache(maxsize=256)
def _one_row(table: str, columns: tuple[str, ...], by: str) -> str:
    return f"SELECT {', '.join(columns)} FROM {table} WHERE {by} = :key"


class Cursor(Protocol):
    """What sqlite3 and psycopg cursors have in common, as far as it is used here."""

    rowcount: int

    def execute(self, sql: str, params: Params | Sequence[Any] = ..., /) -> Any: ...
    def executemany(self, sql: str, rows: Iterable[Params], /) -> Any: ...
    def fetchone(self) -> Row | None: ...
    def fetchall(self) -> list[Row]: ...


class Connection:
    """One DB-API connection, used by one thread at a time.

    What is `put`, `change`d and `count`ed is written before the next look at one of its tables or
    at `write_behind`, which is for whoever commits.
    """

    def __init__(self, raw: Any, dialect: str) -> None:
        self.raw = raw
        self.dialect = dialect
        self._cursor: Cursor = raw.cursor()
        self._behind = Behind(self._run_positional)
        self.writes = 0

    def run(self, sql: str, params: Params = _NONE) -> int:
        """Execute one statement that writes; the number of rows it touched."""
        self.writes += 1
        self._execute(sql, params)
        return self._cursor.rowcount

    def run_many(self, sql: str, rows: Sequence[Params]) -> None:
        if rows:
            self.writes += 1
            self.write_behind()
            self._cursor.executemany(sql if self.dialect == "sqlite" else _pyformat(sql), rows)

    def one(self, sql: str, params: Params = _NONE, *, of: Some | None = None) -> Row | None:
        """`of`: as `all`."""
        self._execute(sql, params, of)
        return self._cursor.fetchone()

    def all(self, sql: str, params: Params = _NONE, *, of: Some | None = None) -> list[Row]:
        """`of`: (table, keys), where only these of its rows are looked at; others that are kept
        back needn't be written first."""
        self._execute(sql, params, of)
        return self._cursor.fetchall()

    def row(self, table: str, key: str, *columns: str, by: str = "id") -> Row | None:
        """One row as it will be: with what is kept back of it, which needn't be written first."""
        new = self._behind.held(table, key)
        if new is not None:
            if all(name in new for name in columns):
                return tuple([new[name] for name in columns])
            self.write_behind()  # the database knows what a column is that nothing was put in
        sql = _one_row(table, columns, by)
        self._cursor.execute(sql if self.dialect == "sqlite" else _pyformat(sql), {"key": key})
        found = self._cursor.fetchone()
        return found if found is None else self._behind.with_changes(table, key, columns, found)

    def put(self, table: str, key: object, row: Values, *, unless: str = "") -> None:
        """A new row, by and by. `unless`: see `Behind.put`."""
        self.writes += 1
        self._behind.put(table, key, row, unless=unless)

    def change(self, table: str, key: str, **changes: Any) -> None:
        """New values for the row whose `id` is `key`, by and by; see `Plus` and `First`."""
        self.writes += 1
        self._behind.change(table, key, changes)

    def count(self, table: str, column: str, **key: Any) -> None:
        """One more in `column` of the row with this key, by and by."""
        self.writes += 1
        self._behind.count(table, tuple(key.items()), column)

    def write_behind(self) -> None:
        if self._behind.tables:
            self._behind.write()

    def _execute(self, sql: str, params: Params, of: Some | None = None) -> None:
        if self._behind.tables and self._behind.concerns(_words(sql), of):
            self._behind.write()
        self._cursor.execute(sql if self.dialect == "sqlite" else _pyformat(sql), params)

    def _run_positional(self, sql: str, values: Sequence[Any]) -> int:
        if self.dialect != "sqlite":
            sql = sql.replace("?", "%s")
        self._cursor.execute(sql, values)
        return self._cursor.rowcount

    def in_list(
        self,
        sql: str,
        ids: Iterable[str | bytes],
        params: Params = _NONE,
        *,
        table: str | None = None,
    ) -> list[Row]:
        """`all()` with `:ids` in the SQL standing for a list of values; no ids, no rows.

        `table`: whose only rows that are looked at have these ids (`of` in `all`).
        """
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return []
        # Few lengths, so that the driver's cache of prepared statements is hit.
        wanted += wanted[-1:] * ((1 << (len(wanted) - 1).bit_length()) - len(wanted))
        names, text = _listed(sql, len(wanted))
        of = (table, wanted) if table is not None else None
        return self.all(text, {**params, **dict(zip(names, wanted, strict=True))}, of=of)

    def begin(self, *, write: bool) -> None:
        if self.dialect == "sqlite":
            self._cursor.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        elif not write:
            self._cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        else:
            self._cursor.execute("BEGIN")

    def commit(self) -> None:
        self.write_behind()
        self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        self._behind.forget()
        in_transaction = (
            self.raw.in_transaction
            if self.dialect == "sqlite"
            else self.raw.info.transaction_status.name != "IDLE"
        )
        if in_transaction:
            self._cursor.execute("ROLLBACK")

    def close(self) -> None:
        self.raw.close()


class Database:
    """A database by URL: `sqlite:///path` or `postgresql://…` (whatever driver the URL names).

    `busy_ms`: how long one who wants to write waits for another.
    """

    def __init__(self, url: str, *, busy_ms: int = BUSY_MS) -> None:
        self.dialect, self._place = _parts(url)
        self.busy_ms = busy_ms

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None."""
        return Path(self._place) if self.dialect == "sqlite" else None

    def without_password(self) -> tuple[str, str | None]:
        """(PostgreSQL's connection string without the password, the password if it has one)."""
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        found = conninfo_to_dict(f"postgresql://{self._place}")
        password = found.pop("password", None)
        return make_conninfo("", **found), None if password is None else str(password)

    def wal_pages(self) -> int:
        """Pages of 4 KiB in SQLite's write-ahead log file."""
        try:
            return (self.path or Path()).with_name(
                f"{(self.path or Path()).name}-wal"
            ).stat().st_size // PAGE
        except FileNotFoundError:
            return 0

    def connect(self, *, writes: bool = False) -> Connection:
        """`writes`: the one connection whose pages stay in memory from one group to the next."""
        if self.dialect == "sqlite":
            return Connection(self._sqlite(WRITER_CACHE if writes else READER_CACHE), "sqlite")
        import psycopg

        raw = psycopg.connect(f"postgresql://{self._place}", autocommit=True)
        if writes:
            raw.execute(f"SET lock_timeout = {self.busy_ms}")
        return Connection(raw, "postgresql")

    def _sqlite(self, cache: int) -> sqlite3.Connection:
        path = self.path
        assert path is not None
        private(path)
        raw = sqlite3.connect(
            path,
            isolation_level=None,
            check_same_thread=False,
            timeout=self.busy_ms / 1000,
            cached_statements=512,
        )
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "temp_store=MEMORY",
            f"cache_size=-{cache}",
            "mmap_size=0",
            "wal_autocheckpoint=0",  # the writer decides when (storage.writer)
            f"journal_size_limit={JOURNAL_LIMIT}",
            "secure_delete=ON",  # what is erased must not be found in free pages
        ):
            raw.execute(f"PRAGMA {pragma}")
        return raw

    def engine(self, *, write: bool = False) -> Engine:
        """A SQLAlchemy engine for DDL and migrations; what it writes commits as a whole."""
        from sqlalchemy import create_engine, event
        from sqlalchemy.pool import NullPool

        if self.path is not None:
            private(self.path)
        driver = "sqlite+pysqlite:///" if self.dialect == "sqlite" else "postgresql+psycopg://"
        made = create_engine(driver + self._place, poolclass=NullPool)
        if self.dialect == "sqlite":
            # The driver's own idea of transactions leaves DDL outside of them.
            @event.listens_for(made, "connect")
            def _wal(raw: Any, _record: Any) -> None:
                raw.isolation_level = None
                raw.execute(f"PRAGMA busy_timeout={self.busy_ms}")
                raw.execute("PRAGMA journal_mode=WAL")

            @event.listens_for(made, "begin")
            def _begin(connection: Any) -> None:
                connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

        return made


def _parts(url: str) -> tuple[str, str]:
    """(dialect, SQLite's file or what follows `postgresql://`). Raises Invalid."""
    scheme, _, place = url.partition("://")
    dialect = scheme.partition("+")[0]
    if dialect not in ("sqlite", "postgresql"):
        raise Invalid(f"DATABASE_URL: {dialect!r} is not known; use sqlite or postgresql")
    if dialect == "sqlite":
        place = place.partition("?")[0].removeprefix("/")
        if not place:
            raise Invalid("DATABASE_URL: a SQLite database needs a file, sqlite:///path/to/hub.db")
    return dialect, place


def private(path: Path) -> None:
    """Make the file and its folder, where they aren't there, readable by the hub alone.

    SQLite gives its write-ahead log the rights of the database.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

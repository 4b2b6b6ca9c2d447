"""What a transaction will write, kept back until somebody reads or it ends.

Rows of one table become one statement, and what changes a row that isn't written yet is written
with it: each statement costs far more than its rows, and lets another thread in between. Knows no
table. Nobody can tell the difference: whoever looks at a table that something is kept of has all
of it written first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import lru_cache
from typing import Any

Values = dict[str, Any]
Run = Callable[[str, Sequence[Any]], int]
Some = tuple[str, Sequence[object]]  # (table, keys of rows)
MOST_ROWS = 64  # in one statement
FEW_ROWS = 8  # above it in powers of two, so that the driver's cache of statements is hit


class Plus(int):
    """A change: so much more than before."""


class First:
    """A change: this, where there is nothing yet."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


class AlreadyThere(Exception):
    """A row that was kept back as a new one is in the database."""


class Behind:
    """`run` executes one statement with positional `?` and tells how many rows it touched."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._new: dict[str, dict[Any, Values]] = {}
        self._unless: dict[str, str] = {}
        self._changes: dict[str, dict[str, Values]] = {}
        self._counts: dict[tuple[str, str, tuple[tuple[str, Any], ...]], int] = {}
        self.tables: set[str] = set()  # that something is kept of

    def put(self, table: str, key: object, row: Values, *, unless: str = "") -> None:
        """A new row. `unless`: a conflict clause; where it bites, writing raises AlreadyThere."""
        if self.held(table, key) is not None:
            self.write()  # the database refuses the second one
        self.tables.add(table)
        self._new.setdefault(table, {})[key] = row
        if self._changes:  # of a row that wasn't there
            self._changes.get(table, {}).pop(str(key), None)
        if unless:
            self._unless[table] = unless

    def held(self, table: str, key: object) -> Mapping[str, Any] | None:
        """A new row that isn't written yet."""
        rows = self._new.get(table)
        return rows.get(key) if rows else None

    def with_changes(
        self, table: str, key: str, columns: Sequence[str], row: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """What these columns of a row will be, from what they are."""
        changed = self._changes.get(table)
        changes = changed.get(key) if changed else None
        if not changes or changes.keys().isdisjoint(columns):
            return row
        found = dict(zip(columns, row, strict=True))
        for name in columns:
            if name in changes:
                _apply(found, name, changes[name])
        return tuple([found[name] for name in columns])

    def concerns(self, words: Set[str], of: Some | None) -> bool:
        """Whether something is kept of one of these tables; `of`: of one, only of these rows."""
        for table in self.tables:
            if table not in words:
                continue
            if of is None or table != of[0]:
                return True
            new, changed = self._new.get(table, ()), self._changes.get(table, ())
            if any(key in new or key in changed for key in of[1]):
                return True
        return False

    def change(self, table: str, key: str, changes: Values) -> None:
        """Of the row whose `id` is `key`; where there is none, nothing happens."""
        rows = self._new.get(table)
        row = rows.get(key) if rows else None
        if row is not None:
            for name, value in changes.items():
                _apply(row, name, value)
            return
        earlier = self._changes.get(table, {}).get(key)
        if earlier is not None and any(_at_odds(earlier.get(n), v) for n, v in changes.items()):
            self.write()
            earlier = None
        if earlier is None:
            self.tables.add(table)
            self._changes.setdefault(table, {})[key] = changes
            return
        for name, value in changes.items():
            if name not in earlier:
                earlier[name] = value
            elif isinstance(value, Plus) and isinstance(earlier[name], Plus):
                earlier[name] = Plus(earlier[name] + value)
            elif not (isinstance(value, First) and isinstance(earlier[name], First)):
                _apply(earlier, name, value)

    def count(self, table: str, key: tuple[tuple[str, Any], ...], column: str) -> None:
        """One more in `column` of the row with this key, which is made where it isn't there."""
        self.tables.add(table)
        at = (table, column, key)
        self._counts[at] = self._counts.get(at, 0) + 1

    def forget(self) -> None:
        self._new.clear()
        self._unless.clear()
        self._changes.clear()
        self._counts.clear()
        self.tables.clear()

    def write(self) -> None:
        """Raises AlreadyThere, and what the database raises."""
        new, unless, changes, counts = self._new, self._unless, self._changes, self._counts
        self._new, self._unless, self._changes, self._counts = {}, {}, {}, {}
        self.tables.clear()
        for table, rows in new.items():
            for columns, some in _alike(rows.values()).items():
                self._insert(table, columns, some, unless.get(table, ""))
        for table, changed in changes.items():
            for key, values in changed.items():
                kinds = tuple([type(value) for value in values.values()])
                plain = [v.value if isinstance(v, First) else v for v in values.values()]
                self._run(_update_of(table, tuple(values), kinds), (*plain, key))
        for (table, column, at), number in counts.items():
            names = [name for name, _ in at]
            self._run(
                f"INSERT INTO {table} ({', '.join([*names, column])})"
                f" VALUES ({', '.join('?' * (len(at) + 1))}) ON CONFLICT ({', '.join(names)})"
                f" DO UPDATE SET {column} = {table}.{column} + excluded.{column}",
                (*(value for _, value in at), number),
            )

    def _insert(
        self, table: str, columns: tuple[str, ...], rows: list[Values], unless: str
    ) -> None:
        done = 0
        while done < len(rows):
            left = len(rows) - done
            size = left if left <= FEW_ROWS else min(MOST_ROWS, 1 << (left.bit_length() - 1))
            values = [value for row in rows[done : done + size] for value in row.values()]
            written = self._run(_insert_of(table, columns, size) + unless, values)
            if unless and written != size:
                raise AlreadyThere(table)
            done += size


def _alike(rows: Iterable[Values]) -> dict[tuple[str, ...], list[Values]]:
    """The rows by their columns."""
    found: dict[tuple[str, ...], list[Values]] = {}
    for row in rows:
        found.setdefault(tuple(row), []).append(row)
    return found


def _at_odds(earlier: object, later: object) -> bool:
    """Whether one column can't be given both at once."""
    return (
        isinstance(earlier, Plus | First)
        and isinstance(later, Plus | First)
        and (type(earlier) is not type(later))
    )


def _apply(row: Values, name: str, value: object) -> None:
    if isinstance(value, Plus):
        row[name] = (row.get(name) or 0) + int(value)
    elif not isinstance(value, First):
        row[name] = value
    elif row.get(name) is None:
        row[name] = value.value


_KINDS: Mapping[Any, str] = {Plus: "{0} = {0} + ?", First: "{0} = COALESCE({0}, ?)"}


@lru_cache(maxsize=256)
def _update_of(table: str, columns: tuple[str, ...], kinds: tuple[type, ...]) -> str:
    sets = [
        _KINDS.get(kind, "{0} = ?").format(name) for name, kind in zip(columns, kinds, strict=True)
    ]
    return f"UPDATE {table} SET {', '.join(sets)} WHERE id = ?"


@lru_cache(maxsize=256)
def _insert_of(table: str, columns: tuple[str, ...], rows: int) -> str:
    marks = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * rows)}"

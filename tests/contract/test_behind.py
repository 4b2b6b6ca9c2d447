"""What is written by and by ends as what is written at once; and repeats are found out."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.behind import First, Plus
from storage.engine import Connection, Database
from storage.store import Store
from tests.contract.houses import sms

COLUMNS = ("a", "b")
Step = tuple[str, str, dict[str, Any]]

_ids = st.sampled_from("wxyz")
_plain = st.none() | st.integers(-3, 3)
_changes = st.dictionaries(
    st.sampled_from(COLUMNS),
    st.integers(0, 3) | st.builds(First, st.integers(0, 3)) | st.builds(Plus, st.integers(1, 3)),
    min_size=1,
)
_steps = st.lists(
    st.tuples(st.just("put"), _ids, st.fixed_dictionaries({"a": _plain, "b": st.just(0)}))
    | st.tuples(st.just("change"), _ids, _changes)
    | st.tuples(st.just("count"), _ids, st.just({}))
    | st.tuples(st.just("look"), _ids, st.just({}))
    | st.tuples(st.sampled_from(["row", "some"]), _ids, st.just({})),
    max_size=40,
)


Ended = tuple[dict[str, dict[str, Any]], dict[str, int], list[tuple[Any, ...] | None]]


def _at_once(steps: list[Step]) -> Ended:
    rows: dict[str, dict[str, Any]] = {}
    counts: dict[str, int] = {}
    seen: list[tuple[Any, ...] | None] = []
    for what, key, values in steps:
        if what == "put":
            rows.setdefault(key, dict(values))
        elif what == "count":
            counts[key] = counts.get(key, 0) + 1
        elif what in ("row", "some"):
            seen.append((rows[key]["b"], rows[key]["a"]) if key in rows else None)
        elif what == "change" and key in rows:
            row = rows[key]
            for name, value in values.items():
                if isinstance(value, First):
                    row[name] = value.value if row[name] is None else row[name]
                elif isinstance(value, Plus):
                    row[name] = None if row[name] is None else row[name] + value
                else:
                    row[name] = value
    return rows, counts, seen


def _by_and_by(connection: Connection, steps: list[Step]) -> Ended:
    known: set[str] = set()
    seen: list[tuple[Any, ...] | None] = []
    for what, key, values in steps:
        if what == "put" and key not in known:
            known.add(key)
            connection.put("behind_rows", key, {"id": key, **values})
        elif what == "change":
            connection.change("behind_rows", key, **values)
        elif what == "count":
            connection.count("behind_counts", "n", id=key, part=1)
        elif what == "look":
            connection.one("SELECT 1")
        elif what == "row":
            seen.append(connection.row("behind_rows", key, "b", "a"))
        elif what == "some":
            sql = "SELECT b, a FROM behind_rows WHERE id = :id"
            seen.append(connection.one(sql, {"id": key}, of=("behind_rows", [key])))
    rows = connection.all("SELECT id, a, b FROM behind_rows")
    counts = connection.all("SELECT id, n FROM behind_counts WHERE part = 1")
    return {r[0]: {"a": r[1], "b": r[2]} for r in rows}, dict(counts), seen


def test_a_look_at_one_row_writes_no_other(database_url: str) -> None:
    connection = Database(database_url).connect(writes=True)
    connection.run("CREATE TABLE behind_rows (id TEXT PRIMARY KEY, a BIGINT, b BIGINT DEFAULT 7)")
    connection.begin(write=True)
    connection.put("behind_rows", "x", {"id": "x", "a": 1})
    connection.put("behind_rows", "y", {"id": "y", "a": 2})
    assert connection.row("behind_rows", "x", "a") == (1,)
    sql = "SELECT a FROM behind_rows WHERE id = 'z'"
    assert connection.one(sql, of=("behind_rows", ["z"])) is None
    connection.put("behind_rows", "z", {"id": "z", "a": 3})
    assert connection.in_list(
        "SELECT a FROM behind_rows WHERE id IN (:ids)", ["w"], table="behind_rows"
    ) == []  # fmt: skip
    assert connection.all("SELECT 1", of=("behind_rows", [])) == [(1,)]
    unwritten = connection.raw.execute("SELECT COUNT(*) FROM behind_rows").fetchone()
    assert unwritten == (0,)
    assert connection.row("behind_rows", "x", "a", "b") == (1, 7), "the database's own default"
    connection.commit()
    assert connection.all("SELECT a FROM behind_rows ORDER BY a") == [(1,), (2,), (3,)]
    connection.close()


def test_it_ends_as_if_written_at_once(database_url: str) -> None:
    connection = Database(database_url).connect(writes=True)
    connection.run("CREATE TABLE behind_rows (id TEXT PRIMARY KEY, a BIGINT, b BIGINT)")
    connection.run(
        "CREATE TABLE behind_counts (id TEXT, part BIGINT, n BIGINT, PRIMARY KEY (id, part))"
    )

    @settings(max_examples=150, suppress_health_check=list(HealthCheck))
    @given(_steps)
    def check(steps: list[Step]) -> None:
        # A number is never added to nothing: what a new row may be counted up in is not null.
        steps = [
            (w, k, {n: v for n, v in c.items() if not (isinstance(v, Plus) and n == "a")})
            for w, k, c in steps
        ]
        steps = [s for s in steps if s[0] != "change" or s[2]]
        connection.begin(write=True)
        try:
            assert _by_and_by(connection, steps) == _at_once(steps)
        finally:
            connection.rollback()

    try:
        check()
    finally:
        connection.close()


def test_many_rows_and_a_rollback(database_url: str) -> None:
    connection = Database(database_url).connect(writes=True)
    connection.run("CREATE TABLE behind_rows (id TEXT PRIMARY KEY, a BIGINT, b BIGINT)")
    connection.begin(write=True)
    for number in range(203):
        connection.put("behind_rows", str(number), {"id": str(number), "a": number, "b": None})
    connection.commit()
    connection.begin(write=True)
    connection.put("behind_rows", "x", {"id": "x", "a": 1, "b": None})
    connection.rollback()
    connection.begin(write=True)
    connection.commit()
    assert connection.one("SELECT COUNT(*), SUM(a) FROM behind_rows") == (203, 203 * 101)
    connection.close()


def test_the_same_row_twice_is_refused(database_url: str) -> None:
    connection = Database(database_url).connect(writes=True)
    connection.run("CREATE TABLE behind_rows (id TEXT PRIMARY KEY, a BIGINT, b BIGINT)")
    connection.begin(write=True)
    connection.put("behind_rows", "x", {"id": "x", "a": 1, "b": None})
    connection.put("behind_rows", "x", {"id": "x", "a": 2, "b": None})
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
        connection.write_behind()
    connection.rollback()
    connection.close()


async def test_a_repeat_among_new_deliveries_is_told_and_spoils_nothing(store: Store) -> None:
    first = await store.accept(sms(3))
    given_back = await asyncio.gather(*(store.accept(sms(n)) for n in (1, 2, 3, 4, 4)))
    assert [accepted.duplicate for accepted in given_back] == [False, False, True, False, True]
    assert given_back[2].id == first.id
    assert given_back[4].id == given_back[3].id
    log = await store.read(lambda reading: reading.events_after(0, 100))
    assert [recorded.seq for recorded in log] == [1, 2, 3, 4]

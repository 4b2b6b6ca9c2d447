"""The write-ahead log stays short, and nobody waits for a reader who takes his time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import ParamSpec, TypeVar

import pytest

from storage.checkpoint import CHANGES, EVERY, FORCE_FRAMES, RESTART_FRAMES, Checkpointer
from storage.engine import JOURNAL_LIMIT, PAGE, Connection, Database

P = ParamSpec("P")
T = TypeVar("T")


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class AtOnce(Executor):
    """Does what is submitted before it answers."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def grow(connection: Connection, pages: int) -> None:
    """Write at least so many pages, in one transaction of many changes."""
    connection.begin(write=True)
    for _ in range(CHANGES):
        connection.run("UPDATE t SET v = v WHERE rowid = 0")
    for _ in range(0, pages, 200):
        connection.run("INSERT INTO t (v) VALUES (:v)", {"v": b"x" * 200 * PAGE})
    connection.commit()


def opened(tmp_path: Path) -> tuple[Database, Connection]:
    database = Database(f"sqlite:///{tmp_path / 'hub.db'}")
    connection = database.connect()
    connection.run("PRAGMA synchronous=OFF")
    connection.run("CREATE TABLE t (v BLOB)")
    return database, connection


def test_a_long_reader_costs_a_moment_and_seldom(tmp_path: Path) -> None:
    database, connection = opened(tmp_path)
    hands = Hands()
    checkpoints = Checkpointer(database, hands, AtOnce())
    with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM t").fetchone()
        grow(connection, FORCE_FRAMES + 400)
        began = time.monotonic()
        for _ in range(10):
            hands.now += EVERY
            checkpoints.look(connection)
        took = time.monotonic() - began
        assert checkpoints.restarts == 1
        assert took < 3, "the busy timeout of those who write is half a minute"
        reader.execute("COMMIT")
    row = connection.one("PRAGMA busy_timeout")
    assert row == (30_000,), "a writer waits for a writer as before"
    hands.now += 10
    checkpoints.look(connection)
    grow(connection, 1)
    assert database.wal_pages() * PAGE <= JOURNAL_LIMIT
    connection.close()


def test_a_log_that_was_large_once_is_left_alone(tmp_path: Path) -> None:
    database, connection = opened(tmp_path)
    hands = Hands()
    checkpoints = Checkpointer(database, hands, AtOnce())
    grow(connection, FORCE_FRAMES + 400)
    hands.now += EVERY
    checkpoints.look(connection)
    assert checkpoints.restarts == 1
    for _ in range(50):
        grow(connection, 1)
        hands.now += 10
        checkpoints.look(connection)
    assert checkpoints.restarts == 1
    assert database.wal_pages() * PAGE <= JOURNAL_LIMIT
    connection.close()


def test_groups_go_on_while_frames_are_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, connection = opened(tmp_path)
    hands, going, go_on = Hands(), Event(), Event()
    move = Checkpointer._move

    def slowly(self: Checkpointer) -> int:
        going.set()
        assert go_on.wait(10)
        return move(self)

    monkeypatch.setattr(Checkpointer, "_move", slowly)
    checkpoints = Checkpointer(database, hands)
    grow(connection, JOURNAL_LIMIT // PAGE + 200)
    hands.now += EVERY
    checkpoints.look(connection)
    assert going.wait(10)
    grow(connection, 1)
    checkpoints.look(connection)  # comes back at once, with the move still under way
    go_on.set()
    checkpoints.close()
    checkpoints.look(connection)
    grow(connection, 1)
    assert database.wal_pages() * PAGE == JOURNAL_LIMIT, "it starts again from the front"
    connection.close()


def test_without_a_thread_it_is_tried_again_later(tmp_path: Path) -> None:
    class Refusing(AtOnce):
        def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
            raise RuntimeError("can't start new thread")

    database, connection = opened(tmp_path)
    hands = Hands()
    checkpoints = Checkpointer(database, hands, Refusing())
    grow(connection, RESTART_FRAMES + 200)
    hands.now += EVERY
    checkpoints.look(connection)  # the thread that writes goes on
    before = database.wal_pages()
    grow(connection, 1)
    assert database.wal_pages() > before
    connection.close()


def test_what_is_moved_while_nobody_writes_is_written_over(tmp_path: Path) -> None:
    database, connection = opened(tmp_path)
    hands = Hands()
    checkpoints = Checkpointer(database, hands, AtOnce())
    for _ in range(20):
        grow(connection, 1)
        hands.now += EVERY
        checkpoints.look(connection)
    assert database.wal_pages() < 500, "200 pages each"
    connection.close()


def test_few_changes_are_left_in_the_log(tmp_path: Path) -> None:
    database, connection = opened(tmp_path)
    hands = Hands()
    checkpoints = Checkpointer(database, hands, AtOnce())
    for _ in range(5):
        connection.run("INSERT INTO t (v) VALUES (:v)", {"v": b"x" * 200 * PAGE})
        hands.now += EVERY
        checkpoints.look(connection)
    assert database.wal_pages() > 1000
    connection.close()

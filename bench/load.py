"""Loads a past of many customers fast: one lived life, repeated under other numbers and times.

Every row is what the hub's own folds wrote for the pattern (bench.history), with the customer's
number, the episode's minute and the places in the log put in. So the log is valid, and folding
it gives the same projections.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench import company, history
from bench.company import MARK
from bench.history import EPISODES, History
from storage.vault import Vault
from triggerhub.database import open_store
from triggerhub.domain import events as ev
from triggerhub.domain.clock import SystemClock

FILE = "hub.sqlite3"
PAST = timedelta(days=120)  # length of one episode's share of the past
_ONCE = frozenset(
    {"accounts", "agents", "consoles", "intervals", "leases", "log_head", "positions", "sessions"}
)
_AT_ONCE = 500  # customers of one transaction
_DAY_MS = 86_400_000
_SEQ = re.compile(r'"(seq|log_position)":(\d+)')

Value = Any
Make = Callable[["Life"], Value]


class Life:
    """One customer: what is put into the pattern's holes."""

    __slots__ = ("holes", "shifts")

    def __init__(self, number: int, pattern: Pattern) -> None:
        self.holes: dict[str, str | int] = {"n": f"{number:07d}"}
        self.shifts: list[int] = []
        for episode in range(EPISODES):
            at = pattern.begins[episode] + pattern.step * number
            at = at.replace(second=0, microsecond=0)
            self.holes[f"m{episode}"] = f"{at:%Y-%m-%dT%H:%M}"
            self.shifts.append(_ms(at) - _ms(history.episode_begin(episode)))
        for episode, (first, length) in enumerate(pattern.spans):
            base = pattern.bases[episode] + number * length
            self.holes.setdefault(f"s{first}", base)
            for step in range(1, length + 1):
                self.holes[f"s{first + step}"] = base + step


class Pattern:
    """How the rows of a life come about from those of the lived one."""

    def __init__(self, lived: History, customers: int, now: datetime, vault: Vault) -> None:
        self.customers = customers
        self.step = PAST / customers
        self.begins = [now - PAST * (EPISODES - episode) for episode in range(EPISODES)]
        firsts = [lived.before, *lived.ends[:-1]]
        self.spans = [(a, b - a) for a, b in zip(firsts, lived.ends, strict=True)]
        self.bases: list[int] = []
        base = lived.before
        for _first, length in self.spans:
            self.bases.append(base)
            base += length * customers
        self.head = base
        self._vault = vault
        self._before = lived.before
        self._external = _external_ids(lived)
        self.tables: dict[str, list[list[Make]]] = {
            table: [self._row(table, lived.columns[table], row) for row in rows]
            for table, rows in lived.rows.items()
            if rows and table not in _ONCE
        }

    def _row(self, table: str, columns: list[str], row: tuple[Any, ...]) -> list[Make]:
        makes = []
        raw = dict(zip(columns, row, strict=True))
        for column, value in raw.items():
            if column == "dedupe_key" and value is not None:
                makes.append(self._key(self._external[raw["seq"]]))
            else:
                makes.append(self._make(column, value))
        return makes

    def _make(self, column: str, value: Any) -> Make:
        if isinstance(value, int) and (column == "at" or column.endswith("_at")):
            return _shifted(value)
        if isinstance(value, int) and column in ("seq", "last_seq"):
            hole = f"s{value}"
            return lambda life: life.holes[hole]
        if isinstance(value, bytes):
            text = self._text(value.decode())
            return lambda life: text(life).encode()
        if isinstance(value, str):
            return self._text(value)
        return lambda _life: value

    def _text(self, value: str) -> Callable[[Life], str]:
        holed = value.replace("%", "%%").replace(MARK, "%(n)s")
        holed = _SEQ.sub(self._place, holed)
        for episode in range(EPISODES):
            minute = f"{history.episode_begin(episode):%Y-%m-%dT%H:%M}"
            holed = holed.replace(minute, f"%(m{episode})s")
        if holed == value.replace("%", "%%"):
            return lambda _life: value
        return lambda life: holed % life.holes

    def _place(self, found: re.Match[str]) -> str:
        seq = int(found[2])
        return f'"{found[1]}":%(s{seq})d' if seq >= self._before else found[0]

    def _key(self, external_id: str) -> Make:
        text, vault = self._text(external_id), self._vault
        return lambda life: vault.hash(text(life))


def _shifted(value: int) -> Make:
    begin = _ms(history.BEGIN)
    episode = (value - begin) // _DAY_MS
    return lambda life: value + life.shifts[episode]


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _external_ids(lived: History) -> dict[int, str]:
    """Sequence number of a received message → the provider's id of it."""
    columns = lived.columns["content"]
    where = {name: columns.index(name) for name in ("id", "meta")}
    found = {}
    metas = {row[where["id"]]: row[where["meta"]] for row in lived.rows["content"]}
    names = lived.columns["events"]
    for row in lived.rows["events"]:
        event = dict(zip(names, row, strict=True))
        if event["dedupe_key"] is not None:
            meta = metas[re.search(r'"raw_content":"([^"]+)"', event["data"])[1]]  # type: ignore[index]
            found[event["seq"]] = re.search(r'"external_id":"([^"]+)"', meta)[1]  # type: ignore[index]
    return found


def load(folder: Path, *, customers: int, agents: int) -> None:
    """Make the database in `folder`, which is emptied first: a few minutes for 100 000."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lived = asyncio.run(history.live(folder, agents))
    now = datetime.now(UTC)
    pattern = Pattern(lived, customers, now, Vault(company.MASTER_KEY.encode()))
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as raw:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000"):
            raw.execute(f"PRAGMA {pragma}")
        _forget(raw, pattern, lived)
        # With their indexes in place, or these would be packed as no life leaves them.
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        ) as progress:
            for numbers in _batches(progress, customers):
                _insert(raw, pattern, numbers)
        _totals(raw, pattern, lived)
        raw.execute("ANALYZE")
        raw.execute("PRAGMA journal_mode=WAL")
    asyncio.run(_finish(folder, agents))


def _batches(progress: Progress, customers: int) -> Iterator[range]:
    task = progress.add_task("customers", total=customers)
    for first in range(0, customers, _AT_ONCE):
        numbers = range(first, min(customers, first + _AT_ONCE))
        yield numbers
        progress.advance(task, len(numbers))


def _insert(raw: sqlite3.Connection, pattern: Pattern, numbers: range) -> None:
    lives = [Life(number, pattern) for number in numbers]
    raw.execute("BEGIN")
    for table, rows in pattern.tables.items():
        marks = ", ".join("?" * len(rows[0]))
        raw.executemany(
            f"INSERT INTO {table} VALUES ({marks})",
            ([make(life) for make in row] for life in lives for row in rows),
        )
    raw.execute("COMMIT")


def _forget(raw: sqlite3.Connection, pattern: Pattern, lived: History) -> None:
    """Take the lived life out again; the company stays."""
    for table in pattern.tables:
        if table == "events":
            raw.execute("DELETE FROM events WHERE seq > ?", (lived.before,))
        elif table == "content":
            raw.execute("DELETE FROM content WHERE id LIKE ?", (f"%{MARK}",))
        else:
            raw.execute(f"DELETE FROM {table}")
    raw.execute("DELETE FROM intervals")


def _totals(raw: sqlite3.Connection, pattern: Pattern, lived: History) -> None:
    """The rows that all customers have part in."""
    last = Life(pattern.customers - 1, pattern)
    raw.execute("UPDATE log_head SET seq = ?", (pattern.head,))
    raw.execute("UPDATE positions SET seq = ?", (pattern.head,))
    raw.execute("DELETE FROM leases")
    for table, columns in (("accounts", ("last_in_at", "last_out_at")), ("agents", ("status_at",))):
        names = lived.columns[table]
        for row in lived.rows[table]:
            values = dict(zip(names, row, strict=True))
            for column in columns:
                raw.execute(
                    f"UPDATE {table} SET {column} = ? WHERE id = ?",
                    (_shifted(values[column])(last), values["id"]),
                )
    quarter = 15 * 60 * 1000
    counts: dict[str, Counter[tuple[str, int]]] = {}
    names = lived.columns["intervals"]
    for row in lived.rows["intervals"]:
        values = dict(zip(names, row, strict=True))
        shift = _shifted(values["start_at"])
        for number in range(pattern.customers):
            at = shift(Life(number, pattern))
            place = (values["queue_id"], at - at % quarter)
            for column in ("answered", "abandoned", "offered"):
                counts.setdefault(column, Counter())[place] += values[column]
    raw.executemany(
        "INSERT INTO intervals (queue_id, start_at, answered, abandoned, offered)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (*place, counts["answered"][place], counts["abandoned"][place], offered)
            for place, offered in counts["offered"].items()
        ],
    )


async def _finish(folder: Path, agents: int) -> None:
    """The agent of the past goes home; the others get their sessions."""
    clock = SystemClock()
    store = open_store(company.settings(folder))
    await store.start()
    try:
        historian = await store.read(lambda reading: reading.user_by_login(company.HISTORIAN))
        assert historian is not None
        await store.run(
            lambda work: work.append(
                ev.PresenceChanged(agent_id=historian, presence="offline", next_presence=None),
                actor=historian,
            )
        )
        until = clock.now() + timedelta(days=3650)
        await company.sign_in(store, agents, until)
    finally:
        await store.stop()
    with closing(sqlite3.connect(folder / FILE)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

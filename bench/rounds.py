"""The order of a run: floors and hub in turns, so that the machine's moods meet all of them."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bench import company, drive
from bench.desk import Desk
from bench.host import Host
from bench.load import FILE
from bench.servers import Server, start_floor, start_hub

TALK = 5  # messages that a customer writes before the agent closes
PAUSE = 0.5  # seconds until a customer who is not in a hurry writes on
CROWD = 5_000  # customers who write to the queue that has nobody
DISTURBED = 5.0  # percent of the processors' time went to the host: another round is taken
RECOVERY = 60.0  # seconds before it: whoever else the host works for may be done by then


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    customers: int
    agents: int
    rounds: int
    seconds: float  # of each measurement
    rate: float = 100.0
    sessions: int = 16
    per_second: int = 12_000  # requests made in advance for every measured second
    spare: int = 0  # further rounds at most, in place of those that the host disturbed


@dataclass(slots=True)
class Results:
    """What each round measured, by name; times in ms, memory in MiB."""

    values: dict[str, list[float]] = field(default_factory=dict)
    waits: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    left_out: int = 0  # rounds that the host disturbed more than those that count

    def add(self, name: str, value: float) -> None:
        self.values.setdefault(name, []).append(value)

    def take(self, other: Results) -> None:
        """What `other` measured, too; not its faults."""
        for mine, others in ((self.values, other.values), (self.waits, other.waits)):
            for name, found in others.items():
                mine.setdefault(name, []).extend(found)


MIB = 1024 * 1024


class Run:
    def __init__(self, size: Size, folder: Path, say: Callable[[str], None]) -> None:
        self.size = size
        self.folder = folder
        self.results = Results()
        self._say = say
        self._messages = drive.Messages(seed=Random().getrandbits(62))
        numbers = list(range(min(CROWD, size.customers // 4), size.customers))
        Random(1).shuffle(numbers)
        self._crowd = range(min(CROWD, size.customers // 4))
        # Each in turn: whoever comes again has nothing open any more.
        self._customers = itertools.cycle(numbers)

    async def all(self) -> Results:
        hub = await start_hub(self.folder)
        desk = Desk()
        try:
            self.results.add("ready", hub.ready_after)
            await asyncio.sleep(2)
            self.results.add("memory_idle", hub.memory() / MIB)
            hub.watch()
            await desk.open(hub.http_port, self.size.agents)
            await self._rounds(hub, desk)
            self.results.add("memory_load", hub.peak / MIB)
            self.results.add("memory_load_with_parsers", hub.peak_with_workers / MIB)
            if desk.lost:
                self.results.faults.append(f"{desk.lost} consoles lost their connection")
            self.results.faults += [fault.decode(errors="replace") for fault in desk.failed]
        finally:
            desk.close()
            await hub.stop()
        again = await start_hub(self.folder)
        self.results.add("ready", again.ready_after)
        await again.stop()
        return self.results

    async def _rounds(self, hub: Server, desk: Desk) -> None:
        """As many as asked for: those that the host disturbed least, judged by nothing else."""
        taken: list[Results] = []
        stolen: list[float] = []
        most = self.size.rounds + self.size.spare
        while sum(share <= DISTURBED for share in stolen) < self.size.rounds and len(taken) < most:
            if stolen and stolen[-1] > DISTURBED:
                self._say(f"the host took {stolen[-1]:.0f} % of the last round: a pause")
                await asyncio.sleep(RECOVERY)
            host = Host()
            taken.append(await self._round(len(taken), hub, desk))
            stolen.append(host.took() * 100)
            taken[-1].add("stolen", stolen[-1])
            self.results.faults += taken[-1].faults  # what went wrong counts in any round
        kept = sorted(range(len(taken)), key=stolen.__getitem__)[: self.size.rounds]
        for number in sorted(kept):
            self.results.take(taken[number])
        self.results.left_out = len(taken) - len(kept)

    async def _round(self, number: int, hub: Server, desk: Desk) -> Results:
        size, results = self.size, Results()
        name = f"round {number + 1}"
        count = int(size.per_second * size.seconds)
        crowd = itertools.islice(itertools.cycle(self._crowd), count)
        requests = await self._messages.all(crowd, company.CROWD_NUMBER)

        self._say(f"{name}: floor, HTTP")
        floor = await start_floor("http", self.folder)
        rate, refused = await drive.post_all(floor.http_port, requests, size.seconds)
        at_rate = await drive.answers(
            floor.http_port, requests[: int(size.rate * size.seconds)], size.rate
        )
        await floor.stop()
        results.add("floor", rate)
        results.add("floor_p50", _share(at_rate, 0.5))
        results.add("floor_p99", _share(at_rate, 0.99))

        self._say(f"{name}: webhooks accepted")
        began = time.perf_counter()
        rate, refused = await drive.post_all(hub.http_port, requests, size.seconds)
        results.add("accept", rate)
        accepted = rate * (time.perf_counter() - began)
        if refused:
            results.faults.append(f"{refused} webhooks were refused")
        del requests
        await self._settled(name, hub)
        results.add("resolved", accepted / (time.perf_counter() - began))

        for what, messages in (("full_path", TALK), ("all_new", 1)):
            self._say(f"{name}: full path, {messages} messages a conversation")
            customers = itertools.islice(self._customers, count // 4 // messages)
            path = await drive.full_path(
                hub.http_port,
                desk,
                await self._messages.talks(customers, company.SUPPORT_NUMBER, messages),
                warm=min(1.0, size.seconds / 4),
                seconds=size.seconds,
            )
            results.add(what, path.per_second)
            results.add(f"{what}_bytes", path.bytes_per_message)
            if path.offered or path.closed:
                missing = f"{path.offered} offers, {path.closed} closes missing"
                results.faults.append(f"{what}: {missing}")
            await self._settled(name, hub)

        for what, messages in (("wait", TALK), ("offer_wait", 1)):
            self._say(f"{name}: latency at {size.rate:g} a second, {messages} a conversation")
            pause = min(PAUSE, size.agents / 2 / size.rate)  # or too few agents would be free
            begin = int(size.rate * (size.seconds + pause * messages) / messages) + 2
            waits = await drive.latencies(
                hub.http_port,
                desk,
                await self._messages.talks(
                    itertools.islice(self._customers, begin), company.SUPPORT_NUMBER, messages
                ),
                size.rate,
                messages=messages,
                pause=pause,
                seconds=size.seconds,
            )
            results.waits.setdefault(what, []).extend(waits)
            results.add(f"{what}_p50", _share(waits, 0.5))
            results.add(f"{what}_p99", _share(waits, 0.99))
            await self._settled(name, hub)

        self._say(f"{name}: floor, SMTP")
        bare = await start_floor("smtp", self.folder)
        rate, _ = await drive.send_mails(
            bare.smtp_port, drive.mails(number, count), sessions=size.sessions, seconds=size.seconds
        )
        await bare.stop()
        results.add("smtp_floor", rate)

        self._say(f"{name}: mails accepted")
        began = time.perf_counter()
        rate, refused = await drive.send_mails(
            hub.smtp_port,
            drive.mails(Random().getrandbits(62), count),
            sessions=size.sessions,
            seconds=size.seconds,
        )
        results.add("smtp", rate)
        accepted = rate * (time.perf_counter() - began)
        if refused:
            results.faults.append(f"{refused} mails were refused")
        await self._settled(name, hub)
        results.add("smtp_resolved", accepted / (time.perf_counter() - began))
        return results

    async def _settled(self, name: str, hub: Server) -> None:
        """Until the router has read the whole log, nothing is left to parse, and the disk has
        what was written: the next figure isn't to pay for the last one."""
        with closing(sqlite3.connect(f"file:{self.folder / FILE}?mode=ro", uri=True)) as raw:
            while True:
                head, position, pending = raw.execute(
                    "SELECT (SELECT seq FROM events WHERE type IN ('message.received',"
                    " 'message.parsed', 'status.received') ORDER BY seq DESC LIMIT 1),"
                    " (SELECT seq FROM positions WHERE name = 'router'),"
                    " (SELECT COUNT(*) FROM pending)"
                ).fetchone()
                if position >= head and not pending:
                    await asyncio.to_thread(os.sync)
                    return
                self._say(f"{name}: {head - position} events to read, {pending} mails to parse")
                if hub.process.poll() is not None:
                    raise RuntimeError(f"the hub ended, see {self.folder / 'hub.log'}")
                await asyncio.sleep(0.1)


def _share(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


def copy_of(database: Path, folder: Path) -> None:
    """A database to write to; the loaded one stays as it is."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(database, folder)
    os.sync()

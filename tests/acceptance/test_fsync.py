"""Promise 1 below the file system: a sync has returned before each yes is written.

SIGKILL loses nothing that a process has written, synced or not; only the trace shows that a loss
of power would not either.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.hub_process import HubProcess, seed
from tests.acceptance.ledger import Delivery, Ledger
from tests.acceptance.trace import ENDED, OPTIONS, Trace, calls
from tests.services.process import wrapper

WAL = "/hub.sqlite3-wal"
CONTENT = "/content/"
YES = {"sms": "HTTP/1.1 200", "mail": "250 2.0.0 OK, stored"}
pytest_plugins = ["tests.services.strace"]


@pytest.fixture
async def hub(tmp_path: Path, strace: str) -> AsyncIterator[HubProcess]:
    """A served hub under strace, which writes `trace` beside its database."""
    hub = HubProcess(
        folder=tmp_path,
        seed=seed({"ann": "agent"}),
        prefix=(strace, *OPTIONS, f"--output={tmp_path / 'trace'}", *wrapper(unprivileged=False)),
    )
    await hub.open()
    yield hub
    await hub.end()


async def _trace(hub: HubProcess) -> Trace:
    """What was traced, once the tracer has written all of it."""
    path = hub.folder / "trace"
    async with asyncio.timeout(30):
        # The tracer outlives the hub by a moment, and says the end of each thread last.
        while f"{_pid(hub)} " not in (last := _last_line(path)) or ENDED not in last:  # noqa: ASYNC110
            await asyncio.sleep(0)
    with path.open(errors="replace") as lines:
        return Trace(tuple(calls(lines)))


def _pid(hub: HubProcess) -> int:
    assert hub.process is not None
    return hub.process.pid


def _last_line(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 200))
        return file.read().decode(errors="replace").rstrip("\n").rpartition("\n")[2]


async def test_a_sync_returns_before_each_yes_is_written(hub: HubProcess) -> None:
    ledger = Ledger(
        http_port=hub.http_port,
        smtp_port=hub.smtp_port,
        public_url=hub.public_url,
        rng=random.Random(7),
    )
    deliveries: dict[str, Delivery] = {}
    for number in range(5):
        deliveries |= {
            f"smsmark{number}x": ledger.text(f"smsmark{number}x"),
            f"smallmark{number}x": ledger.mail(f"smallmark{number}x", large=False),
            f"largemark{number}x": ledger.mail(f"largemark{number}x", large=True),
        }
    for delivery in deliveries.values():
        # One after the other, so that each yes in the trace is known by its place.
        assert await ledger.hand_over(delivery)
        assert delivery.yes == 1
    assert await hub.stop() == 0, hub.tail()
    trace = await _trace(hub)
    for marker, delivery in deliveries.items():
        _check(trace, marker, delivery)


def _check(trace: Trace, marker: str, delivery: Delivery) -> None:
    large = marker.startswith("large")
    kept = trace.writes(CONTENT if large else WAL, marker)
    assert kept, f"{marker}: its bytes were never written"
    written = kept[0].ended
    answers = [call for call in trace.writes("", YES[delivery.kind]) if call.began >= written]
    assert answers, f"{marker}: no yes after its bytes"
    yes = answers[0].began
    if large:
        path = kept[0].path
        assert trace.synced(path, after=written, before=yes), f"{marker}: file not synced"
        folder = path.rpartition("/")[0]
        assert trace.synced(folder, after=written, before=yes), f"{marker}: folder not synced"
        committed = [c for c in trace.calls if c.name == "pwrite64" and c.path.endswith(WAL)]
        written = next(c.ended for c in committed if c.began >= written)
    assert trace.synced(WAL, after=written, before=yes), f"{marker}: said yes before the sync"


LINES = """\
11 100.000000 pwrite64(5</d/hub.sqlite3-wal>, "mark", 4, 0) = 4 <0.000010>
11 100.001000 fdatasync(5</d/hub.sqlite3-wal> <unfinished ...>
12 100.002000 write(9<socket:[77]>, "HTTP/1.1 200 OK", 15) = 15 <0.000020>
11 100.003000 <... fdatasync resumed>)   = 0 <0.002000>
12 100.004000 write(9<socket:[77]>, "HTTP/1.1 200 OK", 15) = 15 <0.000020>
12 100.005000 +++ exited with 0 +++
"""


def test_a_sync_that_has_begun_is_not_one_that_has_returned() -> None:
    """The judge itself: an answer written while the sync still runs is found out."""
    trace = Trace(tuple(calls(LINES.splitlines())))
    (mark,) = trace.writes(WAL, "mark")
    early, late = trace.writes("", YES["sms"])
    assert not trace.synced(WAL, after=mark.ended, before=early.began)
    assert trace.synced(WAL, after=mark.ended, before=late.began)

"""Start order, supervision, drain, exit codes. Parts write what they do into one list."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from triggerhub.domain.errors import STOPPING, Unavailable
from triggerhub.lifecycle import CUT_SHORT, FAILED, STOPPED, Backoff, Part, Step, Supervisor

NOW = timedelta()
AT_ONCE = Backoff(first=0, most=0)


async def run(parts: Sequence[Part], **options: Any) -> int:
    return await Supervisor(parts, **options).run()


@dataclass
class Diary:
    lines: list[str] = field(default_factory=list)

    def says(self, line: str) -> Step:
        async def step() -> None:
            self.lines.append(line)

        return step

    def part(self, name: str) -> Part:
        return Part(
            name=name,
            start=self.says(f"{name} starts"),
            run=forever,
            stop_accepting=self.says(f"{name} stops accepting"),
            finish=self.says(f"{name} finishes"),
            goodbye=self.says(f"{name} says goodbye"),
            close=self.says(f"{name} closes"),
        )


async def forever() -> None:
    await asyncio.Event().wait()


async def burns() -> None:
    raise OSError("the kettle is on fire")


@pytest.fixture
def diary() -> Diary:
    return Diary()


def own_signal(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_from_start_to_end(diary: Diary, number: int) -> None:
    parts = [diary.part("storage"), diary.part("door")]
    assert await run(parts, on_ready=own_signal(number)) == STOPPED
    assert diary.lines == [
        "storage starts",
        "door starts",
        "door stops accepting",
        "storage stops accepting",
        "door finishes",
        "storage finishes",
        "door says goodbye",
        "storage says goodbye",
        "door closes",
        "storage closes",
    ]


async def test_work_goes_on_while_it_finishes(diary: Diary) -> None:
    """The leader must still decide while what was accepted is being finished."""
    asked, answered = asyncio.Event(), asyncio.Event()

    async def works() -> None:
        await asked.wait()
        answered.set()
        await forever()

    async def finishes() -> None:
        asked.set()
        await answered.wait()

    leader = Part(name="leader", run=works, finish=finishes, close=diary.says("closed"))
    supervisor = Supervisor([leader], on_ready=own_signal(signal.SIGTERM))
    assert await supervisor.run() == STOPPED
    assert diary.lines == ["closed"]


async def test_a_vital_part_that_fails_ends_the_hub(diary: Diary) -> None:
    assert await run([diary.part("storage"), Part(name="leader", run=burns)]) == FAILED
    assert diary.lines[-1] == "storage closes"


async def test_a_vital_part_that_ends_by_itself_ends_the_hub(diary: Diary) -> None:
    assert await run([Part(name="leader", run=diary.says("done"))]) == FAILED


async def breaks_off() -> None:
    """As somebody does who awaits what another has cancelled."""
    awaited = asyncio.get_running_loop().create_future()
    awaited.cancel()
    await awaited


async def test_a_vital_part_that_is_cancelled_from_within_ends_the_hub() -> None:
    assert await run([Part(name="leader", run=breaks_off)]) == FAILED


async def test_a_side_part_that_is_cancelled_from_within_is_started_again() -> None:
    tries: list[int] = []

    async def works() -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            await breaks_off()
        os.kill(os.getpid(), signal.SIGTERM)
        await forever()

    restarted: list[str] = []
    side = Part(name="meters", vital=False, run=works)
    assert await run([side], backoff=AT_ONCE, on_restart=restarted.append) == STOPPED
    assert restarted == ["meters"]


async def test_what_started_is_closed_when_the_next_does_not_start(diary: Diary) -> None:
    parts = [diary.part("storage"), Part(name="door", start=burns), diary.part("never")]
    assert await run(parts) == FAILED
    assert diary.lines[0] == "storage starts"
    assert diary.lines[-1] == "storage closes"
    assert not [line for line in diary.lines if line.startswith("never")]


async def test_a_signal_while_it_starts(diary: Diary) -> None:
    async def signalled() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await forever()

    assert await run([diary.part("storage"), Part(name="slow", start=signalled)]) == STOPPED
    assert diary.lines[-1] == "storage closes"


async def test_a_side_part_is_started_again(diary: Diary) -> None:
    restarts: list[str] = []
    third = asyncio.Event()

    async def limps() -> None:
        diary.lines.append("runs")
        if len(diary.lines) < 3:
            raise OSError("again")
        third.set()
        await forever()

    supervisor = Supervisor(
        [Part(name="media", vital=False, run=limps)], backoff=AT_ONCE, on_restart=restarts.append
    )
    life = asyncio.create_task(supervisor.run())
    await third.wait()
    supervisor.stop()
    assert await life == STOPPED
    assert restarts == ["media", "media"]


async def test_a_side_part_may_end_by_itself(diary: Diary) -> None:
    done = asyncio.Event()

    async def one_errand() -> None:
        done.set()

    supervisor = Supervisor([Part(name="errand", vital=False, run=one_errand)])
    life = asyncio.create_task(supervisor.run())
    await done.wait()
    supervisor.stop()
    assert await life == STOPPED


async def test_a_side_part_that_hears_that_the_hub_stops_is_not_started_again() -> None:
    restarts: list[str] = []
    told: list[Supervisor] = []

    async def asks() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(line_is_lost())

    async def line_is_lost() -> None:
        asyncio.get_running_loop().call_later(0.01, told[0].stop)
        raise Unavailable("the hub is stopping", code=STOPPING)

    told.append(
        Supervisor(
            [Part(name="meters", vital=False, run=asks)],
            backoff=AT_ONCE, on_restart=restarts.append,
        )
    )  # fmt: skip
    assert await told[0].run() == STOPPED
    assert restarts == []


async def test_time_runs_out_and_everything_is_closed_still(diary: Diary) -> None:
    slow = Part(name="slow", finish=forever)
    code = await run([diary.part("storage"), slow], drain=NOW, on_ready=own_signal(signal.SIGTERM))
    assert code == CUT_SHORT
    assert diary.lines[-1] == "storage closes"


async def test_a_second_signal_forces(diary: Diary) -> None:
    async def impatient() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await forever()

    parts = [diary.part("storage"), Part(name="slow", finish=impatient)]
    code = await run(parts, drain=timedelta(hours=1), on_ready=own_signal(signal.SIGINT))
    assert code == CUT_SHORT
    assert diary.lines[-1] == "storage closes"


async def test_a_part_that_fails_to_stop_does_not_keep_the_others(diary: Diary) -> None:
    bad = Part(name="bad", stop_accepting=burns, close=burns)
    code = await run([diary.part("storage"), bad], on_ready=own_signal(signal.SIGTERM))
    assert code == FAILED
    assert diary.lines[-1] == "storage closes"


async def test_a_part_that_does_not_close(diary: Diary) -> None:
    stuck = Part(name="stuck", close=forever)
    supervisor = Supervisor(
        [diary.part("storage"), stuck], close=NOW, on_ready=own_signal(signal.SIGTERM)
    )
    assert await supervisor.run() == CUT_SHORT
    assert diary.lines[-1] == "storage closes"


async def test_failing_while_it_drains_is_a_failure(diary: Diary) -> None:
    fail = asyncio.Event()

    async def breaks_late() -> None:
        await fail.wait()
        raise OSError("disk full")

    async def finishes() -> None:
        fail.set()

    part = Part(name="writer", run=breaks_late, finish=finishes, goodbye=diary.says("bye"))
    assert await run([part], on_ready=own_signal(signal.SIGTERM)) == FAILED

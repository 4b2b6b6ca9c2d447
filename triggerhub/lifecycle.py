"""Start order, supervision, graceful drain.

Owns when the parts of the hub start, what happens when one fails, and in which order they end.
Knows nothing of what they do.

Start is in the given order. A vital part that fails, or ends by itself, ends the hub; any other is
started again, later each time. SIGTERM or SIGINT ends the hub in four phases: stop accepting (of
which consoles are told), finish what was accepted, cut off who is still there, then close
everything in the reverse of the start order. A second signal, or the time limit, cuts the first
three short; closing always takes place.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from triggerhub.domain.errors import STOPPING, HubError, Unavailable

log = structlog.get_logger(__name__)

STOPPED = 0
"""Exit code: asked to stop, and everything that was accepted is finished."""
FAILED = 1
"""Exit code: a vital part failed, or would not start or end properly."""
CUT_SHORT = 3
"""Exit code: asked to stop, and time or patience ran out before everything was finished."""

Step = Callable[[], Coroutine[Any, Any, None]]
PHASES = ("stop_accepting", "finish", "goodbye")
TELLING = 1.0  # seconds that the goodbye has at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the hub; None where it has nothing to do at that point.

    `start` returns when the part is ready for work; `run` is its work, as long as the hub lives.
    """

    name: str
    vital: bool = True
    start: Step | None = None
    run: Step | None = None
    stop_accepting: Step | None = None
    finish: Step | None = None
    goodbye: Step | None = None
    close: Step | None = None


def side_parts(
    runs: Mapping[str, Callable[[], Awaitable[None]]],
    *,
    finishes: Mapping[str, Step] | None = None,
    closes: Mapping[str, Step] | None = None,
) -> list[Part]:
    """What runs in the background, by name; each is started again when it fails."""
    finishes, closes = finishes or {}, closes or {}
    return [
        Part(
            name=name,
            vital=False,
            run=_step(run),
            finish=finishes.get(name),
            close=closes.get(name),
        )
        for name, run in runs.items()
    ]


def _step(run: Callable[[], Awaitable[None]]) -> Step:
    async def step() -> None:
        await run()

    return step


def settle_memory() -> None:
    """What is there at the start stays: looking through it again and again took a tenth of the
    time that a busy hub has."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long a failed side part waits, in seconds: doubling, anew after a calm time."""

    first: float = 0.2
    most: float = 30.0
    calm: float = 60.0


class Supervisor:
    """One life of the hub. `stop()` may be called by anybody, the `signals` do it too; the second
    time it forces."""

    def __init__(
        self,
        services: Sequence[Part],
        *,
        drain: timedelta = timedelta(seconds=20),
        close: timedelta = timedelta(seconds=5),
        backoff: Backoff | None = None,
        on_ready: Callable[[], None] | None = None,
        on_restart: Callable[[str], None] | None = None,
        signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT),
        name: str = "hub",
    ) -> None:
        self._services = services
        self._drain = drain.total_seconds()
        self._close = close.total_seconds()
        self._backoff = backoff or Backoff()
        self._on_ready = on_ready
        self._on_restart = on_restart
        self._ending = signals
        self._name = name
        self._stopping = asyncio.Event()
        self._forced = asyncio.Event()
        self._started: list[Part] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._code = STOPPED

    def stop(self) -> None:
        if self._stopping.is_set():
            self._forced.set()
        self._stopping.set()

    async def run(self) -> int:
        """From start to end; the exit code."""
        with self._signals():
            await self._start()
            if not self._stopping.is_set():
                log.info(f"{self._name}.ready", services=[s.name for s in self._started])
                if self._on_ready is not None:
                    self._on_ready()
                await self._stopping.wait()
            await self._end()
        log.info(f"{self._name}.stopped", code=self._code)
        return self._code

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in self._ending:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in self._ending:
                loop.remove_signal_handler(number)

    # --- start and supervision ----------------------------------------------------------------

    async def _start(self) -> None:
        for service in self._services:
            if self._stopping.is_set():
                return
            self._started.append(service)
            if not service.vital:
                self._watch(service, self._keep(service))
                continue
            if service.start is not None and not await self._open(service, service.start):
                return
            if service.run is not None:
                self._watch(service, service.run())

    async def _open(self, service: Part, start: Step) -> bool:
        opening = asyncio.create_task(start(), name=f"{service.name}.start")
        await self._until(opening, self._stopping)
        if not opening.done():
            await _cancelled(opening)
        if opening.cancelled():
            return False
        error = opening.exception()
        if error is None:
            return True
        log.critical("service.start_failed", service=service.name, **_said(error))
        self._fail()
        return False

    def _watch(self, service: Part, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=service.name)
        task.add_done_callback(lambda ended: self._ended(service, ended))
        self._tasks[service.name] = task

    def _ended(self, service: Part, task: asyncio.Task[None]) -> None:
        if not service.vital:
            return
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.critical("service.failed", service=service.name, **_said(error))
            self._fail()
        elif not self._stopping.is_set():
            log.critical("service.ended", service=service.name)
            self._fail()

    def _fail(self) -> None:
        self._code = FAILED
        self._stopping.set()

    async def _keep(self, service: Part) -> None:
        """Start and run a side part, again and again until it ends by itself, or the hub does."""
        loop = asyncio.get_running_loop()
        pause = self._backoff.first
        while True:
            began = loop.time()
            error = await self._once(service)
            if error is None or _goes_down(error):
                return
            if loop.time() - began >= self._backoff.calm:
                pause = self._backoff.first
            log.error("service.restarting", service=service.name, seconds=pause, exc_info=error)
            if self._on_restart is not None:
                self._on_restart(service.name)
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._backoff.most)

    async def _once(self, service: Part) -> BaseException | None:
        for step in (service.start, service.run):
            if step is None:
                continue
            attempt = asyncio.create_task(step(), name=f"{service.name}.attempt")
            try:
                await asyncio.wait({attempt})
            except asyncio.CancelledError:
                await _cancelled(attempt)
                raise
            if attempt.cancelled():  # not by us: something that it awaited was
                return asyncio.CancelledError(f"{service.name} was cancelled from within")
            if (error := attempt.exception()) is not None:
                return error
        return None

    # --- the end ------------------------------------------------------------------------------

    async def _end(self) -> None:
        log.info(f"{self._name}.stopping", seconds=self._drain)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._drain
        for phase in PHASES:
            # However long the others took, whoever is still there is told.
            least = TELLING if phase == "goodbye" else 0.0
            await self._phase(phase, max(least, deadline - loop.time()))
        deadline = loop.time() + self._close
        for service in reversed(self._started):
            running = self._tasks.get(service.name)
            if running is not None:
                await _cancelled(running, max(0.0, deadline - loop.time()))
            if service.close is not None:
                closing = asyncio.create_task(service.close(), name=f"{service.name}.close")
                # At least a moment each, so that the last, the storage, gets its turn.
                await asyncio.wait({closing}, timeout=max(0.5, deadline - loop.time()))
                await self._settle(service, "close", closing)

    async def _phase(self, phase: str, seconds: float) -> None:
        steps = {
            asyncio.create_task(step(), name=f"{service.name}.{phase}"): service
            for service in reversed(self._started)
            if (step := getattr(service, phase)) is not None
        }
        if not steps:
            return
        everything = asyncio.ensure_future(asyncio.wait(steps, timeout=seconds))
        await self._until(everything, self._forced)
        await _cancelled(everything)
        for task, service in steps.items():
            await self._settle(service, phase, task)

    async def _settle(self, service: Part, phase: str, task: asyncio.Task[None]) -> None:
        if not task.done():
            log.warning("service.cut_short", service=service.name, phase=phase)
            self._code = self._code or CUT_SHORT
            await _cancelled(task, 0.5)
        elif not task.cancelled() and (error := task.exception()) is not None:
            log.error("service.stop_failed", service=service.name, phase=phase, exc_info=error)
            self._code = FAILED

    @staticmethod
    async def _until(task: asyncio.Future[Any], event: asyncio.Event) -> None:
        """Return when the task is done or the event is set; the task is left as it is."""
        waiting = asyncio.ensure_future(event.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        await _cancelled(waiting)


def _goes_down(error: BaseException) -> bool:
    """Whether it only says that the hub is going down, which whoever ends it tells."""
    if isinstance(error, BaseExceptionGroup):
        return all(_goes_down(each) for each in error.exceptions)
    return isinstance(error, Unavailable) and error.code == STOPPING


def _said(error: BaseException) -> dict[str, Any]:
    """What is known to happen (a port in use) is said in a line, a bug with its traceback."""
    expected = isinstance(error, OSError | HubError)
    return {"error": str(error), "exc_info": None if expected else error}


async def _cancelled(task: asyncio.Future[Any], seconds: float | None = None) -> None:
    """Cancel, if it isn't done, and wait for it, at most so long."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=seconds)

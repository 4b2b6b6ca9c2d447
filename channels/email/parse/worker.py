"""Parsing beside the event loop: a few limited processes, replaced when a mail breaks them.

A process starts when it is first needed, holds at most 512 MB, has 5 s for a mail (the second,
frugal attempt included; for a large one 5 s of a processor), and ends with its parent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from channels.email.parse.launch import attempts, command, environment
from channels.email.parse.limits import PARSE_SECONDS
from channels.email.parse.mail import ParsedMail, Unparseable
from channels.email.parse.wire import RESPONSE, Request, read_result, request_head
from triggerhub.domain.errors import Unavailable

_BUFFER = 1024 * 1024
_USES = 5000
"""Mails after which a process makes room for a fresh one, so that no leak grows."""


_ENDING_SECONDS = 1.0  # for a process that has closed its output to be gone
_NICE = 5
"""Accepting goes before reading: a quarter of a core at least is left where all are wanted."""


class _Broken(Exception):
    """The process gave no answer; the message says why."""


class _Process:
    """One running parser."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.uses = 0

    @classmethod
    async def start(cls) -> _Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *command(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=environment(),
                limit=_BUFFER,
            )
        except OSError as exc:
            raise Unavailable("no parser process can be started") from exc
        with contextlib.suppress(ProcessLookupError):  # it has ended; who asks it will see
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        return cls(process)

    async def ask(self, request: Request) -> ParsedMail:
        self.uses += 1
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            async with asyncio.timeout(request.seconds):
                stdin.write(request_head(request))
                stdin.write(request.payload)
                await stdin.drain()
                ok, size, more = RESPONSE.unpack(await stdout.readexactly(RESPONSE.size))
                meta = await stdout.readexactly(size)
                contents = await stdout.readexactly(more)
        except TimeoutError as exc:
            most = max(PARSE_SECONDS, request.seconds)
            raise _Broken(f"time: not read within {most:g} s") from exc
        except (OSError, asyncio.IncompleteReadError) as exc:
            # How it ended by itself says why. To kill what has just ended would hide that: the
            # signal's sender looks first, and takes the exit status from whoever waits for it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ENDING_SECONDS):
                    await self._process.wait()
            await self.stop()
            if self._process.returncode == -signal.SIGPROF:
                raise _Broken(f"time: not read within {PARSE_SECONDS:g} s") from exc
            raise _Broken("parser: it broke on this mail") from exc
        return read_result(ok, meta, contents)

    async def stop(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()


class ParserPool:
    """Parser processes for one event loop. Close it when done."""

    def __init__(self, size: int = 2) -> None:
        self._idle: list[_Process] = []
        self._slots = asyncio.Semaphore(size)
        self._busy: set[_Process] = set()
        self._closed = False

    async def parse(self, raw: bytes) -> ParsedMail:
        """As `channels.email.parse.parse`, within its limits of time and memory.

        Raises `Unparseable`, also when the mail broke or outlasted the process, and `Unavailable`
        when the pool is closed or no process can be started: nothing is said of the mail then.
        """
        async with self._slots:
            reason = ""
            for frugal, seconds in attempts(len(raw), patient=True):
                try:
                    return await self._attempt(
                        Request(job="parse", payload=raw, frugal=frugal, seconds=seconds)
                    )
                except _Broken as exc:
                    reason = str(exc)
            raise Unparseable([reason])

    async def _attempt(self, request: Request) -> ParsedMail:
        if self._closed:
            raise Unavailable("the mail parser is closed")
        process = self._idle.pop() if self._idle else await _Process.start()
        self._busy.add(process)
        whole = False
        try:
            mail = await process.ask(request)
            whole = True
            return mail
        except Unparseable:
            whole = True
            raise
        finally:
            # A process left in the middle of an answer (broken, cancelled) is of no more use.
            self._busy.discard(process)
            if whole and process.uses < _USES and not self._closed:
                self._idle.append(process)
            else:
                await process.stop()

    async def close(self) -> None:
        """Stop every process; mails in work end in `Unavailable`."""
        self._closed = True
        idle, self._idle = self._idle, []
        for process in (*idle, *self._busy):
            await process.stop()

    async def __aenter__(self) -> ParserPool:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

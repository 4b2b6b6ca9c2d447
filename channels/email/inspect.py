"""The body of `triggerhub inspect --channel email`: files in, one JSON line each out, in order.

Needs no database, configuration or network. Every file is read and parsed in a limited process,
so that nothing in it can harm this one; what takes too long is tried once more without its HTML.
"""

from __future__ import annotations

import os
import re
import select
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import BinaryIO

from channels.email.parse.inspection import refused_line
from channels.email.parse.launch import FIRST_SECONDS, attempts, command, environment
from channels.email.parse.limits import MAX_MAIL_BYTES, PARSE_SECONDS
from channels.email.parse.wire import RESPONSE, Job, Request, request_head

_PIPE_BYTES = 1024 * 1024
"""Room in the pipes, so that large mails cross in few turns."""
_AHEAD = 64
"""Finished lines that may wait for an earlier one."""
_SPARE_SECONDS = 0.5
"""Kept for ending a parser; the least that any attempt is given."""
_WAITING_BYTES = 64 * 1024 * 1024
"""Bytes of such lines, beyond which nothing new is begun until they are written."""


_OWN_STREAM = re.compile(rb"/dev/(?:stdin|fd/\d+)\Z|/proc/(?:self|thread-self|\d+)/.*fd/\d+\Z")


class _Failed(Exception):
    """The parser process gave no answer; the message says why."""


class _Parser:
    """One parser process, started when first needed and replaced when it fails."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: Request) -> bytes:
        deadline = time.monotonic() + request.seconds
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment(),
                bufsize=0,
                pipesize=_PIPE_BYTES,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            for chunk in (request_head(request), request.label, request.payload):
                _write(self._process.stdin.fileno(), chunk)
            out = self._process.stdout.fileno()
            _, size, more = RESPONSE.unpack(_read(out, RESPONSE.size, deadline))
            return _read(out, size + more, deadline)
        except OSError as exc:
            self.stop()
            raise _Failed("parser: it broke on this mail") from exc
        except _Failed:
            self.stop()
            raise

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def inspect_files(paths: Sequence[str], out: BinaryIO, *, processes: int | None = None) -> None:
    """Write one line for each of `paths`, in their order, each as soon as it is its turn.

    `processes`: how many parsers work at once, by default one for each core. Raises
    `BrokenPipeError` when nobody reads `out` any more.
    """
    count = max(1, min(processes or len(os.sched_getaffinity(0)), len(paths)))
    board = _Board(len(paths))
    threads = [
        threading.Thread(target=_work, args=(paths, board), daemon=True) for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        for index in range(len(paths)):
            out.write(board.take(index))
            out.flush()
    finally:
        board.close()
        for thread in threads:
            thread.join()


class _Board:
    """Hands out numbers and keeps finished lines until it is their turn."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._next = 0
        self._written = 0
        self._lines: dict[int, bytes] = {}
        self._bytes = 0
        self._changed = threading.Condition()

    def draw(self) -> int | None:
        with self._changed:
            self._changed.wait_for(self._has_room)
            if self._next >= self._total:
                return None
            self._next += 1
            return self._next - 1

    def _has_room(self) -> bool:
        # The line that is waited for is never held back.
        ahead = self._next - self._written
        return ahead <= 0 or (ahead < _AHEAD and self._bytes < _WAITING_BYTES)

    def put(self, index: int, line: bytes) -> None:
        with self._changed:
            self._lines[index] = line
            self._bytes += len(line)
            self._changed.notify_all()

    def take(self, index: int) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: index in self._lines)
            line = self._lines.pop(index)
            self._written = index + 1
            self._bytes -= len(line)
            self._changed.notify_all()
            return line

    def close(self) -> None:
        with self._changed:
            self._next = self._total
            self._written = self._total
            self._changed.notify_all()


def _work(paths: Sequence[str], board: _Board) -> None:
    parser = _Parser()
    try:
        while (index := board.draw()) is not None:
            board.put(index, _line(parser, os.fsencode(paths[index])))
    finally:
        parser.stop()


def _line(parser: _Parser, path: bytes) -> bytes:
    reason = ""
    deadline = time.monotonic() + PARSE_SECONDS - _SPARE_SECONDS
    try:
        job, payload, size = _opened(path)
        for frugal, most in attempts(size):
            seconds = max(min(most, deadline - time.monotonic()), _SPARE_SECONDS)
            request = Request(job=job, payload=payload, label=path, frugal=frugal, seconds=seconds)
            try:
                return parser.ask(request)
            except _Failed as exc:
                reason = str(exc)
    except _Failed as exc:
        reason = str(exc)
    return b"".join(refused_line(path, [reason]))


def _opened(path: bytes) -> tuple[Job, bytes, int]:
    """(job, payload, size): a regular file is left to the parser, what flows is read here.

    A pipe, like `<(command)` in a shell, is open in this process alone; and `/dev/stdin` is
    another thing in the parser, whatever it is here.
    """
    if not path:
        raise _Failed("file: no path was given")
    try:
        found = os.stat(path)  # noqa: PTH116 - a path as bytes
        own = _OWN_STREAM.match(os.path.realpath(path)) or _OWN_STREAM.match(path)
    except (OSError, ValueError):
        return "inspect-path", path, 0  # the parser says what is wrong with it
    if stat.S_ISREG(found.st_mode) and not own:
        return "inspect-path", path, found.st_size
    if stat.S_ISDIR(found.st_mode):
        raise _Failed("file: it is a directory")
    payload = _read_stream(path, time.monotonic() + FIRST_SECONDS)
    return "inspect-bytes", payload, len(payload)


def _read_stream(path: bytes, deadline: float) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        stream = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as exc:
        raise _Failed(f"file: {exc.strerror}") from exc
    try:
        while size <= MAX_MAIL_BYTES:
            _wait(stream, deadline)
            piece = os.read(stream, 1024 * 1024)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
    except OSError as exc:
        raise _Failed(f"file: {exc.strerror}") from exc
    finally:
        os.close(stream)
    return b"".join(pieces)


def _wait(descriptor: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if left <= 0 or not poll.poll(left * 1000):
        raise _Failed(f"time: its bytes did not come within {FIRST_SECONDS:g} s")


def _read(descriptor: int, size: int, deadline: float) -> bytes:
    pieces: list[bytes] = []
    while size:
        _wait(descriptor, deadline)
        piece = os.read(descriptor, min(size, 1024 * 1024))
        if not piece:
            raise _Failed("parser: it broke on this mail")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def main() -> None:
    """`python -m channels.email.inspect FILE…`, the command without the rest of the hub."""
    try:
        inspect_files(sys.argv[1:], sys.stdout.buffer)
    except BrokenPipeError:
        # Nobody reads any more; keep the interpreter from writing again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()

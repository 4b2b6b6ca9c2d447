"""The process that reads mails for another one: limited memory, and it never outlives its use.

Takes requests on standard input and answers on standard output until the input ends. It inherits
nothing but its three streams. Each job sets an alarm that ends the process, so that it goes even
if nobody is left to stop it.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterable
from dataclasses import replace

from channels.email.parse.inspection import inspect_bytes, inspect_path, refused_line
from channels.email.parse.limits import PARSE_MEMORY_BYTES, PARSE_SECONDS
from channels.email.parse.mail import Unparseable
from channels.email.parse.reading import parse
from channels.email.parse.wire import (
    REQUEST,
    Request,
    line_frames,
    read_request,
    refusal_frames,
    result_frames,
)

_GRACE_SECONDS = 1.0
_NO_MEMORY = "memory: more than the parser may have"


def answer(request: Request) -> list[bytes]:
    """The chunks that answer one request; for want of memory the frugal ones."""
    try:
        return _answer(request)
    except MemoryError:
        pass  # its frames are gone once this is left, so the next attempt has their room
    try:
        return _answer(replace(request, frugal=True))
    except MemoryError:
        if request.job == "parse":
            return refusal_frames((_NO_MEMORY,))
        name = request.label if request.job == "inspect-bytes" else request.payload
        return line_frames(refused_line(name, [_NO_MEMORY]))


def _answer(request: Request) -> list[bytes]:
    if request.job == "parse":
        try:
            return result_frames(parse(request.payload, frugal=request.frugal))
        except Unparseable as exc:
            return refusal_frames(exc.problems)
    if request.job == "inspect-path":
        return line_frames(inspect_path(request.payload, frugal=request.frugal))
    return line_frames(inspect_bytes(request.label, request.payload, frugal=request.frugal))


def _read(size: int) -> bytes:
    pieces: list[bytes] = []
    while size:
        piece = os.read(0, min(size, 1024 * 1024))
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _write(chunks: Iterable[bytes | memoryview]) -> None:
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            view = view[os.write(1, view) :]


def main() -> None:
    """Serve requests until the other end closes."""
    resource.setrlimit(resource.RLIMIT_AS, (PARSE_MEMORY_BYTES, PARSE_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us decides about our end
    try:
        while True:
            request = read_request(_read(REQUEST.size), _read)
            signal.setitimer(signal.ITIMER_REAL, request.seconds + _GRACE_SECONDS)
            signal.setitimer(signal.ITIMER_PROF, min(request.seconds, PARSE_SECONDS))
            chunks = answer(request)
            del request
            *most, last = filter(None, chunks)
            _write([*most, memoryview(last)[:-1]])
            # Before the last byte: who has all of it may stop us, and let the next mail come late.
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            _write([last[-1:]])
    except (EOFError, BrokenPipeError):
        return


if __name__ == "__main__":
    main()

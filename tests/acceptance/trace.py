"""What strace wrote, as system calls with their beginning and end. Pure.

The order is judged by times: a call has ended when it returned, not when it was made, and calls of
several threads overlap (`<unfinished ...>`, `<... resumed>`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

OPTIONS = (
    "--daemonize", "--follow-forks", "--absolute-timestamps=format:unix,precision:us",
    "--syscall-times=us", "--decode-fds=path", "--string-limit=9000", "--seccomp-bpf",
    "--trace=fsync,fdatasync,write,writev,pwrite64,sendto,sendmsg",
)  # fmt: skip
SYNCS = ("fsync", "fdatasync")
ENDED = "+++ exited with "

_LINE = re.compile(r"(?P<thread>\d+) +(?P<at>\d+\.\d+) (?P<rest>.*)", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)", re.DOTALL)
_CALL = re.compile(r"(?P<name>\w+)\((?:\d+<(?P<path>[^>]*)>)?(?P<rest>.*)", re.DOTALL)
_RESULT = re.compile(r"\) += (?P<result>-?\d+)(?P<error> [A-Z].*?)? <(?P<seconds>\d+\.\d+)>\Z")
_UNFINISHED = " <unfinished ...>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that returned. `path`: what its file descriptor stands for; times in seconds."""

    name: str
    path: str
    began: float
    ended: float
    result: int
    data: str = field(repr=False)


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """Every call that returned, in the order of their ends. Raises ValueError for odd lines."""
    begun: dict[str, tuple[float, str]] = {}
    for line in lines:
        match = _LINE.fullmatch(line.rstrip("\n"))
        if match is None:
            raise ValueError(f"not a line of strace: {line[:100]!r}")
        thread, at, rest = match["thread"], float(match["at"]), match["rest"]
        if rest.startswith(("+++ ", "--- ")):
            continue
        if rest.endswith(_UNFINISHED):
            begun[thread] = (at, rest.removesuffix(_UNFINISHED))
            continue
        began, ended = at, None
        if (resumed := _RESUMED.fullmatch(rest)) is not None:
            began, first = begun.pop(thread)
            rest, ended = first + resumed["rest"], at
        result = _RESULT.search(rest)
        call = _CALL.fullmatch(rest)
        if call is None:
            raise ValueError(f"not a call: {rest[:100]!r}")
        if result is None:  # killed within it
            continue
        yield Call(
            name=call["name"],
            path=call["path"] or "",
            began=began,
            ended=ended if ended is not None else began + float(result["seconds"]),
            result=int(result["result"]),
            data=call["rest"],
        )


@dataclass(frozen=True, slots=True)
class Trace:
    calls: tuple[Call, ...]

    def writes(self, path: str, marker: str) -> list[Call]:
        """Writes to what has `path` in its name, with the marker among their bytes."""
        return [
            call
            for call in self.calls
            if call.name not in SYNCS and path in call.path and marker in call.data
        ]

    def synced(self, path: str, *, after: float, before: float) -> bool:
        """Whether a sync of it began after the one moment and had returned before the other."""
        return any(
            call.name in SYNCS
            and call.path.endswith(path)
            and call.result == 0
            and call.began >= after
            and call.ended <= before
            for call in self.calls
        )

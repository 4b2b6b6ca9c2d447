"""Starts the core's process. Loads nothing, so that it can be the first thing that happens."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import dataclass

MODULE = "triggerhub.apart.core_process"


@dataclass(frozen=True, slots=True)
class Spawned:
    """A process that loads, and then waits at the other end of the line to be opened."""

    process: subprocess.Popen[bytes]
    line: socket.socket

    def end(self) -> None:
        """See that nothing of it is left, whatever happened."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.line.close()


def spawn() -> Spawned:
    """It ends by itself when the line is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", MODULE, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            # A terminal's Ctrl-C is for the edge, which lets the core go last.
            start_new_session=True,
        )
    return Spawned(process, ours)

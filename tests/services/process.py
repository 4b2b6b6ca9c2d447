"""Start a foreign server as a child that can't outlive the tests.

Owns: ending with the parent, giving up root, waiting for readiness, saying that a service is
missing. Must not know: which server it is.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

# Debian's `nobody`: it owns no file, so a server under it can touch only what we hand it.
NOBODY = 65534

READY_WITHIN_S = 20.0
STOP_WITHIN_S = 10.0


def missing(service: str, reason: str) -> NoReturn:
    """Leave the test out on a developer's machine; fail it where `CI` is set.

    A green run that quietly left the databases out would be worth nothing there.
    """
    sentence = f"{service} is missing: {reason}"
    if os.environ.get("CI"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def is_root() -> bool:
    """Whether a server that refuses root needs to be started as someone else."""
    return os.geteuid() == 0


def wrapper(*, unprivileged: bool) -> list[str]:
    """The command to put before a server's own: dies with us and, if asked, isn't root.

    `setpriv` is part of every Debian; elsewhere the server runs as we do and is stopped by us
    alone.
    """
    setpriv = shutil.which("setpriv")
    drop = unprivileged and is_root()
    if setpriv is None:
        if drop:
            missing("setpriv", "needed to start an unprivileged server as root (util-linux)")
        return []
    # A helper process can't be told apart from the test run by its name, so it dies with it.
    words = [setpriv, "--pdeathsig=KILL"]
    if drop:
        words += [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return words


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One foreign server process with its log file."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        ready: Callable[[], bool],
        unprivileged: bool = False,
    ) -> None:
        """Describe the process; `ready` is asked until it says yes."""
        self._command = [*wrapper(unprivileged=unprivileged), *command]
        self._log = log
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when it answers.

        Raises:
            RuntimeError: it ended or stayed silent; the message carries its log.
        """
        # Its working folder must be one that it may enter: ours may be root's own.
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self._command[-1]} didn't start:\n{self._log.read_text()}")
            time.sleep(0.02)  # another process: there is nothing to wait on but its answer

    def stop(self, signal: int) -> None:
        """Ask it to end by `signal`, and kill it when it doesn't."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal)
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it without asking."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(STOP_WITHIN_S)

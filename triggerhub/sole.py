"""Sees that a SQLite file is served by one hub at a time.

Two hubs on one file would both lead: a lease can't tell them apart, for a hub takes its own up
again at once after a crash. Must not know what a hub does. Other commands may run beside it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from triggerhub.domain.errors import Conflict

ENDING = 2.0  # seconds


@contextmanager
def sole_hub(database: Path | None) -> Iterator[None]:
    """While inside, no other hub serves this file; None (PostgreSQL) may have many.

    Raises Conflict where one does, and doesn't end within two seconds: a hub whose edge was killed
    needs a moment. The system lets go of the lock however a process ends, and the parser's
    processes don't inherit it.
    """
    if database is None:
        yield
        return
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = database.with_name(f"{database.name}.lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        patience = time.monotonic() + ENDING
        while not _locked(handle):
            if time.monotonic() > patience:
                raise Conflict(
                    f"another hub is running on {database}; stop it first, or name another"
                    " DATA_DIR",
                    code="already_served",
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

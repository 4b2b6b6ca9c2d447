"""How a parser process is started. Knows nothing of what it is asked."""

from __future__ import annotations

import os
import sys

from channels.email.parse.limits import LARGE_MAIL_BYTES

FIRST_SECONDS = 3.0
"""For the full attempt; then the process is stopped and another tries the frugal way."""
FRUGAL_SECONDS = 1.4


PATIENT_SECONDS = 30.0
"""By the clock for a large mail where nobody waits for it; its processor time is limited too."""


def attempts(size: int, *, patient: bool = False) -> tuple[tuple[bool, float], ...]:
    """(frugal, seconds by the clock) of each attempt at a mail of so many bytes.

    A large one gets all the time at once: it is read sparingly from the first, and what a first
    attempt had done by its end would only be done again. Where others share the processors, only
    `patient` is sure to be enough.
    """
    if size > LARGE_MAIL_BYTES:
        return ((False, PATIENT_SECONDS if patient else FIRST_SECONDS + FRUGAL_SECONDS),)
    return ((False, FIRST_SECONDS), (True, FRUGAL_SECONDS))


def command() -> list[str]:
    """A fresh interpreter: no copy of this one's memory, threads or sockets."""
    return [sys.executable, "-P", "-m", "channels.email.parse.child"]


def environment() -> dict[str, str]:
    """It finds the same modules, and learns no secret from our environment."""
    path = os.pathsep.join(entry for entry in (os.path.abspath(p) for p in sys.path) if entry)  # noqa: PTH100
    return {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", "LANG": "C.UTF-8"}

"""`python -m triggerhub.apart.core_process FD`: the core's process, as the edge starts it."""

from __future__ import annotations

import gc
import signal
import socket
import sys

from triggerhub.lean import load_structlog


def _ignored(*_: object) -> None:
    """No SIG_IGN, which the parsers' processes would inherit."""


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ignored)  # to end is the edge's matter
    # Nothing of what is loaded is garbage; looking for it takes a tenth of the start.
    gc.disable()
    load_structlog()
    import uvloop

    from triggerhub.apart.core_life import live

    gc.freeze()
    gc.enable()
    return uvloop.run(live(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    sys.exit(main())

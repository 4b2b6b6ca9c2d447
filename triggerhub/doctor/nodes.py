"""What a hub on PostgreSQL needs beside it: Redis between its nodes, and a tool for backups.

Must not know a table. Redis is spoken to over a bare socket: that somebody answers is all we ask.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

from config.settings import Settings
from triggerhub.doctor.finding import Finding

_PORT = 6379
_ANSWERS = (b"+PONG", b"-NOAUTH", b"-DENIED", b"-ERR")
_VERSION = re.compile(r"(\d+)")
TOOL = "pg_dump"
_STRICT = 17  # from here on its pg_restore sets what no earlier server knows (transaction_timeout)


def redis(settings: Settings, timeout: float) -> Iterator[Finding]:
    """Nothing is lost without it: nodes look at the log themselves, twice a second."""
    if settings.redis_url is None:
        return
    parts = urlsplit(settings.redis_url.get_secret_value())
    place = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or _PORT}"
    try:
        if parts.scheme == "unix":
            peer = socket.socket(socket.AF_UNIX)
            peer.settimeout(timeout)
            peer.connect(parts.path)
        else:
            peer = socket.create_connection((parts.hostname, parts.port or _PORT), timeout)
        with peer:
            if parts.scheme == "rediss":  # it speaks TLS first: that it listens is enough
                said = _ANSWERS[0]
            else:
                peer.sendall(b"PING\r\n")
                said = peer.recv(64)
    except OSError as error:
        yield Finding(
            check="Redis",
            state="warning",
            text=f"{place} can't be reached: {error.strerror or error}",
            mend="see that it runs and that TRIGGERHUB_REDIS_URL is right; until then the nodes"
            " look at the log twice a second instead of being told",
        )
        return
    if said.startswith(_ANSWERS):
        yield Finding(check="Redis", state="good", text=f"{place} answers")
    else:
        yield Finding(
            check="Redis",
            state="warning",
            text=f"{place} is something else than Redis or Valkey",
            mend="set TRIGGERHUB_REDIS_URL to the port of Redis or Valkey (6379)",
        )


def dump_tool(server: int) -> Finding:
    """Whether backups, and an update of the schema, will find it. `server`: PostgreSQL's major."""
    found = shutil.which(TOOL)
    mend = f"apt-get install postgresql-client-{server}, or dump the database yourself before each"
    if found is None:
        return Finding(
            check="backup tool",
            state="warning",
            text=f"there is no {TOOL}: no backup is made, and none before an update",
            mend=f"{mend} update",
        )
    try:
        said = subprocess.run(  # noqa: S603 - the tool's own version
            [found, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    version = _VERSION.search(said)
    if version is None or int(version[1]) < server:
        return Finding(
            check="backup tool",
            state="warning",
            text=f"{said.strip() or found} can't dump PostgreSQL {server}: backups and updates will"
            " refuse",
            mend=f"{mend} of them and set TRIGGERHUB_UPDATE_WITHOUT_BACKUP=true",
        )
    if int(version[1]) >= _STRICT > server:
        return Finding(
            check="backup tool",
            state="warning",
            text=f"{said.strip()} dumps PostgreSQL {server}, but can't bring it back",
            mend=f"before `triggerhub restore`: apt-get install postgresql-client-{server}, and put"
            f" /usr/lib/postgresql/{server}/bin first into its PATH",
        )
    return Finding(check="backup tool", state="good", text=f"{said.strip()}")

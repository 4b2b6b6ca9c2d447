"""Dumps a PostgreSQL database by the tool that PostgreSQL has for it.

Owns how `pg_dump` is called. Must not know why there is a dump, nor what is in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from storage.engine import Database, private
from triggerhub.domain.errors import Unavailable

LONGEST = 30 * 60.0  # seconds
TOOL = "pg_dump"


def there() -> bool:
    """Whether the tool is on this machine."""
    return shutil.which(TOOL) is not None


def dump(database: Database, target: Path) -> None:
    """Write the whole database to `target`, for `pg_restore`; readable by the hub alone.

    Raises Unavailable where that fails or takes too long; then there is no such file.
    """
    url, password = database.without_password()
    private(target)
    # On the command line every user of the machine would read the password.
    around = {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}
    try:
        done = subprocess.run(  # noqa: S603 - our own words, and the administrator's URL
            [TOOL, "--format=custom", "--no-password", f"--file={target}", f"--dbname={url}"],
            env=around, stdin=subprocess.DEVNULL, capture_output=True, timeout=LONGEST, check=False,
        )  # fmt: skip
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        wrong = "" if done.returncode == 0 else (lines or [f"exit code {done.returncode}"])[0]
    except subprocess.TimeoutExpired:
        wrong = f"it took more than {LONGEST / 60:.0f} minutes"
    except OSError as error:
        wrong = error.strerror or type(error).__name__
    if wrong:
        with suppress(OSError):
            target.unlink()
        raise Unavailable(f"{wrong.removeprefix(f'{TOOL}: error: ')}", code="no_backup")

"""Dumps a PostgreSQL database, and loads a dump, by the tools that PostgreSQL has for it.

Owns how `pg_dump` and `pg_restore` are called. Must not know why there is a dump, nor what is in
it.
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
TOOL, LOADER = "pg_dump", "pg_restore"


def there() -> bool:
    """Whether the tool is on this machine."""
    return shutil.which(TOOL) is not None


def load(database: Database, source: Path) -> None:
    """Fill an empty database from a dump, wholly or not at all. Raises Unavailable."""
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    wrong = _called([LOADER, *options, "--no-password"], database, [str(source)])
    if wrong:
        raise Unavailable(wrong, code="no_restore")


def dump(database: Database, target: Path) -> None:
    """Write the whole database to `target`, for `pg_restore`; readable by the hub alone.

    Raises Unavailable where that fails or takes too long; then there is no such file.
    """
    private(target)
    wrong = _called([TOOL, "--format=custom", "--no-password"], database, [f"--file={target}"])
    if wrong:
        with suppress(OSError):
            target.unlink()
        raise Unavailable(wrong, code="no_backup")


def _called(tool: list[str], database: Database, last: list[str]) -> str:
    """What went wrong, in the tool's first line; empty where nothing did."""
    url, password = database.without_password()
    # On the command line every user of the machine would read the password.
    around = {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}
    try:
        done = subprocess.run(  # noqa: S603 - our own words, and the administrator's URL
            [*tool, f"--dbname={url}", *last],
            env=around, stdin=subprocess.DEVNULL, capture_output=True, timeout=LONGEST, check=False,
        )  # fmt: skip
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        wrong = "" if done.returncode == 0 else (lines or [f"exit code {done.returncode}"])[0]
    except subprocess.TimeoutExpired:
        wrong = f"it took more than {LONGEST / 60:.0f} minutes"
    except OSError as error:
        wrong = error.strerror or type(error).__name__
    return wrong.removeprefix(f"{tool[0]}: error: ")

"""Makes and migrates the schema: a backup first, a newer schema refused, one migrator at a time.

Alembic and SQLAlchemy are imported only where there is something to migrate: a start with an
up-to-date schema doesn't pay for them.
"""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog

from storage import dump as dumping
from storage.engine import Database, private
from triggerhub.domain.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

log = structlog.get_logger(__name__)
LOCK = 0x7472_6967  # PostgreSQL advisory lock: "trig"
ARRIVING = "restoring"  # PostgreSQL table: `backup` is in it until storage.restored has settled it
NEWEST = "0008"  # the head of migrations/versions


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The schema version that this release knows."""
    return NEWEST


def current(database: Database, *, arriving: bool = False) -> str | None:
    """The schema version of the database; None for an empty one.

    Raises Unavailable for a database that can't be reached or read, and Invalid for one into which
    a backup is still being brought back, unless it is `arriving` that is asked about.
    """
    version, backup = _look(database)
    if backup is not None and not arriving:
        raise Invalid(
            f"the backup of {backup} is being brought back into this database, or that was cut"
            " short: let `triggerhub restore` end, or run it again with that backup (or start with"
            " an empty database)",
            code="half_restored",
        )
    return version


def arriving(database: Database) -> str | None:
    """Which backup is being brought back into a PostgreSQL database, or was when it was cut short.

    A SQLite file has its name only when all is done. Raises Unavailable as `current` does.
    """
    return _look(database)[1]


def _look(database: Database) -> tuple[str | None, str | None]:
    if database.dialect == "sqlite":
        known = "SELECT name, NULL FROM sqlite_master WHERE name = 'alembic_version'"
        errors: type[Exception] = sqlite3.Error
    else:
        from psycopg import Error as errors  # noqa: N813 - a variable here

        known = f"SELECT to_regclass('alembic_version'), to_regclass('{ARRIVING}')"
    try:
        with closing(database.connect()) as connection:
            tables = connection.one(known) or (None, None)
            version, backup = (
                connection.one(f"SELECT {column} FROM {table}") if table is not None else None
                for table, column in zip(tables, ("version_num", "backup"), strict=True)
            )
    except errors as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise Unavailable(f"the database can't be opened: {reason}", code="database") from error
    return (str(version[0]) if version else None), (str(backup[0]) if backup else None)


def refuse_newer(found: str | None) -> None:
    """Raises Invalid for the schema of a newer release: versions are numbers of four digits."""
    if found is not None and found > NEWEST:
        raise Invalid(
            f"the database has schema {found}, made by a newer release; this one knows {NEWEST}:"
            " start that release instead",
            code="newer_schema",
        )


def migrate(
    database: Database,
    *,
    backups: Path,
    now: datetime,
    without_backup: bool = False,
    arriving: bool = False,
) -> str | None:
    """Bring the schema to this release's version; the path of the backup made first, if any.

    `arriving`: as in `current`. Raises Invalid for a schema that a newer release has made: start
    that release instead; Unavailable, nothing being changed, where the backup fails and isn't done
    without.
    """
    before = current(database, arriving=arriving)
    wanted = newest()
    if before == wanted:
        _first_row(database)
        return None
    from alembic import command
    from alembic.script import ScriptDirectory
    from sqlalchemy import text

    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    refuse_newer(before if before not in known else None)
    saved = None
    if before is not None and without_backup:
        log.warning("schema.no_backup", why="so it is set (update_without_backup)")
    elif before is not None:
        saved = _backup(database, backups, before, now)
    with database.engine(write=True).connect() as connection:
        if database.dialect == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
            connection.commit()
        try:
            command.upgrade(_config(connection), "head")
            connection.commit()
        finally:
            if database.dialect == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
                connection.commit()
    _first_row(database)
    log.info("schema.migrated", before=before, now=wanted, backup=saved)
    return saved


def downgrade(database: Database, revision: str) -> None:
    """Back to an older schema (tests, and by hand after a failed update)."""
    from alembic import command

    with database.engine(write=True).connect() as connection:
        command.downgrade(_config(connection), revision)
        connection.commit()


def _first_row(database: Database) -> None:
    """The log's head and name. Looked for at each start: the one that made it may have been cut."""
    with closing(database.connect()) as connection:
        if connection.one("SELECT 1 FROM log_head") is None:
            connection.run(
                "INSERT INTO log_head (one, seq, epoch) VALUES (1, 0, :epoch)"
                " ON CONFLICT (one) DO NOTHING",
                {"epoch": secrets.token_hex(8)},
            )


def _backup(database: Database, folder: Path, version: str, now: datetime) -> str | None:
    """A consistent copy of a SQLite file, or a dump of PostgreSQL where its tool is there."""
    path = database.path
    name = f"{path.stem if path is not None else 'postgresql'}-{version}-{now:%Y%m%dT%H%M%S}"
    if path is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = folder / f"{name}.db"
        copy(path, target)
        return str(target)
    if not dumping.there():
        log.warning("schema.no_backup", why="there is no pg_dump: back PostgreSQL up by yourself")
        return None
    target = folder / f"{name}.dump"
    try:
        dumping.dump(database, target)
    except Unavailable as error:
        raise Unavailable(
            f"nothing was updated, for the database can't be backed up with pg_dump: {error}. Mend"
            " that, or back it up yourself and set TRIGGERHUB_UPDATE_WITHOUT_BACKUP=true",
            code="no_backup",
        ) from None
    return str(target)


def copy(source: Path, target: Path) -> None:
    """Copy a SQLite database while others may be writing to it.

    Raises Unavailable where it can't be read, or its copy written.
    """
    private(target)
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.DatabaseError as error:
        raise Unavailable(f"{source} can't be copied to {target}: {error}") from error


def whole(path: Path) -> bool:
    """Whether every page of a SQLite database that nobody writes to can be read and fits."""
    source = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(source, uri=True)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False

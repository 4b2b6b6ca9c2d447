"""A copy of a hub, and back: database, large content, master key.

Owns the form of a backup folder. The database is copied, or dumped, while others write to it;
content files are written before the event that names them and never changed, so those copied after
it are complete.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from config.settings import Settings
from storage import dump as dumping
from storage import restored, schema
from storage.engine import Database
from triggerhub import master_key
from triggerhub.database import CONTENT, kit_of
from triggerhub.domain.clock import SystemClock
from triggerhub.domain.errors import Conflict, Invalid

DATABASE, DUMP = "hub.sqlite3", "postgresql.dump"
KEY, MANIFEST = "master.key", "backup.json"
Progress = Callable[[int, int], None]


def backup(settings: Settings, target: Path, now: datetime, progress: Progress) -> None:
    """Make `target`, which must not exist; it is complete as soon as it has its name.

    Raises Conflict for an existing target, Invalid where there is nothing that can be copied or
    it is damaged, Unavailable where it can't be copied or PostgreSQL's tool refuses.
    """
    database = Database(settings.database)
    source = database.path
    if source is not None and not source.exists():
        raise Invalid(f"there is no database at {source}")
    if source is None and not dumping.there():
        raise Invalid(f"there is no {dumping.TOOL} here: install PostgreSQL's client (doctor)")
    if target.exists():
        raise Conflict(f"{target} exists already")
    with _taking_shape(target) as folder:
        # Content after the rows that refer to it: what came in between is only too much.
        if source is not None:
            schema.copy(source, folder / DATABASE)
            if not schema.whole(folder / DATABASE):
                raise Invalid(f"{source} is damaged: restore the last backup that was whole")
            version = schema.current(Database(f"sqlite:///{(folder / DATABASE).absolute()}"))
        else:
            version = schema.current(database)
            dumping.dump(database, folder / DUMP)
        _copy_tree(settings.data_dir / CONTENT, folder / CONTENT, progress)
        key = settings.data_dir / KEY
        if settings.master_key is None and key.is_file():
            shutil.copy2(key, folder / KEY)
        manifest = {"made_at": now.isoformat(timespec="seconds"), "schema": version}
        (folder / MANIFEST).write_text(json.dumps(manifest) + "\n", "utf-8")


def restore(settings: Settings, source: Path, progress: Progress) -> None:
    """Fill the data folder, and where it is on PostgreSQL an empty database, from a backup.

    Its consoles start anew, and what it was about to send is left to people: it may have been sent
    since. One that was cut short goes on where it was. Raises Conflict where there is a database,
    or another backup half brought back, Invalid for a folder that is no backup, is damaged or was
    made by a newer release, Unavailable where PostgreSQL's tool refuses.
    """
    database = Database(settings.database)
    kind = DUMP if database.path is None else DATABASE
    if not (source / MANIFEST).is_file() or not (source / kind).is_file():
        other = DATABASE if kind == DUMP else DUMP
        raise Invalid(
            f"{source} is a backup of the other kind of database: see TRIGGERHUB_DATABASE_URL"
            if (source / other).is_file()
            else f"{source} is not a backup of a hub"
        )
    manifest = json.loads((source / MANIFEST).read_text("utf-8"))
    schema.refuse_newer(manifest.get("schema"))
    if database.path is not None and database.path.exists():
        raise Conflict(f"there is a database at {database.path}: stop its hub and move it away")
    begun = schema.arriving(database) if database.path is None else None
    if begun not in (None, manifest["made_at"]):
        raise Conflict(
            f"the backup of {begun} has been half brought back into that database: restore that"
            " one, or name an empty database"
        )
    if database.path is None and begun is None and schema.current(database) is not None:
        raise Conflict("that PostgreSQL database holds a hub already: stop it, name an empty one")
    if master_key.missing(settings) and not (source / KEY).is_file():
        raise Invalid(
            "this backup was made without a master key: set the TRIGGERHUB_MASTER_KEY of its hub"
        )
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.master_key is None and (source / KEY).is_file():
        shutil.copy2(source / KEY, settings.data_dir / KEY)
    _copy_tree(source / CONTENT, settings.data_dir / CONTENT, progress)
    if database.path is None:
        if begun is None:
            restored.begin(database, manifest["made_at"])
        if schema.current(database, arriving=True) is None:
            dumping.load(database, source / DUMP)
        _settle(settings, database)
        return
    database.path.parent.mkdir(parents=True, exist_ok=True)
    # Last, and under its name only when it is whole: a hub that starts now finds all or nothing.
    arriving = database.path.with_name(f".{database.path.name}.arriving")
    arriving.unlink(missing_ok=True)
    schema.copy(source / DATABASE, arriving)
    if not schema.whole(arriving):
        arriving.unlink()
        raise Invalid(f"the database in {source} is damaged: restore another backup")
    _settle(settings, Database(f"sqlite:///{arriving.absolute()}"))
    _sync(arriving)
    arriving.rename(database.path)
    _sync(database.path.parent)


def _settle(settings: Settings, arriving: Database) -> None:
    clock, folder = SystemClock(), settings.data_dir.absolute()
    schema.migrate(
        arriving,
        backups=folder / "backups",
        now=clock.now(),
        without_backup=arriving.path is None,  # it has just come out of one
        arriving=True,
    )
    restored.settle(arriving, kit_of(settings, clock=clock))


@contextmanager
def _taking_shape(target: Path) -> Iterator[Path]:
    folder = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
        for path in folder.rglob("*"):
            _sync(path)
        folder.rename(target)
        _sync(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_tree(source: Path, target: Path, progress: Progress) -> None:
    files = [path for path in source.rglob("*") if path.is_file()]
    for number, path in enumerate(files, start=1):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, copy)
        except FileNotFoundError:
            # Erased since it was listed.
            copy.unlink(missing_ok=True)
        progress(number, len(files))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""The hub's database as the settings name it: the data folder, the schema, the store on it.

For whoever looks at what is stored or adds to it, with a hub beside or without. Knows nothing of
channels, routing and the console, so that a command on what is stored doesn't load them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from config.settings import Settings
from storage import schema
from storage.engine import BUSY_MS, Database
from storage.files import ContentFiles
from storage.reading import ReadStore
from storage.store import Store
from storage.streams.memory import MemoryStream
from storage.streams.redis import RedisStream, key_of
from storage.tail import Tail
from storage.transaction import Kit
from storage.vault import Vault
from storage.vault import master_key as key_or_new
from triggerhub import master_key
from triggerhub.domain.clock import Clock, IdSource, RandomIds, SystemClock
from triggerhub.domain.errors import Invalid
from triggerhub.sole import sole_hub

CONTENT = "content"  # the folder of large content, in the data folder


def open_store(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    busy_ms: int = BUSY_MS,
    any_key: bool = False,
) -> Store:
    """The store that the settings name, not yet started. Whether its schema is up to date is not
    looked at.

    Raises Invalid where the master key is missing or another than the database was written with,
    unless `any_key` is good enough for a look; Unavailable where the database can't be asked.
    """
    database = Database(settings.database, busy_ms=busy_ms)
    if not any_key:
        master_key.refuse_missing(settings, database)
    kit = kit_of(settings, clock=clock, ids=ids)
    epoch = "" if any_key else master_key.refuse_another(settings, database, kit)
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    return Store(
        database,
        clock=kit.clock,
        ids=kit.ids,
        vault=kit.vault,
        files=kit.files,
        tail=Tail(RedisStream(redis_url, key=key_of(epoch)) if redis_url else MemoryStream()),
    )


def open_reading(settings: Settings, *, clock: Clock) -> ReadStore:
    """What only reads, not yet started, of a database that another process of this hub has opened
    with `open_store`."""
    database = Database(settings.database)
    return ReadStore(database, kit=kit_of(settings, clock=clock), tail=Tail(MemoryStream()))


@contextmanager
def open_to_serve(settings: Settings) -> Iterator[None]:
    """While inside, the database is up to date and this process alone serves it (triggerhub.sole).

    Raises Conflict where another hub does, and as `migrate`.
    """
    make_data_folder(settings)
    with sole_hub(Database(settings.database).path):
        migrate(settings)
        yield


def kit_of(settings: Settings, *, clock: Clock | None = None, ids: IdSource | None = None) -> Kit:
    """What a transaction needs beside its connection; the master key is made where none is."""
    clock = clock or SystemClock()
    folder = settings.data_dir.absolute()
    configured = settings.master_key.get_secret_value() if settings.master_key else None
    return Kit(
        clock=clock,
        ids=ids or RandomIds(clock),
        vault=Vault(key_or_new(configured, folder)),
        files=ContentFiles(folder / CONTENT),
    )


def make_data_folder(settings: Settings) -> None:
    """See that it is there and the hub's alone. Raises Invalid that says what would be right."""
    folder = settings.data_dir.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        wrong = "" if os.access(folder, os.W_OK | os.X_OK) else "this user may not write there"
    except (FileExistsError, NotADirectoryError):
        wrong = "a file of that name, or on the way to it, is in its place"
    except OSError as error:
        wrong = (error.strerror or type(error).__name__).lower()
    if wrong:
        raise Invalid(
            f"{folder} can't be the data folder: {wrong}. Right would be: a folder that this user"
            " may make or write, by --data-dir or TRIGGERHUB_DATA_DIR",
            code="data_folder",
        )


def migrate(settings: Settings, clock: Clock | None = None) -> str | None:
    """Bring the schema up to date; the path of the backup made first, if any.

    Raises Invalid, before anything is written, where the database has events and there is no key.
    """
    make_data_folder(settings)
    database = Database(settings.database)
    master_key.refuse_missing(settings, database)
    return schema.migrate(
        database,
        backups=settings.data_dir.absolute() / "backups",
        now=(clock or SystemClock()).now(),
        without_backup=settings.update_without_backup,
    )

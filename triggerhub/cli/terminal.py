"""What every command has in common: its settings, a transaction, a refusal in one line, a bar.

Owns exit codes. Imports what it needs when it needs it: `triggerhub --help` and `inspect` pay for
nothing that they don't use.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from config.settings import Settings
    from storage.lookups import Lookups
    from storage.transaction import Transaction

T = TypeVar("T")
WRONG_SETTINGS = 2

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="TOML file with settings and seed.", show_default=False),
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of database and content.", show_default=False),
]


# What is typed, where it isn't called as its setting is.
_OPTIONS = {"http_host": "--host", "http_port": "--port"}


def settings_of(config: Path | None, **flags: object) -> Settings:
    from config import SettingsError, load

    try:
        return load(config, flags, _OPTIONS)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_SETTINGS) from None


def quiet_settings(config: Path | None, **flags: object) -> Settings:
    """For commands whose output is read: only warnings are logged, to standard error."""
    from triggerhub.observability import configure_logging

    settings = settings_of(config, **flags)
    configure_logging(level="warning", form=settings.log_format)
    return settings


def require_schema(settings: Settings) -> None:
    """Raises Invalid for a database that is not there, or not this release's; says where else one
    is, if only the demo was run here.
    """
    from storage import schema
    from storage.engine import Database
    from triggerhub.domain.errors import Invalid

    database = Database(settings.database)
    path = database.path
    missing = path is not None and not path.exists()
    demo = settings.data_dir / "demo"
    if missing and path and settings.database_url is None and (demo / path.name).exists():
        raise Invalid(
            f"there is no database in {settings.data_dir}, only the demo's in {demo}: add"
            f" `--data-dir {demo}`, or run `triggerhub init` to set up one of your own"
        )
    found = None if missing else schema.current(database)
    schema.refuse_newer(found)
    if found != schema.newest():
        raise Invalid("the database isn't set up, or not up to date: run `triggerhub init`")


def write(settings: Settings, work: Callable[[Transaction], T]) -> T:
    """One transaction, beside a running hub or without one."""
    from triggerhub.database import open_store

    async def run() -> T:
        store = open_store(settings)
        await store.start()
        try:
            return await store.write(work)
        finally:
            await store.stop()

    require_schema(settings)
    return asyncio.run(run())


def read(settings: Settings, work: Callable[[Lookups], T]) -> T:
    """One reading of the database, beside a running hub or without one."""
    from triggerhub.database import open_store

    async def run() -> T:
        store = open_store(settings)
        try:
            return await store.read(work)
        finally:
            await store.stop()

    require_schema(settings)
    return asyncio.run(run())


def show(rows: Iterable[Mapping[str, object]]) -> None:
    """One JSON line each."""
    import json

    for row in rows:
        typer.echo(json.dumps(row, ensure_ascii=False))


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, if that is a terminal: called with (done, of all)."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


@contextmanager
def refusals() -> Iterator[None]:
    """What the hub refuses on purpose, or the system, is one line and not a traceback."""
    from triggerhub.domain.errors import HubError

    try:
        yield
    except (HubError, OSError) as error:
        stop(str(error))


def stop(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)

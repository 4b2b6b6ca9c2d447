"""The database: its schema, its master key, its large content, and whether its events lie in the
clock's past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings
from triggerhub.doctor.finding import Finding
from triggerhub.doctor.nodes import dump_tool

if TYPE_CHECKING:
    from storage.reading import Reader

LOOK_AT = 5_000  # deliveries, the newest


def database(settings: Settings, now: datetime, domains: set[str]) -> Iterator[Finding]:
    """Schema, master key, clock; adds the domains of the mail accounts in force to `domains`."""
    from storage import schema
    from storage.engine import Database
    from triggerhub import master_key
    from triggerhub.domain.errors import HubError, Invalid

    base = Database(settings.database)
    if base.path is not None and not base.path.exists():
        yield Finding(
            check="schema", state="warning", text="there is no database yet", mend="triggerhub init"
        )
        return
    try:
        found, wanted = schema.current(base), schema.newest()
    except (HubError, OSError) as error:
        yield Finding(
            check="schema",
            state="broken",
            text=str(error),
            mend="triggerhub restore, with that backup"
            if isinstance(error, Invalid)
            else "see that it runs and that TRIGGERHUB_DATABASE_URL is right",
        )
        return
    if found != wanted:
        newer = found is not None and found > wanted
        yield Finding(
            check="schema",
            state="broken" if newer else "warning",
            text=f"the schema is {found or 'empty'}, this release knows {wanted}",
            mend="start the newer release that made it" if newer else "triggerhub init",
        )
        return
    yield Finding(check="schema", state="good", text=f"the schema is {found}, as it should be")
    if master_key.missing(settings):
        yield Finding(
            check="master key",
            state="broken",
            text="the database is there and its master key is not",
            mend=master_key.mend(settings),
        )
        return
    yield from _log(settings, now, domains)


def _log(settings: Settings, now: datetime, domains: set[str]) -> Iterator[Finding]:
    import asyncio

    from triggerhub.database import open_store

    def seen(
        reader: Reader, hashed: Callable[[str], bytes]
    ) -> tuple[datetime | None, set[str], list[Finding]]:
        newest = reader.events_after(reader.head() - 1, 1)
        found = {
            address.rpartition("@")[2]
            for account in reader.accounts()
            if account.channel == "email"
            for address in account.addresses
        }
        beside = [
            *_key(reader, settings, hashed),
            *_content(reader, settings.data_dir / "content"),
            *_tool(reader),
        ]
        return newest[0].at if newest else None, found, beside

    async def look() -> tuple[datetime | None, set[str], list[Finding]]:
        store = open_store(settings, any_key=True)
        try:
            return await store.read(partial(seen, hashed=store.kit.vault.hash))
        finally:
            await store.stop()

    newest, found, beside = asyncio.run(look())
    domains |= found
    yield from beside
    if newest is not None and newest > now + timedelta(minutes=1):
        yield Finding(
            check="clock",
            state="broken",
            text=f"the clock says {now:%Y-%m-%d %H:%M}, the newest event {newest:%Y-%m-%d %H:%M}",
            mend="set the clock and keep it right: apt-get install systemd-timesyncd",
        )
    elif now < datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC) - timedelta(days=1):
        yield Finding(
            check="clock",
            state="broken",
            text=f"the clock says {now:%Y-%m-%d %H:%M}, before this release was installed",
            mend="set the clock and keep it right: apt-get install systemd-timesyncd",
        )
    else:
        yield Finding(check="clock", state="good", text=f"the clock says {now:%Y-%m-%d %H:%M} UTC")


def _key(reader: Reader, settings: Settings, hashed: Callable[[str], bytes]) -> Iterator[Finding]:
    """Whether this key sealed the accounts' secrets and hashed what came in, where any did."""
    from triggerhub import master_key

    fits = master_key.fitting(reader, hashed)
    if fits is False:
        yield Finding(
            check="master key",
            state="broken",
            text=master_key.ANOTHER,
            mend=master_key.mend(settings),
        )
    elif fits:
        yield Finding(check="master key", state="good", text="the database was written with it")


def _content(reader: Reader, folder: Path) -> Iterator[Finding]:
    """Large content is in files: every node, and a restored hub, needs all of them."""
    from triggerhub.master_key import deliveries

    paths = [each.path for each in deliveries(reader, LOOK_AT) if each.path]
    lost = [path for path in paths if not (folder / path).is_file()]
    if lost:
        yield Finding(
            check="large content",
            state="broken",
            text=f"{len(lost)} of the newest {len(paths)} large deliveries aren't in {folder}",
            mend="several nodes share one content folder: mount it on each of them at this place;"
            " after a restore, copy it from the backup",
        )
    elif paths:
        yield Finding(check="large content", state="good", text=f"it is in {folder}")


def _tool(reader: Reader) -> Iterator[Finding]:
    if reader.connection.dialect != "sqlite":
        row = reader.connection.one("SELECT current_setting('server_version_num')")
        yield dump_tool(int(row[0]) // 10_000 if row else 0)

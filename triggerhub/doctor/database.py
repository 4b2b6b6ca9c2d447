"""The database: its schema, its master key, and whether its events lie in the clock's past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.settings import Settings
from triggerhub.doctor.finding import Finding


def database(settings: Settings, now: datetime, domains: set[str]) -> Iterator[Finding]:
    """Schema, master key, clock; adds the domains of the mail accounts in force to `domains`."""
    from storage import schema
    from storage.engine import Database
    from triggerhub.domain.errors import HubError

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
            mend="see that it runs and that TRIGGERHUB_DATABASE_URL is right",
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
    if settings.master_key is None and not (settings.data_dir / "master.key").is_file():
        yield Finding(
            check="master key",
            state="broken",
            text="the database is there and its master key is not",
            mend=f"put master.key back into {settings.data_dir}, or set TRIGGERHUB_MASTER_KEY",
        )
        return
    yield from _log(settings, now, domains)


def _log(settings: Settings, now: datetime, domains: set[str]) -> Iterator[Finding]:
    import asyncio

    from triggerhub.database import open_store

    async def look() -> tuple[datetime | None, set[str]]:
        store = open_store(settings)
        try:
            newest = await store.read(lambda r: r.events_after(r.head() - 1, 1))
            accounts = await store.read(lambda r: r.accounts())
        finally:
            await store.stop()
        return newest[0].at if newest else None, {
            address.rpartition("@")[2]
            for account in accounts
            if account.channel == "email"
            for address in account.addresses
        }

    newest, found = asyncio.run(look())
    domains |= found
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

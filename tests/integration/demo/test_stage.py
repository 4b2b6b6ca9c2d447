"""The demo's first start: the company is there as a whole, or another start makes it."""

from pathlib import Path

import pytest

from config.settings import Settings
from storage.engine import Database
from triggerhub.database import open_store
from triggerhub.demo import stage
from triggerhub.demo.company import Company
from triggerhub.demo.player import Doors


class CutOff(Exception):
    """Somebody has pulled the plug."""


async def _cut(company: Company, doors: Doors) -> int:
    assert await doors.store.read(lambda reading: reading.users())
    raise CutOff


async def test_a_first_start_that_was_cut_leaves_no_half_company(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path / "demo", http_port=0, smtp_port=0)
    settings.data_dir.mkdir()  # as it is found where anything of the demo was there before
    with monkeypatch.context() as cut:
        cut.setattr(stage, "play", _cut)
        with pytest.raises(CutOff):
            await stage.open_stage(settings)
    database = Database(settings.database).path
    assert database is not None
    assert not database.exists()

    opened = await stage.open_stage(settings)
    await opened.carrier.stop()
    await opened.mailbox.stop()
    assert not list(database.parent.glob(f".{database.name}*"))
    store = open_store(opened.settings)
    try:
        events = await store.read(lambda reading: reading.events_after(0, 100_000))
    finally:
        await store.stop()
    assert {item.type for item in events} >= {"user.configured", "message.resolved", "message.sent"}

"""A migrated database and stores on it, for suites that run on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage import schema
from storage.engine import BUSY_MS, Database
from storage.files import ContentFiles
from storage.store import Store
from storage.streams.memory import Bus, MemoryStream
from storage.tail import Tail
from storage.vault import Vault
from triggerhub.domain import events as ev
from triggerhub.domain.clock import Clock, IdSource, ManualClock, RandomIds
from triggerhub.domain.events import Recorded
from triggerhub.domain.model.message import Arrival
from triggerhub.domain.work import Work

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
MASTER = b"a master key for the tests"


@dataclass(frozen=True, slots=True)
class House:
    """One database and one folder, which several nodes may share."""

    url: str
    folder: Path
    clock: ManualClock
    bus: Bus

    def database(self) -> Database:
        return Database(self.url)

    def migrate(self, *, without_backup: bool = False) -> str | None:
        return schema.migrate(
            self.database(),
            backups=self.folder / "backups",
            now=self.clock.now(),
            without_backup=without_backup,
        )

    @asynccontextmanager
    async def store(
        self,
        *,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        bus: Bus | None = None,
        busy_ms: int = BUSY_MS,
    ) -> AsyncIterator[Store]:
        """One node, running."""
        clock = clock or self.clock
        made = Store(
            Database(self.url, busy_ms=busy_ms),
            clock=clock,
            ids=ids or RandomIds(clock),
            vault=Vault(MASTER),
            files=ContentFiles(self.folder / "content"),
            tail=Tail(MemoryStream(bus or self.bus)),
        )
        await made.start()
        try:
            yield made
        finally:
            await made.stop()


def sms(number: int, *, account: str = "ac_sms", body: bytes = b"Body=hello") -> Arrival:
    return Arrival(
        channel="sms",
        account_id=account,
        external_id=f"SM{number}",
        raw=body,
        media_type="application/x-www-form-urlencoded",
        envelope={"from": "+15550100"},
    )


def marker(number: int) -> ev.QueueConfigured:
    """A fact that leaves one visible row."""
    return ev.QueueConfigured(
        queue_id=f"q_{number}",
        name=f"Queue {number}",
        sla_seconds=60,
        offer_seconds=30,
        auto_accept=False,
        managed_by="test",
    )


def put(number: int) -> Callable[[Work], list[Recorded]]:
    return lambda work: work.append(marker(number), actor="test")


async def whole_log(store: Store) -> list[Recorded]:
    return await store.read(lambda reading: reading.events_after(0, 1 << 30))

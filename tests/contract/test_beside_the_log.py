"""What is kept beside the log: large content in files, secrets sealed, erased content, hashes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from storage.engine import Connection
from storage.store import Store
from storage.transaction import Transaction
from tests.contract.houses import House, sms, whole_log
from triggerhub.domain import events as ev


async def test_large_content_is_synced_before_the_commit(
    store: Store, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, commit = os.fsync, Connection.commit

    def synced(handle: int) -> None:
        target = Path(f"/proc/self/fd/{handle}").readlink()
        fsync(handle)
        steps.append("folder" if target.is_dir() else "file")

    def committed(self: Connection) -> None:
        commit(self)
        if self is store.writer._connection:
            steps.append("commit")

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Connection, "commit", committed)
    raw = os.urandom(200_000)
    await store.accept(sms(1, body=raw))
    assert steps[-3:] == ["file", "folder", "commit"]
    assert steps.count("commit") == 1
    assert steps[0] == "folder", "the new sub-folder comes first"
    files = [p for p in (house.folder / "content").rglob("*") if p.is_file()]
    assert [p.read_bytes() for p in files] == [raw]
    [received] = await whole_log(store)
    assert isinstance(received.fact, ev.MessageReceived)
    content = received.fact.raw_content
    assert await store.read(lambda reading: reading.bodies([content])) == {content: raw}


async def test_a_repeated_large_delivery_leaves_no_second_file(store: Store, house: House) -> None:
    for _ in range(2):
        await store.accept(sms(1, body=b"x" * 100_000))
    assert len([p for p in (house.folder / "content").rglob("*") if p.is_file()]) == 1


async def test_secrets_are_sealed(store: Store, house: House) -> None:
    def work(tx: Transaction) -> None:
        tx.append(
            ev.AccountConfigured(
                account_id="ac_1", channel="sms", name="Line", addresses=("+15550100",),
                queue_id=None, options={"region": "GB"},
                secret_content=tx.put_secret({"auth_token": "not-to-be-seen"}), managed_by="test",
            ),
            actor="test",
        )  # fmt: skip

    await store.write(work)
    with_secrets, without = await store.read(
        lambda reading: (reading.accounts(secrets=True), reading.accounts())
    )
    assert with_secrets[0].secrets == {"auth_token": "not-to-be-seen"}
    assert without[0].secrets == {}
    assert "not-to-be-seen" not in repr(with_secrets)
    rows = await store.read(
        lambda reading: (
            reading.connection.all("SELECT body FROM content")
            + reading.connection.all("SELECT data FROM events")
        )
    )
    assert not any(b"not-to-be-seen" in _bytes(row[0]) for row in rows)


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


async def test_erased_content_is_absent_everywhere(store: Store) -> None:
    await store.accept(sms(1, body=b"gone"))
    await store.accept(sms(2, body=b"kept"))
    facts = [r.fact for r in await whole_log(store)]
    ids = [f.raw_content for f in facts if isinstance(f, ev.MessageReceived)]
    await store.write(
        lambda tx: tx.connection.run(
            "UPDATE content SET erased_at = 1, body = NULL, meta = NULL WHERE id = :id",
            {"id": ids[0]},
        )
    )
    body, bodies, envelopes = await store.read(
        lambda reading: (reading.body(ids[0]), reading.bodies(ids), reading.envelopes(ids))
    )
    assert body is None
    assert bodies == {ids[1]: b"kept"}
    assert list(envelopes) == [ids[1]]
    assert await store.run(lambda unit: unit.body(ids[0])) is None


async def test_hashes_in_the_log_are_keyed(store: Store, house: House) -> None:
    await store.accept(sms(1))
    rows = await store.read(lambda reading: reading.connection.all("SELECT dedupe_key FROM events"))
    assert bytes(rows[0][0]) == store.kit.vault.hash("SM1")
    assert b"SM1" not in bytes(rows[0][0])

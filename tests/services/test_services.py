"""The servers that other tests stand on do what those tests take for granted."""

import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis
from playwright.async_api import Page

from tests.services import valkey
from tests.services.postgres import PostgresServer


def test_each_test_gets_an_empty_database(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as first, psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.commit()
        with postgres_server.database() as second, psycopg.connect(second) as other:
            tables = other.execute("SELECT to_regclass('kept')").fetchone()
    assert tables == (None,)


def test_the_database_is_a_current_one_and_not_roots(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT current_setting('server_version_num')::int").fetchone()
    assert row is not None
    assert row[0] >= 180000
    assert (postgres_server.socket_folder / "data").stat().st_uid != 0


def test_the_database_answers_on_its_socket_too(postgres_server: PostgresServer) -> None:
    where = f"host={postgres_server.socket_folder} port={postgres_server.port} user=hub"
    with psycopg.connect(f"{where} dbname=postgres") as connection:
        assert connection.info.host.startswith("/")


def test_valkey_comes_back_empty_after_a_stop() -> None:
    with valkey.running() as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("word", "kept")
        server.stop()
        with (
            redis.Redis.from_url(server.url, retry=None) as client,
            pytest.raises(redis.ConnectionError),
        ):
            client.ping()
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("word") is None


def test_valkey_has_streams(valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        client.xadd("tail", {"seq": "1"})
        assert client.xlen("tail") == 1


async def test_a_page_opens(page: Page) -> None:
    await page.set_content("<h1>你好</h1>")
    assert await page.inner_text("h1") == "你好"


CHILD = """
import sys
from tests.services import postgres, valkey
with postgres.running() as one, valkey.running() as two:
    print(one.socket_folder, two.folder, flush=True)
    sys.stdin.read()
"""


def test_no_server_outlives_a_killed_test_run() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        folders = child.stdout.readline().split()
        servers = children_of(child.pid)
        child.kill()
    assert len(servers) >= 2
    for server in servers:
        wait_for_end(server)
    for folder in folders:  # nobody was left to remove them
        shutil.rmtree(folder)


def children_of(pid: int) -> list[int]:
    """A process's children, by the kernel's own list."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for_end(pid: int) -> None:
    """Return when a process, not our child, has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([handle], [], [], 10)
    finally:
        os.close(handle)
    assert ended, f"process {pid} is still there"


MISSING = """
from tests.services.process import missing

def test_it():
    missing("PostgreSQL", "not here")
"""


@pytest.mark.parametrize(("ci", "outcome"), [("", "skipped"), ("true", "failed")])
def test_a_missing_service_fails_only_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makepyfile(MISSING)
    pytester.runpytest("-p", "no:asyncio", "-p", "no:cacheprovider").assert_outcomes(**{outcome: 1})

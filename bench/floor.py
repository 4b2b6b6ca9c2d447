"""The floors that the hub is held against: the least that could be called the same work.

`http`: bare aiohttp, which answers after a group-committed insert of the same bytes (an event row
with one unique index and a content row; SQLite in WAL mode, synchronous=FULL). `smtp`: bare
aiosmtpd, which keeps nothing. Run as `python -m bench.floor http|smtp PORT FILE`.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import sys
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

import uvloop
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

_MAX_GROUP = 256


class GroupCommit:
    """One thread, one connection; whatever waits is committed together."""

    def __init__(self, file: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[tuple[bytes, asyncio.Future[None]]] = SimpleQueue()
        self._raw = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT, at INTEGER, key BLOB UNIQUE)",
            "CREATE TABLE content (id TEXT, body BLOB)",
        ):
            self._raw.execute(statement)
        threading.Thread(target=self._work, daemon=True).start()

    def put(self, body: bytes) -> asyncio.Future[None]:
        """Done once `body` is durable."""
        future = self._loop.create_future()
        self._queue.put((body, future))
        return future

    def _work(self) -> None:
        while True:
            group = [self._queue.get()]
            try:
                while len(group) < _MAX_GROUP:
                    group.append(self._queue.get_nowait())
            except Empty:
                pass
            now = int(time.time() * 1000)
            keyed = [(secrets.token_bytes(16), body) for body, _ in group]
            self._raw.execute("BEGIN IMMEDIATE")
            self._raw.executemany(
                "INSERT INTO events (id, at, key) VALUES (?, ?, ?)",
                [(key.hex(), now, key) for key, _ in keyed],
            )
            self._raw.executemany(
                "INSERT INTO content (id, body) VALUES (?, ?)",
                [(key.hex(), body) for key, body in keyed],
            )
            self._raw.execute("COMMIT")
            self._loop.call_soon_threadsafe(self._tell, group)

    @staticmethod
    def _tell(group: list[tuple[bytes, asyncio.Future[None]]]) -> None:
        for _, future in group:
            if not future.done():
                future.set_result(None)


async def http(port: int, file: Path) -> None:
    commits = GroupCommit(file)

    async def hook(request: web.Request) -> web.Response:
        await commits.put(await request.read())
        return web.Response(body=b"<Response/>", content_type="text/xml")

    async def ready(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/twilio/sms", hook)
    app.router.add_get("/readyz", ready)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


class _Taker:
    async def handle_DATA(  # noqa: N802 - named by aiosmtpd
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        return "250 OK"


async def smtp(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(_Taker(), loop=loop), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    kind, port, file = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    uvloop.run(http(port, file) if kind == "http" else smtp(port))


if __name__ == "__main__":
    main()

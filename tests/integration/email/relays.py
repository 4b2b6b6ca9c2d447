"""A relay that follows a script: what it answers to each command, and when it hangs up."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HANG_UP = "hang up"
SILENCE = "say nothing"


@dataclass
class ScriptedRelay:
    """`answers` by verb (`GREETING`, `EHLO`, `MAIL`, …, `BODY`, `END`); `heard` is what came."""

    answers: Mapping[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    port: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not await self._answer(writer, "GREETING", "220 relay.example"):
                return
            while line := (await reader.readline()).decode().strip():
                verb = line.partition(" ")[0].upper()
                self.heard.append(line)
                default = "354 go on" if verb == "DATA" else "250 OK"
                if not await self._answer(writer, verb, default):
                    return
                if verb == "DATA" and self.answers.get("DATA", "354").startswith("354"):
                    if self.answers.get("BODY") == HANG_UP:
                        await reader.read(1000)
                        return
                    self.bodies.append(await reader.readuntil(b"\r\n.\r\n"))
                    if not await self._answer(writer, "END", "250 taken"):
                        return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, writer: asyncio.StreamWriter, verb: str, default: str) -> bool:
        answer = self.answers.get(verb, default)
        if answer == HANG_UP:
            return False
        if answer != SILENCE:
            writer.write(answer.encode() + b"\r\n")
            await writer.drain()
        return True


@asynccontextmanager
async def relaying(
    answers: Mapping[str, str] | None = None, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedRelay]:
    relay = ScriptedRelay(answers or {})
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(relay.talk(reader, writer))
        tasks.add(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

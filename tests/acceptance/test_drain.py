"""SIGTERM: nothing new comes in, what was begun is finished, consoles are told, exit code 0."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.acceptance.audit import Audit
from tests.acceptance.console import Console
from tests.acceptance.hub_process import MAILBOX, HubProcess, seed

MAIL = b"From: ada@customer.example\r\nSubject: Begun before\r\n\r\nEnded after.\r\n"


async def _said(reader: asyncio.StreamReader, code: bytes) -> bytes:
    """The next answer, its last line; it has this code."""
    async with asyncio.timeout(20):
        while (line := await reader.readline())[3:4] == b"-":
            pass
    assert line.startswith(code), line
    return line


async def _begins_a_mail(hub: HubProcess) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A peer that has been told to send its mail."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.smtp_port)
    await _said(reader, b"220")
    for word, code in (
        (b"EHLO customer.example", b"250"),
        (b"MAIL FROM:<ada@customer.example>", b"250"),
        (f"RCPT TO:<{MAILBOX}>".encode(), b"250"),
        (b"DATA", b"354"),
    ):
        writer.write(word + b"\r\n")
        await _said(reader, code)
    return reader, writer


async def _drains(outside: ClientSession) -> None:
    """Wait until it says that it wants no more work; it still answers who is connected."""
    async with asyncio.timeout(20):
        while True:
            async with outside.get("/readyz") as answer:
                if answer.status == 503:
                    return


async def test_what_was_begun_is_finished(tmp_path: Path) -> None:
    hub = HubProcess(folder=tmp_path, seed=seed({"ann": "agent"}))
    try:
        await hub.open()
        async with Console(base=hub.base, login="ann") as ann, ClientSession(hub.base) as outside:
            await ann.sign_in()
            line = asyncio.create_task(ann.attend())
            await ann.until(lambda state: state["me"], "its snapshot")
            reader, writer = await _begins_a_mail(hub)
            stopping = asyncio.create_task(hub.stop())
            await _drains(outside)
            with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the system has it
                await asyncio.open_connection("127.0.0.1", hub.smtp_port)
            await line  # while the mail is still under way
            assert ann.byes == ["shutdown"]
            assert not stopping.done()
            writer.write(MAIL + b".\r\n")
            await _said(reader, b"250")
            await _said(reader, b"421")
            writer.close()
            await writer.wait_closed()
            assert await stopping == 0, hub.tail()
    finally:
        await hub.end()
    audit = Audit(hub.database_url, hub.folder)
    assert audit.raws() == {MAIL: 1}
    assert hub.tracebacks() == []


async def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    hub = HubProcess(folder=tmp_path, seed=seed({"ann": "agent"}))
    try:
        await hub.open()
        reader, writer = await _begins_a_mail(hub)
        async with ClientSession(hub.base) as outside:
            assert (await outside.get("/readyz")).status == 200
            first = asyncio.create_task(hub.stop())
            await _drains(outside)
            assert not first.done()
            assert await hub.stop() == 3
            assert await first == 3
        await _said(reader, b"421")
        writer.close()
    finally:
        await hub.end()


async def test_who_stands_still_in_a_mail_does_not_spoil_the_end(tmp_path: Path) -> None:
    hub = HubProcess(folder=tmp_path, seed=seed({"ann": "agent"}), settings={"drain_seconds": "2"})
    try:
        await hub.open()
        reader, writer = await _begins_a_mail(hub)
        writer.write(b"Subject: Half")
        assert await hub.stop() == 0, hub.tail()
        assert await reader.read() == b"421 4.3.2 Shutting down; try again later\r\n"
        writer.close()
    finally:
        await hub.end()
    assert hub.tracebacks() == []

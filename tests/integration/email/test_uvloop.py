"""The listener on the loop that the served process uses."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta

import aiosmtplib
import pytest
import uvloop

from channels.email.receive import MailServer
from channels.email.settings import ListenerSettings
from tests.integration.email.conftest import NOON, Certificate
from tests.integration.email.fakes import FakeAccounts, FakeInbox, Wire
from triggerhub.domain.clock import ManualClock


def test_plain_and_starttls_on_uvloop(certificate: Certificate) -> None:
    inbox = FakeInbox()
    raw = b"Subject: x\r\n\r\n" + b"line\r\n" * 100_000

    async def exchange() -> None:
        settings = ListenerSettings(
            hostname="hub.demo.example", certificate=certificate.certificate, key=certificate.key
        )
        server = MailServer(inbox, FakeAccounts(), ManualClock(NOON), settings)
        await server.start("127.0.0.1", 0)
        trusting = ssl.create_default_context(cafile=str(certificate.certificate))
        for tls, body in ((False, raw), (True, raw + b"again\r\n")):
            async with aiosmtplib.SMTP(
                hostname="127.0.0.1", port=server.port, start_tls=tls, tls_context=trusting
            ) as client:
                await client.sendmail("anna@customer.example", ["help@demo.example"], body)
        await server.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(exchange())
    assert [arrival.raw for arrival in inbox.arrivals] == [raw, raw + b"again\r\n"]
    assert [arrival.envelope["tls"] for arrival in inbox.arrivals] == ["", "TLSv1.3"]


@pytest.mark.parametrize("tls", [False, True])
def test_the_end_is_said_on_uvloop(certificate: Certificate, tls: bool) -> None:
    """To who stands still in a message; who is in the handshake is cut."""

    async def end() -> list[bytes]:
        settings = ListenerSettings(
            hostname="hub.demo.example", certificate=certificate.certificate, key=certificate.key
        )
        server = MailServer(FakeInbox(), FakeAccounts(), ManualClock(NOON), settings)
        await server.start("127.0.0.1", 0)
        stalled, shaking = await Wire.connect(server.port), await Wire.connect(server.port)
        for wire in (shaking, stalled) if tls else (shaking,):
            await wire.say("EHLO peer.example")
            assert (await wire.say("STARTTLS")).startswith("220")
        if tls:
            trusting = ssl.create_default_context(cafile=str(certificate.certificate))
            await stalled.writer.start_tls(trusting, server_hostname="localhost")
        await stalled.begin()
        stalled.put(b"Subject: Half")
        assert not await server.drain(timedelta(milliseconds=50))
        said = [await stalled.rest(), await shaking.rest()]
        await server.close()
        assert server.connections == 0
        for wire in (stalled, shaking):
            wire.close()
            await wire.writer.wait_closed()
        return said

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(end()) == [b"421 4.3.2 Shutting down; try again later\r\n", b""]

"""A carrier and the hub's hooks, each on its own loopback port."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from channels.sms.channel import SmsChannel
from channels.sms.receive import routes
from channels.sms.transport import Transport
from tests.integration.sms.doubles import (
    PUBLIC_URL,
    FakeDirectory,
    FakeInbox,
    Hub,
    carrier_account,
    hub_account,
)
from triggerhub.demo.carrier import Carrier


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    inbox, directory = FakeInbox(), FakeDirectory(hub_account())
    app = web.Application()
    # The reverse proxy in front of it would take the "/desk" of the public URL away.
    app.add_routes(routes(inbox, directory, public_url=PUBLIC_URL))
    outer = web.Application()
    outer.add_subapp("/desk", app)
    runner = web.AppRunner(outer, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    yield Hub(address=f"http://127.0.0.1:{port}", inbox=inbox, directory=directory)
    await runner.cleanup()


@pytest.fixture
async def carrier(hub: Hub) -> AsyncIterator[Carrier]:
    async with Carrier([carrier_account()], hub_address=hub.address) as carrier:
        yield carrier


@pytest.fixture
async def channel(carrier: Carrier) -> AsyncIterator[SmsChannel]:
    transport = Transport(carrier.url)
    yield SmsChannel(transport, public_url=PUBLIC_URL)
    await transport.close()

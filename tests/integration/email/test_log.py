"""What the log says of mail: enough to follow it, nothing of whom or what."""

from __future__ import annotations

import pytest
import structlog

from channels.email.send import Relay, SmtpRelay
from tests.integration.email.conftest import Listen
from tests.integration.email.test_send import MAIL
from triggerhub.demo.mailbox import Mailbox
from triggerhub.domain.errors import Unavailable

SECRET = b"Message-ID: <1@customer.example>\r\nFrom: anna@customer.example\r\n\r\nPIN 4711\r\n"


async def test_no_customer_and_no_password_in_the_log(
    listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with structlog.testing.capture_logs() as lines:
        hub = await listen()
        wire = await hub.wire()
        await wire.begin()
        assert (await wire.say(SECRET + b".")).startswith("250")
        await wire.begin()
        hub.inbox.fault = lambda arrival: RuntimeError("a bug")
        assert (await wire.say(SECRET + b".")).startswith("451")
        assert (await wire.say("AUTH PLAIN AGFubmEAczNjcmV0")).startswith("502")
        async with Mailbox(login=("hub", "s3cret")) as mailbox:
            relay = Relay(
                host="127.0.0.1", port=mailbox.port, security="none", user="hub", password="wr0ng"
            )
            with pytest.raises(Unavailable) as refused:
                await SmtpRelay(relay, hostname="hub.demo.example").send(MAIL)
    events = [line["event"] for line in lines]
    assert events.count("email.accepted") == 1
    assert events.count("email.accept_failed") == 1  # a bug is told once
    assert "email.relay_refuses" in events
    ours = [record for record in caplog.records if record.name != "asyncio"]
    told = "\n".join([*map(str, lines), *(r.getMessage() for r in ours), str(refused.value)])
    for secret in ("anna", "4711", "AGFubm", "wr0ng", "s3cret"):
        assert secret not in told


async def test_whom_the_door_turned_away_and_why(listen: Listen) -> None:
    with structlog.testing.capture_logs() as lines:
        hub = await listen(message=1000)
        wire = await hub.wire()
        await wire.begin()
        assert (await wire.say(b"Subject: x\r\n\r\n" + b"x" * 1000 + b"\r\n.")).startswith("552")
        assert (await wire.say("MAIL FROM:<anna@customer.example>")).startswith("250")
        assert (await wire.say("RCPT TO:<nobody@demo.example>")).startswith("550")
    told = [line for line in lines if line["event"] == "email.refused"]
    assert [(line["code"], line["peer"]) for line in told] == [
        (552, "127.0.0.1"), (550, "127.0.0.1"),
    ]  # fmt: skip
    assert "nobody" not in str(told)

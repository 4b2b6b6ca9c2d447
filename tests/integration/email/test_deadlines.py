"""How long a relay may take, and what that says about the mail."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from channels.email.compose import compose
from channels.email.send import SmtpRelay, relay_of
from tests.integration.email.relays import SILENCE, relaying
from tests.unit.email_io.messages import ACCOUNT, REPLIES, outbound
from triggerhub.domain.errors import Ambiguous, Unavailable

MAIL = compose(outbound(), ACCOUNT, REPLIES)
SHORT, LONG = timedelta(seconds=0.3), timedelta(seconds=60)


@pytest.mark.parametrize("at", ["EHLO", "MAIL", "RCPT", "DATA"])
async def test_a_relay_that_is_too_slow_before_the_end_has_sent_nothing(at: str) -> None:
    async with relaying({at: SILENCE}) as relay:
        sender = SmtpRelay(
            relay_of(f"smtp://127.0.0.1:{relay.port}"),
            hostname="hub.demo.example",
            begin_timeout=SHORT,
        )
        with pytest.raises(Unavailable) as ended:
            await asyncio.wait_for(sender.send(MAIL), 20)
    assert ended.value.code == "relay_slow"
    assert relay.bodies == []


async def test_the_deadline_before_the_end_does_not_hold_after_it() -> None:
    async with relaying({"END": SILENCE}) as relay:
        sender = SmtpRelay(
            relay_of(f"smtp://127.0.0.1:{relay.port}"),
            hostname="hub.demo.example",
            begin_timeout=LONG,
            end_timeout=SHORT,
        )
        with pytest.raises(Ambiguous):
            await asyncio.wait_for(sender.send(MAIL), 20)
    assert len(relay.bodies) == 1


async def test_waiting_for_a_place_is_not_the_mails_time() -> None:
    """The first takes all its time; the second is still sent."""
    async with relaying({"EHLO": SILENCE}) as slow:
        sender = SmtpRelay(
            relay_of(f"smtp://127.0.0.1:{slow.port}"),
            hostname="hub.demo.example",
            begin_timeout=SHORT,
            at_once=1,
        )
        first = asyncio.create_task(sender.send(MAIL))
        second = asyncio.create_task(sender.send(MAIL))
        with pytest.raises(Unavailable):
            await first
        slow.answers = {}
        assert (await second).reference == MAIL.message_id

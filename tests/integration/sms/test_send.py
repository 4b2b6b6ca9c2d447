"""Twilio's own SDK against the local carrier: every end that an attempt can have."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientTimeout

from channels.sms.channel import SmsChannel
from channels.sms.transport import Transport
from tests.integration.sms.doubles import (
    ACCOUNT_SID,
    CUSTOMER,
    NUMBER,
    PUBLIC_URL,
    SERVICE_SID,
    STATUS_URL,
    TOKEN,
    Hub,
    hub_account,
)
from triggerhub.demo.carrier import Carrier
from triggerhub.demo.carrier_api import Failure
from triggerhub.demo.carrier_message import UNDELIVERED, CarrierMessage, Step
from triggerhub.domain.errors import Ambiguous, OptedOut, Rejected, Unavailable
from triggerhub.domain.model.message import Address, Attachment, OutboundMessage


def message(text: object = "It left us today.", **changes: object) -> OutboundMessage:
    values: dict[str, object] = {
        "message_id": "msg_1",
        "conversation_id": "cnv_1",
        "to": Address(kind="phone", address=CUSTOMER, raw=CUSTOMER),
        "subject": "",
        "text": text,
        "author_name": "Ada",
        "reply_token": "",
        "created_at": datetime.now(UTC),
        "attempt": 1,
        **changes,
    }
    return OutboundMessage(**values)  # type: ignore[arg-type]


def states(hub: Hub, channel: SmsChannel) -> list[str]:
    return [channel.read_status(a.raw, {}).state for a in hub.inbox.arrivals if a.kind == "status"]


@pytest.fixture
async def impatient(carrier: Carrier) -> AsyncIterator[SmsChannel]:
    transport = Transport(carrier.url, timeout=ClientTimeout(total=5, sock_read=0.1))
    yield SmsChannel(transport, public_url=PUBLIC_URL)
    await transport.close()


async def test_a_message_goes_out_and_its_fate_comes_back(
    hub: Hub, carrier: Carrier, channel: SmsChannel
) -> None:
    outcome = await channel.send(message("您的包裹 😀\n已发出"), hub_account())
    await carrier.settled()
    [sent] = carrier.messages
    assert outcome.reference == sent.sid
    assert outcome.state == "sent"
    assert (sent.sender, sent.to, sent.body) == (NUMBER, CUSTOMER, "您的包裹 😀\n已发出")
    assert sent.status_callback == f"{STATUS_URL}?message=msg_1"
    assert states(hub, channel) == ["sent", "delivered"]
    assert {a.envelope["message_id"] for a in hub.inbox.arrivals} == {"msg_1"}
    assert [shown.body for shown in carrier.phone(CUSTOMER)] == [sent.body]


async def test_whatsapp_goes_out_on_whatsapp(
    hub: Hub, carrier: Carrier, channel: SmsChannel
) -> None:
    wire = f"whatsapp:{CUSTOMER}"
    await carrier.customer_sends(wire, f"whatsapp:{NUMBER}", "hi")
    to = Address(kind="phone", address=CUSTOMER, raw=wire)
    await channel.send(message(to=to), hub_account())
    await channel.send(message(message_id="msg_2"), hub_account(channel="whatsapp"))
    await carrier.settled()
    assert [(m.sender, m.to) for m in list(carrier.messages)[1:]] == [
        (f"whatsapp:{NUMBER}", wire)
    ] * 2
    assert sorted(states(hub, channel)) == sorted(["sent", "delivered", "read"] * 2)


async def test_whatsapp_outside_its_window_fails_by_report(
    hub: Hub, carrier: Carrier, channel: SmsChannel
) -> None:
    await channel.send(message(), hub_account(channel="whatsapp"))
    await carrier.settled()
    report = channel.read_status(hub.inbox.arrivals[0].raw, {})
    assert (report.state, report.code) == ("failed", "twilio.63016")


async def test_a_messaging_service_chooses_the_sender(
    carrier: Carrier, channel: SmsChannel
) -> None:
    await channel.send(message(), hub_account(messaging_service_sid=SERVICE_SID))
    assert ("MessagingServiceSid", SERVICE_SID) in carrier.requests[0].form
    assert "From" not in dict(carrier.requests[0].form)


async def test_an_undelivered_message_says_why(
    hub: Hub, carrier: Carrier, channel: SmsChannel
) -> None:
    carrier.plan_next(*UNDELIVERED)
    await channel.send(message(), hub_account())
    await carrier.settled()
    report = channel.read_status(hub.inbox.arrivals[-1].raw, {})
    assert (report.state, report.code) == ("failed", "twilio.30003")
    assert carrier.phone(CUSTOMER)[0].error_code == 30003


async def test_reports_out_of_order_and_repeated(
    hub: Hub, carrier: Carrier, channel: SmsChannel
) -> None:
    carrier.plan_next(Step(status="delivered", times=3), Step(status="sent"))
    await channel.send(message(), hub_account())
    await carrier.settled()
    assert len(carrier.callbacks) == 4
    assert states(hub, channel) == ["delivered", "sent"]


@pytest.mark.parametrize(
    ("to", "text", "code"),
    [
        ("+1", "x", "twilio.21211"),
        (CUSTOMER, "", "twilio.21602"),
        (NUMBER, "x", "twilio.21266"),
    ],
)
async def test_what_the_carrier_refuses_is_refused_for_good(
    channel: SmsChannel, to: str, text: str, code: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await channel.send(message(text, to=Address(kind="phone", address=to)), hub_account())
    assert caught.value.code == code
    # The reason goes into the log, where no address may stand.
    assert CUSTOMER not in str(caught.value)


async def test_who_opted_out_is_not_written_to(carrier: Carrier, channel: SmsChannel) -> None:
    await carrier.customer_sends(CUSTOMER, NUMBER, "stop")
    with pytest.raises(OptedOut) as caught:
        await channel.send(message(), hub_account())
    assert caught.value.code == "twilio.21610"
    await carrier.customer_sends(CUSTOMER, NUMBER, "START")
    await channel.send(message(), hub_account())


async def test_wrong_credentials_are_named(channel: SmsChannel) -> None:
    await channel.check(hub_account())
    for attempt in (channel.check(hub_account(token="wrong")),):
        with pytest.raises(Rejected) as caught:
            await attempt
        assert caught.value.code == "twilio.20003"
    with pytest.raises(Rejected) as refused:
        await channel.send(message(), hub_account(token="wrong"))
    assert refused.value.code == "twilio.20003"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": "x" * 1601}, "too_long"),
        ({"text": "half \ud83d"}, "not_text"),
        ({"to": Address(kind="email", address="a@b.example")}, "wrong_address"),
        (
            {"attachments": (Attachment(filename="a", content_type="a/b", size=1, data=b"x"),)},
            "attachment_without_url",
        ),
    ],
)
async def test_what_cannot_be_sent_never_leaves(
    carrier: Carrier, channel: SmsChannel, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await channel.send(message(**changes), hub_account())
    assert caught.value.code == code
    assert not carrier.requests


async def test_media_go_by_url(carrier: Carrier, channel: SmsChannel) -> None:
    picture = Attachment(
        filename="a.png", content_type="image/png", size=1, url="https://hub.example/a.png"
    )
    await channel.send(message(attachments=(picture, picture)), hub_account())
    assert carrier.messages[0].media_urls == ("https://hub.example/a.png",) * 2


@pytest.mark.parametrize("status", [429, 503])
async def test_a_refusal_for_now_is_told_with_its_time(
    carrier: Carrier, channel: SmsChannel, status: int
) -> None:
    carrier.fail_next(status=status, retry_after=17)
    with pytest.raises(Unavailable) as caught:
        await channel.send(message(), hub_account())
    assert caught.value.retry_after == timedelta(seconds=17)
    assert not carrier.messages
    await channel.send(message(), hub_account())
    assert len(carrier.messages) == 1


async def test_nobody_at_home_is_no_ambiguity() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        transport = Transport(f"http://127.0.0.1:{unused.getsockname()[1]}")
        channel = SmsChannel(transport, public_url=PUBLIC_URL)
        with pytest.raises(Unavailable):
            await channel.send(message(), hub_account())
        with pytest.raises(Unavailable):
            await channel.find_sent(message(), hub_account())
        await transport.close()


@pytest.mark.parametrize("kind", ["drop_after_read", "timeout", "garbage"])
async def test_a_lost_answer_is_unknown_and_can_be_found(
    carrier: Carrier, impatient: SmsChannel, kind: Failure
) -> None:
    carrier.fail_next(kind)
    sending = message()
    with pytest.raises(Ambiguous):
        await impatient.send(sending, hub_account())
    found = await impatient.find_sent(sending, hub_account())
    assert found is not None
    assert found.reference == carrier.messages[0].sid


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_fault_of_the_carriers_own_is_unknown(
    carrier: Carrier, channel: SmsChannel, status: int
) -> None:
    carrier.fail_next(status=status)
    with pytest.raises(Ambiguous):
        await channel.send(message(), hub_account())


async def test_a_connection_lost_before_it_was_read_is_unknown_and_not_found(
    carrier: Carrier, channel: SmsChannel
) -> None:
    carrier.fail_next("drop_before_read")
    sending = message()
    with pytest.raises(Ambiguous):
        await channel.send(sending, hub_account())
    assert await channel.find_sent(sending, hub_account()) is None


async def test_two_alike_are_not_to_be_known(carrier: Carrier, channel: SmsChannel) -> None:
    sending = message("ok")
    await channel.send(sending, hub_account())
    await channel.send(sending, hub_account())
    assert await channel.find_sent(sending, hub_account()) is None
    assert len(carrier.messages) == 2


async def test_older_ones_and_other_texts_are_not_taken_for_it(
    carrier: Carrier, channel: SmsChannel
) -> None:
    await channel.send(message("ok"), hub_account())
    await carrier.customer_sends(CUSTOMER, NUMBER, "ok")
    later = message("ok", created_at=datetime.now(UTC) + timedelta(minutes=1))
    assert await channel.find_sent(later, hub_account()) is None
    assert await channel.find_sent(message("other"), hub_account()) is None


async def test_finding_pages_through_a_long_list(carrier: Carrier, channel: SmsChannel) -> None:
    sending = message("the one")
    await channel.send(sending, hub_account())
    first = carrier.messages[0].sid
    for number in range(120):
        carrier.messages.append(_noise(number))
    found = await channel.find_sent(sending, hub_account())
    assert found is not None
    assert found.reference == first


def _noise(number: int) -> CarrierMessage:
    return CarrierMessage(
        sid=f"SM{number:032x}",
        account_sid=ACCOUNT_SID,
        direction="outbound-api",
        sender=NUMBER,
        to=CUSTOMER,
        body=f"noise {number}",
        service_sid=None,
        media_urls=(),
        segments=1,
        created_at=datetime.now(UTC),
        status="delivered",
    )


@pytest.mark.usefixtures("carrier")
async def test_nothing_private_is_logged(
    channel: SmsChannel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await channel.send(message("private words"), hub_account())
    with pytest.raises(Rejected):
        await channel.send(message("private words"), hub_account(token="another-secret"))
    for private in ("private words", TOKEN, "another-secret", CUSTOMER):
        assert private not in caplog.text


async def test_the_environment_cannot_redirect_the_sdk(
    carrier: Carrier, channel: SmsChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    await channel.send(message(), hub_account())
    assert len(carrier.messages) == 1


@pytest.mark.parametrize("url", ["", "api.example", "ftp://x", "https://x?y"])
def test_a_base_url_is_checked(url: str) -> None:
    with pytest.raises(ValueError, match="not a base URL"):
        Transport(url)

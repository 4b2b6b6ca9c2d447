"""From Twilio's words to the house's own."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from channels.sms.channel import SmsChannel
from channels.sms.settings import SmsAccount
from channels.sms.transport import Transport
from triggerhub.domain.errors import Rejected
from triggerhub.domain.model.message import Account, Address, Attachment
from triggerhub.domain.ports import Channel

SID = "SM" + "0f" * 16
BASE = {
    "MessageSid": SID,
    "AccountSid": "AC" + "1e" * 16,
    "From": "whatsapp:+8613800000001",
    "To": "whatsapp:+12025550100",
    "Body": "在吗",
    "ProfileName": "王小明",
}


def _channel() -> SmsChannel:
    return SmsChannel(Transport("http://127.0.0.1:9"), public_url="https://hub.example")


def _raw(**changes: str) -> bytes:
    return urlencode({**BASE, **changes}).encode()


async def test_an_incoming_message() -> None:
    channel: Channel = _channel()
    message = await channel.parse(_raw(), None, {})
    assert message == channel.read(_raw(), None, {})
    assert message.key == message.external_id == SID
    assert message.sender == Address(
        kind="phone", address="+8613800000001", name="王小明", raw="whatsapp:+8613800000001"
    )
    assert message.to == ("+12025550100",)
    assert message.text == "在吗"
    assert message.proof == "signature"
    assert message.problems == ()


def test_media_wait_to_be_fetched() -> None:
    raw = _raw(NumMedia="1", MediaUrl0="https://api.example/x", MediaContentType0="image/jpeg")
    assert _channel().read(raw, None, {}).attachments == (
        Attachment(
            filename="media-1.jpg", content_type="image/jpeg", size=0, url="https://api.example/x"
        ),
    )


def test_opting_out_and_senders_without_a_number_are_told() -> None:
    assert _channel().read(_raw(OptOutType="STOP"), None, {}).problems == ("opt_out:stop",)
    raw = _raw(From="ACME", To="+12025550100")
    assert _channel().read(raw, None, {}).problems == ("sender_cannot_be_answered",)


WHATSAPP = {"From": "whatsapp:+447700900123", "To": "whatsapp:+12025550100"}


@pytest.mark.parametrize(
    ("form", "consent"),
    [
        ({"OptOutType": "STOP"}, "stop"),
        ({"OptOutType": "start", "Body": "on"}, "start"),
        ({"OptOutType": "HELP", "Body": "STOP"}, ""),
        ({"Body": " Stop\n"}, "stop"),
        ({"Body": "UNSUBSCRIBE"}, "stop"),
        ({"Body": "start"}, "start"),
        ({"Body": "Yes"}, "start"),
        ({"Body": "Stop the order, please"}, ""),
        ({"Body": "cancel"}, ""),
        ({"Body": "退订"}, "stop"),
        ({"Body": "取消"}, ""),
        (WHATSAPP | {"Body": "STOP"}, "stop"),
        (WHATSAPP | {"Body": "Stop!"}, "stop"),
        (WHATSAPP | {"Body": "退訂。"}, "stop"),
        (WHATSAPP | {"Body": "取消订阅"}, "stop"),
        (WHATSAPP | {"Body": "取消"}, ""),
        (WHATSAPP | {"Body": "取消订单"}, ""),
        (WHATSAPP | {"Body": "start"}, "start"),
        (WHATSAPP | {"Body": "恢复订阅"}, "start"),
        (WHATSAPP | {"Body": "yes"}, ""),
        (WHATSAPP | {"Body": "no more", "OptOutType": "STOP"}, "stop"),
    ],
)
def test_who_wants_no_more_messages_says_so(form: dict[str, str], consent: str) -> None:
    numbers = {"From": "+447700900123", "To": "+12025550100"}
    assert _channel().read(_raw(**{**numbers, **form}), None, {}).consent == consent


def test_a_report_may_say_that_its_recipient_wants_none() -> None:
    raw = _raw(MessageStatus="failed", ErrorCode="21610")
    assert _channel().read_status(raw, {}).opted_out
    assert not _channel().read_status(_raw(MessageStatus="failed", ErrorCode="30003"), {}).opted_out


def test_a_place_is_readable_and_a_quoted_message_is_referred_to() -> None:
    replied = "SM" + "ab" * 16
    raw = _raw(Body="", Latitude="31.23", Longitude="121.47", OriginalRepliedMessageSid=replied)
    message = _channel().read(raw, None, {})
    assert message.text == "📍 (31.23, 121.47)"
    assert message.references == (replied,)


def test_a_report() -> None:
    raw = _raw(MessageStatus="undelivered", ErrorCode="30003")
    report = _channel().read_status(raw, {})
    assert (report.reference, report.state, report.code) == (SID, "failed", "twilio.30003")
    assert _channel().read_status(_raw(MessageStatus="delivered"), {}).reason == ""


def test_an_account_goes_there_and_back() -> None:
    settings = SmsAccount.model_validate(
        {
            "name": "Main",
            "numbers": ["+12025550100"],
            "account_sid": "AC" + "1e" * 16,
            "auth_token": "current",
            "previous_auth_token": "older",
            "messaging_service_sid": "MG" + "2d" * 16,
        }
    )
    account = Account(
        id="a1",
        channel="sms",
        name=settings.name,
        addresses=settings.numbers,
        options=settings.options(),
        secrets=settings.secrets(),
    )
    assert SmsAccount.of(account) == settings


def test_a_bad_account_is_named_without_its_secrets() -> None:
    account = Account(
        id="a1",
        channel="sms",
        name="Main",
        addresses=("+12025550100",),
        options={"account_sid": "AC1"},
        secrets={"auth_token": " spaced-token "},
    )
    with pytest.raises(Rejected, match="wrong account_sid, auth_token") as caught:
        SmsAccount.of(account)
    assert "spaced-token" not in str(caught.value)
    assert caught.value.__cause__ is None

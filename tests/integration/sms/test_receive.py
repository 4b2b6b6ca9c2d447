"""The hooks over real HTTP: what is committed, and what is refused how."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession

from channels.sms import parse
from channels.sms.form import MAX_BYTES
from tests.integration.sms.doubles import (
    ACCOUNT_SID,
    CUSTOMER,
    NUMBER,
    SMS_URL,
    STATUS_URL,
    TOKEN,
    Hub,
    carrier_account,
    hub_account,
)
from triggerhub.demo.carrier import Carrier
from triggerhub.demo.carrier_hook import signature
from triggerhub.domain.errors import Invalid, TooLarge, Unavailable

Form = list[tuple[str, str]]
FORM_TYPE = "application/x-www-form-urlencoded"
SID = "SM" + "0f" * 16


def form_of(**changes: str) -> Form:
    base = {
        "MessageSid": SID,
        "AccountSid": ACCOUNT_SID,
        "From": CUSTOMER,
        "To": NUMBER,
        "Body": "Hello",
    }
    return list({**base, **changes}.items())


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def post(
    session: ClientSession,
    hub: Hub,
    form: Form,
    *,
    url: str = SMS_URL,
    body: bytes | None = None,
    signed: str | None = None,
    content_type: str = FORM_TYPE,
) -> tuple[int, str, str]:
    target = hub.address + url.removeprefix("https://hub.example")
    headers = {
        "Content-Type": content_type,
        "X-Twilio-Signature": signature(TOKEN, url, form) if signed is None else signed,
    }
    data = urlencode(form).encode() if body is None else body
    async with session.post(target, data=data, headers=headers) as response:
        return response.status, response.headers["Content-Type"], await response.text()


async def test_a_message_is_committed_as_it_came(hub: Hub, carrier: Carrier) -> None:
    result = await carrier.customer_sends(CUSTOMER, NUMBER, "Where is it? 在哪 😀 & = +")
    assert result.ok
    assert result.attempts == 1
    [arrival] = hub.inbox.arrivals
    assert (arrival.channel, arrival.account_id, arrival.kind) == ("sms", "acc_sms", "message")
    assert arrival.external_id == carrier.messages[0].sid
    assert arrival.media_type == FORM_TYPE
    assert len(arrival.envelope["idempotency_token"]) == 32
    assert parse.parse(arrival.raw).text == "Where is it? 在哪 😀 & = +"


async def test_the_answer_is_empty_twiml(hub: Hub, session: ClientSession) -> None:
    status, content_type, text = await post(session, hub, form_of())
    assert (status, content_type) == (200, "text/xml")
    assert text.endswith("<Response/>")


async def test_the_same_delivery_twice_is_one_event(hub: Hub, carrier: Carrier) -> None:
    for _ in range(3):
        result = await carrier.customer_sends(CUSTOMER, NUMBER, "Once", message_sid=SID)
        assert result.ok
    assert len(hub.inbox.arrivals) == 1


async def test_a_change_after_signing_is_refused(hub: Hub, carrier: Carrier) -> None:
    def tamper(form: Form) -> None:
        form[:] = [(k, "+12025550999" if k == "From" else v) for k, v in form]

    result = await carrier.customer_sends(CUSTOMER, NUMBER, "Pay me", tamper=tamper)
    assert result.status == 403
    assert hub.inbox.arrivals == []


async def test_a_letter_moved_from_value_to_name_gains_nothing(hub: Hub, carrier: Carrier) -> None:
    def tamper(form: Form) -> None:
        form[:] = [("FromC", v[2:]) if k == "From" else (k, v) for k, v in form]

    result = await carrier.customer_sends(CUSTOMER, NUMBER, "x", tamper=tamper)
    assert result.status == 403


async def test_the_former_token_holds_while_it_is_rotated(hub: Hub, carrier: Carrier) -> None:
    hub.directory.accounts[:] = [hub_account(token="brand-new", previous_auth_token=TOKEN)]
    assert (await carrier.customer_sends(CUSTOMER, NUMBER, "old")).ok
    carrier.add_account(carrier_account("brand-new"))
    assert (await carrier.customer_sends(CUSTOMER, NUMBER, "new")).ok
    hub.directory.accounts[:] = [hub_account(token="brand-new")]
    carrier.add_account(carrier_account(TOKEN))
    assert (await carrier.customer_sends(CUSTOMER, NUMBER, "too late")).status == 403


async def test_whatsapp_comes_by_the_same_hook(hub: Hub, carrier: Carrier) -> None:
    sender, to = f"whatsapp:{CUSTOMER}", f"whatsapp:{NUMBER}"
    assert (await carrier.customer_sends(sender, to, "hi")).ok
    hub.directory.accounts.append(hub_account(channel="whatsapp"))
    assert (await carrier.customer_sends(sender, to, "hi again")).ok
    assert [a.channel for a in hub.inbox.arrivals] == ["sms", "whatsapp"]


async def test_a_query_is_part_of_what_is_signed(hub: Hub, carrier: Carrier) -> None:
    carrier.add_account(carrier_account(sms_url=SMS_URL + "?a=b%20c&d#rc=2&rp=all"))
    assert (await carrier.customer_sends(CUSTOMER, NUMBER, "x")).ok
    assert len(hub.inbox.arrivals) == 1


async def test_a_signed_message_without_sender_is_kept(hub: Hub, session: ClientSession) -> None:
    form = [(k, v) for k, v in form_of() if k != "From"]
    assert (await post(session, hub, form))[0] == 200
    with pytest.raises(Invalid, match="From is missing"):
        parse.parse(hub.inbox.arrivals[0].raw)


async def test_signed_bytes_that_are_no_text_are_kept(hub: Hub, session: ClientSession) -> None:
    body = urlencode(form_of(Body="")).encode().replace(b"Body=", b"Body=%C4%E3")
    raw = "".join(k + v for k, v in sorted(form_of(Body=""))).encode()
    raw = raw.replace(b"Body", b"Body\xc4\xe3")
    mac = hmac.digest(TOKEN.encode(), SMS_URL.encode() + raw, "sha1")
    signed = base64.b64encode(mac).decode()
    assert (await post(session, hub, [], body=body, signed=signed))[0] == 200
    assert hub.inbox.arrivals[0].raw == body


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"AccountSid": "AC" + "9" * 32}, 404),
        ({"AccountSid": ""}, 404),
        ({"To": "+12025550199"}, 404),
        ({"To": ""}, 404),
        ({"MessageSid": ""}, 400),
        ({"MessageSid": "SM1"}, 400),
    ],
)
async def test_what_cannot_be_placed_is_refused(
    hub: Hub, session: ClientSession, changes: dict[str, str], status: int
) -> None:
    answer = await post(session, hub, form_of(**changes))
    assert answer[0] == status
    assert "Traceback" not in answer[2]
    assert hub.inbox.arrivals == []


@pytest.mark.parametrize("signed", ["", "AAAA", "x" * 5000])
async def test_a_wrong_signature_is_refused(hub: Hub, session: ClientSession, signed: str) -> None:
    assert (await post(session, hub, form_of(), signed=signed))[0] == 403


async def test_a_large_body_is_refused_unread(hub: Hub) -> None:
    reader, writer = await _raw(hub, b"Content-Length: 31457280\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")
    writer.close()
    await writer.wait_closed()


async def test_a_large_body_of_unknown_length_is_refused(hub: Hub) -> None:
    chunk = b"1000\r\n" + b"a" * 4096 + b"\r\n"
    reader, writer = await _raw(hub, b"Transfer-Encoding: chunked\r\n")
    writer.write(chunk * (MAX_BYTES // 4096 + 1))
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")
    writer.close()
    await writer.wait_closed()


async def _raw(hub: Hub, header: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = hub.address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /desk/hooks/twilio/sms HTTP/1.1\r\nHost: h\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n" + header + b"\r\n"
    )
    return reader, writer


async def test_too_many_fields_are_refused(hub: Hub, session: ClientSession) -> None:
    assert (await post(session, hub, [], body=b"a&" * 300))[0] == 413


async def test_a_json_body_needs_its_hash(hub: Hub, session: ClientSession) -> None:
    body = json.dumps({"MessageSid": SID}).encode()
    unsigned = await post(session, hub, [], body=body, signed="", content_type="application/json")
    assert unsigned[0] == 403
    no_hash = await post(session, hub, [], body=body, content_type="application/json")
    assert no_hash[0] == 403
    url = f"{SMS_URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    hashed = await post(session, hub, [], url=url, body=body, content_type="application/json")
    assert hashed[0] == 415
    assert hub.inbox.arrivals == []


async def test_a_body_that_stalls_is_given_up(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.sms.receive.READ_SECONDS", 0.05)
    reader, writer = await _raw(hub, b"Content-Length: 100\r\n")
    writer.write(b"Body=")
    assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()
    await writer.wait_closed()


async def test_what_cannot_be_committed_may_come_again(hub: Hub, carrier: Carrier) -> None:
    hub.inbox.fault = Unavailable("disk", retry_after=timedelta(seconds=6.5))
    result = await carrier.customer_sends(CUSTOMER, NUMBER, "x")
    assert (result.status, result.retry_after, result.attempts) == (503, "7", 1)
    carrier.add_account(carrier_account(sms_url=SMS_URL + "#rc=2&rp=5xx"))
    hub.inbox.fault = Unavailable("disk")
    result = await carrier.customer_sends(CUSTOMER, NUMBER, "x")
    assert (result.status, result.attempts) == (200, 2)


@pytest.mark.parametrize(("fault", "status"), [(TooLarge("x"), 413), (Invalid("x"), 400)])
async def test_the_inbox_may_refuse(
    hub: Hub, session: ClientSession, fault: Exception, status: int
) -> None:
    hub.inbox.fault = fault
    assert (await post(session, hub, form_of()))[0] == status


async def test_a_report_carries_our_own_reference(hub: Hub, session: ClientSession) -> None:
    form = form_of(From=NUMBER, To=CUSTOMER, MessageStatus="delivered")
    url = f"{STATUS_URL}?message=msg_1"
    assert (await post(session, hub, form, url=url))[0] == 200
    assert (await post(session, hub, form, url=url))[0] == 200
    [arrival] = hub.inbox.arrivals
    assert arrival.kind == "status"
    assert arrival.external_id == f"{SID}:delivered"
    assert arrival.envelope["message_id"] == "msg_1"
    other = await post(
        session, hub, form, url=url.replace("1", "2"), signed=signature(TOKEN, url, form)
    )
    assert other[0] == 403


@pytest.mark.parametrize("reference", ["%00", "a%00b", "a%20b", "x" * 101, ""])
async def test_a_reference_that_is_none_of_ours_is_left_out(
    hub: Hub, session: ClientSession, reference: str
) -> None:
    form = form_of(From=NUMBER, To=CUSTOMER, MessageStatus="delivered")
    url = f"{STATUS_URL}?message={reference}"
    assert (await post(session, hub, form, url=url))[0] == 200
    assert "message_id" not in hub.inbox.arrivals[0].envelope


async def test_no_nul_in_the_envelope(hub: Hub, session: ClientSession) -> None:
    assert (await post(session, hub, form_of(From="+1555\x000100042")))[0] == 200
    assert "\0" not in str(hub.inbox.arrivals[0].envelope)


async def test_a_report_on_a_number_given_up_still_finds_its_account(
    hub: Hub, session: ClientSession
) -> None:
    form = form_of(From="+12025550177", To=CUSTOMER, MessageStatus="sent")
    assert (await post(session, hub, form, url=STATUS_URL))[0] == 200


async def test_a_report_without_status_is_refused(hub: Hub, session: ClientSession) -> None:
    assert (await post(session, hub, form_of(From=NUMBER), url=STATUS_URL))[0] == 400


async def test_refusals_leave_no_personal_data_in_the_log(
    hub: Hub, session: ClientSession, capsys: pytest.CaptureFixture[str]
) -> None:
    await post(session, hub, form_of(Body="my secret"), signed="wrong")
    await post(session, hub, form_of(To="+12025550199", Body="my secret"))
    text = "".join(capsys.readouterr())
    assert "sms.refused" in text
    for private in ("my secret", CUSTOMER, NUMBER, TOKEN, ACCOUNT_SID):
        assert private not in text

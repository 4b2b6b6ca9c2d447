"""What the issue calls bad input: each gets its refusal by the protocol, and nobody is hurt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from io import BytesIO

import pytest
import structlog
from aiohttp import ClientSession, WSMsgType
from structlog.testing import LogCapture

from tests.acceptance.hub_process import ACCOUNT_SID, AUTH_TOKEN, MAILBOX, NUMBER
from tests.integration.hub.company import PUBLIC_URL, Company, accepted
from triggerhub.demo.carrier_hook import signature

PHONE = "+15550100042"
HOOK = "/hooks/twilio/sms"
SIGNED_URL = f"{PUBLIC_URL}{HOOK}"
Form = list[tuple[str, str]]


@pytest.fixture
async def outside(house: Company) -> AsyncIterator[ClientSession]:
    async with ClientSession(house.base) as session:
        yield session


@pytest.fixture(autouse=True)
def lines() -> list[dict[str, object]]:
    capture = LogCapture()
    structlog.configure(processors=[capture])
    return capture.entries  # type: ignore[return-value]  # mutable mappings, read only here


def _form(**changes: str | None) -> Form:
    fields: dict[str, str | None] = {
        "MessageSid": "SM" + "7" * 32,
        "AccountSid": ACCOUNT_SID,
        "From": PHONE,
        "To": NUMBER,
        "Body": "Hello",
        **changes,
    }
    return [(name, value) for name, value in fields.items() if value is not None]


async def _post(session: ClientSession, form: Form, *, token: str = AUTH_TOKEN) -> int:
    headers = {"X-Twilio-Signature": signature(token, SIGNED_URL, form)}
    async with session.post(HOOK, data=dict(form), headers=headers) as answer:
        text = await answer.text()
        assert "Traceback" not in text
        assert ".py" not in text
        return answer.status


async def _still_well(house: Company) -> None:
    """An ordinary text goes its way, as if nothing had been."""
    ann = await house.at_console("ann", available=True)
    assert (await house.carrier.customer_sends("+15550100077", NUMBER, "All is well")).ok
    row = await accepted(ann, "All is well")
    await ann.ask("interaction.close", interaction_id=row["id"])
    async with ann.http.get("/readyz") as answer:
        assert answer.status == 200


def _bugs(lines: list[dict[str, object]]) -> list[object]:
    return [line for line in lines if line.get("exc_info") or line["log_level"] == "critical"]


@pytest.mark.parametrize(
    ("form", "token", "status"),
    [
        (_form(), "another token, wrong", 403),
        (_form(To="+15550109999"), AUTH_TOKEN, 404),
        (_form(AccountSid="AC" + "9" * 32), AUTH_TOKEN, 404),
        (_form(MessageSid=None), AUTH_TOKEN, 400),
        (_form(MessageSid="../../etc"), AUTH_TOKEN, 400),
        (_form(Body="x" * 70_000), AUTH_TOKEN, 413),
    ],
    ids=["signature", "number", "account", "no id", "odd id", "too large"],
)
async def test_webhooks_that_are_refused(
    house: Company,
    outside: ClientSession,
    lines: list[dict[str, object]],
    form: Form,
    token: str,
    status: int,
) -> None:
    assert await _post(outside, form, token=token) == status
    await _still_well(house)
    assert _bugs(lines) == []


async def test_a_form_without_from_is_kept_and_shown(
    house: Company, outside: ClientSession, lines: list[dict[str, object]]
) -> None:
    """It is signed, so it is the carrier's word: kept, and a person is told."""
    sue = await house.at_console("sue")
    assert await _post(outside, _form(From=None)) == 200
    await sue.until(lambda state: state["attention"]["count"] == 1, "what needs attention")
    (item,) = (await sue.get("attention"))["items"]
    assert item["kind"] == "unparseable"
    async with sue.http.get(f"/api/v1/messages/{item['message_id']}/raw") as answer:
        assert b"MessageSid=SM777" in await answer.read()
    again = await sue.ask("attention.replay", attention_id=item["id"])
    asked = f"messages/{again['message_id']}/outcome?after={again['seq']}&wait=20"
    assert (await sue.get(asked))["outcome"] == "failed"
    (still,) = (await sue.get("attention"))["items"]
    assert still == item | {"tries": 1, "tried_at": still["tried_at"]}
    assert still["tried_at"] > item["at"]
    await _still_well(house)
    assert _bugs(lines) == []


async def test_json_needs_its_hash(house: Company, outside: ClientSession) -> None:
    body = json.dumps({"MessageSid": "SM" + "7" * 32}).encode()
    digest = sha256(body).hexdigest()
    for query, status in (("", 403), (f"?bodySHA256={digest}", 415), ("?bodySHA256=00", 403)):
        headers = {
            "X-Twilio-Signature": signature(AUTH_TOKEN, SIGNED_URL + query, []),
            "Content-Type": "application/json",
        }
        async with outside.post(HOOK + query, data=body, headers=headers) as answer:
            assert answer.status == status, query
    await _still_well(house)


async def test_thirty_megabytes_are_refused_by_each_protocol(
    house: Company, outside: ClientSession, lines: list[dict[str, object]]
) -> None:
    large = b"x" * (31 * 1024 * 1024)
    async with outside.post("/api/v1/session", data=BytesIO(large)) as answer:
        assert answer.status == 413
        assert answer.content_type == "application/problem+json"
    head = f"From: ada@customer.example\r\nTo: {MAILBOX}\r\nSubject: x\r\n\r\n".encode()
    lines_of_it = b"\r\n".join([b"x" * 900] * (31 * 1024 * 1024 // 902))
    sent = await house.mailbox.send_raw(head + lines_of_it, "ada@customer.example", (MAILBOX,))
    assert sent.code == 552
    await _still_well(house)
    assert _bugs(lines) == []


async def test_a_mail_that_cannot_be_parsed_is_kept_whole(
    house: Company, lines: list[dict[str, object]]
) -> None:
    sue = await house.at_console("sue")
    noise = b"\x00\xff\xfe" + bytes(range(14, 256)) * 4 + b"\r\n"
    assert (await house.mailbox.send_raw(noise, "scan@customer.example", (MAILBOX,))).ok
    await sue.until(lambda state: state["attention"]["count"] == 1, "what needs attention")
    (item,) = (await sue.get("attention"))["items"]
    assert item["kind"] == "unparseable"
    async with sue.http.get(f"/api/v1/messages/{item['message_id']}/raw") as answer:
        assert await answer.read() == noise
    await sue.ask("attention.dismiss", attention_id=item["id"])
    await sue.until(lambda state: state["attention"]["count"] == 0, "it dealt with")
    await _still_well(house)
    assert _bugs(lines) == []


async def test_an_unknown_recipient_is_refused_at_once(house: Company) -> None:
    sent = await house.mailbox.send_raw(
        b"Subject: x\r\n\r\nx\r\n", "ada@customer.example", ("nobody@company.example",)
    )
    assert sent.code == 550


async def test_a_session_that_never_was(house: Company, outside: ClientSession) -> None:
    cookie = {"Cookie": "triggerhub_session=" + "a" * 43}
    for path in ("session", "live", "customers", "events", "attachments/x", "messages/x/raw"):
        async with outside.get(f"/api/v1/{path}", headers=cookie) as answer:
            assert answer.status == 401, path
            assert answer.content_type == "application/problem+json"
            assert (await answer.json())["code"]


async def test_a_session_that_has_expired(house: Company) -> None:
    """Neither a read nor a command on the open line passes; what was written isn't lost to it."""
    ann = await house.at_console("ann")
    house.clock.ahead = timedelta(days=400)
    async with ann.http.get("/api/v1/session") as answer:
        assert answer.status == 401
        assert answer.content_type == "application/problem+json"
    assert (await ann.refusal("presence.set", {"presence": "available"}))["status"] == 401


@pytest.mark.parametrize(
    "text",
    [
        "{", "[]", "null", '{"type":"command"}', '{"type":"command","id":1,"name":"x","data":[]}',
        '{"type":"nonsense"}', '{"type":"hello","csrf":"x"}', "\\ud800", "[" * 10_000,
    ],
)  # fmt: skip
async def test_nonsense_on_the_feed_ends_the_line_and_nothing_else(
    house: Company, lines: list[dict[str, object]], text: str
) -> None:
    ann = await house.at_console("ann")
    async with ann.http.ws_connect("/api/v1/live", headers={"Origin": PUBLIC_URL}) as socket:
        await socket.send_json({"type": "hello", "after": None, "epoch": None, "csrf": ann.csrf})
        assert (await socket.receive_json(timeout=10))["type"] == "snapshot"
        await socket.send_str(text)
        async with asyncio.timeout(10):
            while (await socket.receive()).type is WSMsgType.TEXT:
                pass
        assert socket.close_code in (1007, 1008)
    await _still_well(house)
    assert _bugs(lines) == []


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("no.such", {}, "unknown_command"),
        ("offer.accept", {}, "missing_field"),
        ("offer.accept", {"offer_id": 7}, "wrong_field"),
        ("offer.accept", {"offer_id": "of_none"}, None),
        ("offer.accept", {"offer_id": "of_none", "more": 1}, "unknown_field"),
        ("note.add", {"conversation_id": "cv_none", "text": "x" * 200_000}, "wrong_field"),
        ("message.send", {"interaction_id": "in_x", "text": None}, "missing_field"),
    ],
)
async def test_a_malformed_command_is_answered_and_the_line_lives(
    house: Company, name: str, data: dict[str, object], code: str | None
) -> None:
    ann = await house.at_console("ann")
    refused = await ann.refusal(name, data)
    assert refused["status"] in (400, 403, 404, 409, 413, 422)
    assert code in (None, refused["code"])
    await ann.ask("presence.set", presence="available")

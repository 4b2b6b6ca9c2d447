"""The customer's page: what it lets through, what it shows, what it forgets."""

import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from tests.integration.demo.page_fakes import FakePhone, FakePost, hub_mail, phone_message
from triggerhub.demo import belongings
from triggerhub.demo.page import MAX_TEXT, CustomerPage
from triggerhub.domain.errors import TooMany
from triggerhub.http import Drain, create_app

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
HANNAH = {"person": "hannah"}
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def phone() -> FakePhone:
    return FakePhone()


@pytest.fixture
def post() -> FakePost:
    return FakePost()


async def _happenings() -> AsyncIterator[tuple[int, str, datetime, str]]:
    yield 41, "message.received", NOW, "SMS"
    yield 42, "offer.made", NOW, "Amara Okafor"


@pytest.fixture
async def page(phone: FakePhone, post: FakePost) -> AsyncIterator[CustomerPage]:
    page = CustomerPage(
        phone=phone, post=post, events=_happenings(), now=lambda: NOW, rng=random.Random(1)
    )
    await page.start()
    yield page
    await page.stop()


@pytest.fixture
async def client(page: CustomerPage) -> AsyncIterator[Client]:
    app = create_app(routes=page.routes(), registry=CollectorRegistry(), checks={}, drain=Drain())
    async with TestClient(TestServer(app)) as client:
        yield client


async def _state(client: Client) -> belongings.Frame:
    answer: belongings.Frame = await (await client.get("/demo/state")).json()
    return answer


async def test_index_and_assets_are_served_under_a_strict_policy(client: Client) -> None:
    index = await client.get("/demo")
    assert index.status == 200
    assert index.content_type == "text/html"
    policy = index.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    text = await index.text()
    assert " style=" not in text
    assert "<script>" not in text
    for part in text.split('"'):
        if part.startswith("/demo/assets/"):
            assert (await client.get(part)).status == 200
    assert 'href="/tokens.css"' in text  # the console's, see its build
    script = await client.get("/demo/assets/main.js")
    assert script.content_type == "text/javascript"


@pytest.mark.parametrize("name", ["page.py", "..%2Fcast.py", "main.js%00", "nothing.js"])
async def test_no_other_file_is_served(client: Client, name: str) -> None:
    assert (await client.get(f"/demo/assets/{name}")).status == 404


async def test_a_text_goes_by_the_carrier_and_shows_its_fate(
    client: Client, phone: FakePhone
) -> None:
    answer = await client.post("/demo/sms", json={**HANNAH, "text": " Hello?\n"})
    assert answer.status == 202
    assert phone.sent == [("+447700900161", "+442079460100", "Hello?")]
    texts = (await _state(client))["texts"]
    assert isinstance(texts, dict)
    assert [(t["mine"], t["state"], t["channel"]) for t in texts["hannah"]] == [
        (True, "delivered", "sms")
    ]


async def test_whatsapp_goes_by_its_own_addresses(client: Client, phone: FakePhone) -> None:
    body = {"person": "yutong", "channel": "whatsapp", "text": "你好"}
    assert (await client.post("/demo/sms", json=body)).status == 202
    assert phone.sent == [("whatsapp:+8613800001024", "whatsapp:+862155550100", "你好")]


@pytest.mark.parametrize(("known", "status"), [(True, 503), (False, 200)])
async def test_what_the_hub_refuses_is_shown_as_refused(
    client: Client, phone: FakePhone, known: bool, status: int
) -> None:
    phone.known, phone.status = known, status
    answer = await client.post("/demo/sms", json={**HANNAH, "text": "Hello?"})
    assert answer.status == 503
    texts = (await _state(client))["texts"]
    assert isinstance(texts, dict)
    assert texts["hannah"][0]["state"] == "refused"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"person": "nobody", "text": "x"},
        {"person": "hannah"},
        {"person": "hannah", "text": "   "},
        {"person": "hannah", "text": 7},
        {"person": "hannah", "text": "x" * (MAX_TEXT + 1)},
        {"person": "hannah", "text": "a\x00b"},
        {"person": "hannah", "text": "x", "channel": "fax"},
    ],
)
async def test_bad_texts_are_refused(
    client: Client, phone: FakePhone, body: dict[str, object]
) -> None:
    answer = await client.post("/demo/sms", json=body)
    assert answer.status in {404, 422}
    assert answer.content_type == "application/problem+json"
    assert phone.sent == []


async def test_only_json_is_taken(client: Client, phone: FakePhone) -> None:
    form = await client.post("/demo/sms", data={"person": "hannah", "text": "x"})
    assert form.status == 415
    headers = {"Content-Type": "application/json"}
    for raw in (b"{", b"[1]", b"\xff"):
        assert (await client.post("/demo/sms", data=raw, headers=headers)).status == 400
    assert phone.sent == []


async def test_a_new_mail_is_signed_or_forged_as_asked(client: Client, post: FakePost) -> None:
    body = {**HANNAH, "to": "billing@demo.example", "subject": "Hi", "text": "Well?"}
    assert (await client.post("/demo/mail", json=body)).status == 202
    assert (await client.post("/demo/mail", json={**body, "proven": False})).status == 202
    assert [mail.signed for mail in post.sent] == ["proven", "forged"]
    assert {mail.to for mail in post.sent} == {"billing@demo.example"}
    assert post.sent[0].sender == "hannah@whitfield.example"
    assert post.sent[0].in_reply_to is None


async def test_an_answer_keeps_the_thread(
    client: Client, page: CustomerPage, post: FakePost
) -> None:
    await page.on_mail(hub_mail("hannah@whitfield.example", "Your parcel", "It is at 41."))
    body = {
        **HANNAH,
        "reply_to": "<ours-1@demo.example>",
        "subject": "Re: Your parcel",
        "text": "Thanks!",
    }
    assert (await client.post("/demo/mail", json=body)).status == 202
    sent = post.sent[0]
    assert sent.to == "support+token@demo.example"
    assert sent.in_reply_to == "<ours-1@demo.example>"
    assert sent.references == ("<first@customer.example>", "<ours-1@demo.example>")
    assert sent.text.startswith("Thanks!\n\nOn ")
    assert "> It is at 41." in sent.text


@pytest.mark.parametrize(
    "change",
    [
        {"to": "ceo@elsewhere.example"},
        {"subject": "a\nBcc: x@y.example"},
        {"subject": ""},
        {"proven": "yes"},
        {"reply_to": "<unknown@demo.example>"},
        {"text": "x" * 20_001},
    ],
)
async def test_bad_mails_are_refused(
    client: Client, post: FakePost, change: dict[str, object]
) -> None:
    body = {**HANNAH, "to": "support@demo.example", "subject": "Hi", "text": "Well?", **change}
    assert (await client.post("/demo/mail", json=body)).status in {404, 422}
    assert post.sent == []


async def test_a_mail_that_the_hub_refuses_is_shown_as_refused(
    client: Client, post: FakePost
) -> None:
    post.code = 451
    body = {**HANNAH, "to": "support@demo.example", "subject": "Hi", "text": "Well?"}
    assert (await client.post("/demo/mail", json=body)).status == 503
    mails = (await _state(client))["mails"]
    assert isinstance(mails, dict)
    assert mails["hannah"][0]["state"] == "refused"


@pytest.mark.parametrize(
    ("name", "texts", "mails"),
    [("late-parcel", 1, 0), ("two-channels", 1, 1), ("forged-sender", 0, 1)],
)
@pytest.mark.parametrize("person", ["hannah", "yutong", "stranger"])
async def test_scenarios(
    client: Client,
    phone: FakePhone,
    post: FakePost,
    name: str,
    texts: int,
    mails: int,
    person: str,
) -> None:
    answer = await client.post(f"/demo/scenario/{name}", json={"person": person})
    assert (await answer.json()) == {"sent": texts + mails}
    assert (len(phone.sent), len(post.sent)) == (texts, mails)
    assert all(
        mail.signed == ("forged" if name == "forged-sender" else "proven") for mail in post.sent
    )


async def test_rush_hour_sends_that_many_and_once_at_a_time(
    client: Client, page: CustomerPage, phone: FakePhone, post: FakePost
) -> None:
    body = {**HANNAH, "count": 60}
    assert (await client.post("/demo/scenario/rush-hour", json=body)).status == 202
    await page.rush_over()
    assert len(phone.sent) + len(post.sent) == 60
    assert phone.sent
    assert post.sent
    assert not any("$" in text.replace("US$", "") for _, _, text in phone.sent)


@pytest.mark.parametrize("count", [0, 201, True, "40", 1.5])
async def test_rush_hour_has_limits(client: Client, phone: FakePhone, count: object) -> None:
    body = {**HANNAH, "count": count}
    assert (await client.post("/demo/scenario/rush-hour", json=body)).status == 422
    assert phone.sent == []


async def test_unknown_scenario(client: Client) -> None:
    assert (await client.post("/demo/scenario/nothing", json=HANNAH)).status == 404


async def test_what_the_hub_sends_reaches_the_right_phone(
    client: Client, page: CustomerPage
) -> None:
    await page.on_message(phone_message("whatsapp:+447700900161", "On its way"))
    await page.on_message(phone_message("+447700900999", "for somebody else", sid="SM2"))
    texts = (await _state(client))["texts"]
    assert isinstance(texts, dict)
    assert [(t["channel"], t["text"]) for t in texts["hannah"]] == [("whatsapp", "On its way")]
    assert texts["yutong"] == texts["stranger"] == []


async def test_the_stream_gives_the_state_and_then_each_change(
    client: Client, page: CustomerPage
) -> None:
    async with client.get("/demo/stream") as stream:
        assert stream.content_type == "text/event-stream"
        first = json.loads((await stream.content.readuntil(b"\n\n"))[6:])
        assert first["kind"] == "state"
        assert [event["seq"] for event in first["happened"]] == [41, 42]
        assert first["happened"][1]["at"] == "2026-11-20T14:05:00.000Z"
        await page.on_message(phone_message("+447700900161", "Hello"))
        second = json.loads((await stream.content.readuntil(b"\n\n"))[6:])
        assert (second["kind"], second["person"], second["item"]["text"]) == (
            "text",
            "hannah",
            "Hello",
        )
        page.belongings.close()
        assert await stream.content.read() == b""


def test_memory_is_bounded() -> None:
    own = belongings.Belongings()
    queue = own.watch()
    for number in range(3 * belongings.FRAMES_KEPT):
        own.happened(belongings.Happened(seq=number, type="x", at="", text=""))
    happened = own.state()["happened"]
    assert isinstance(happened, list)
    assert len(happened) == belongings.HAPPENED_KEPT
    # A page that doesn't read is sent away, and connects again.
    assert queue.get_nowait() is None
    assert queue.empty()


def test_pages_are_counted() -> None:
    own = belongings.Belongings()
    queues = [own.watch() for _ in range(belongings.STREAMS)]
    with pytest.raises(TooMany):
        own.watch()
    own.leave(queues[0])
    own.watch()

from __future__ import annotations

import asyncio
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from openapi_spec_validator import validate

from agent_console.api import read_calls
from agent_console.api.table import ROUTES
from agent_console.pages import PAGES
from tests.integration.console.promised import DOCUMENT
from tests.integration.console.served import Served
from tests.unit.console.house import House
from triggerhub.domain import events as e
from triggerhub.domain.errors import Unavailable


async def test_the_document_is_openapi_3_1(served: Served) -> None:
    document = await served.person().get(f"{served.base}/api/openapi.json")
    validate(document)
    assert document["openapi"] == "3.1.0"
    named = {f"/api/v1/{route.path}" for route in ROUTES}
    assert set(document["paths"]) == named


async def test_events_are_cloud_events_by_cursor(served: Served, house: House) -> None:
    reader = served.token("token-integration")
    page = await reader.get("events?after=0&limit=5")
    assert page["next"] == 5
    rest = await reader.get(f"events?after={page['next']}&limit=1000")
    assert rest["next"] == len(house.log)
    received = next(x for x in rest["events"] if x["type"] == "message.received")
    assert received["specversion"] == "1.0"
    assert len(received["sequence"]) == 20
    assert received["data"] == {
        "message_id": "me_1", "channel": "sms", "account_id": "acc_1",
        "account": "Main number", "external_id": "SM1", "from": "+15550100",
    }  # fmt: skip
    resolved = next(x for x in rest["events"] if x["type"] == "message.resolved")
    assert resolved["data"].items() >= {
        "message_id": "me_1", "conversation_id": "co_1", "customer_id": "cu_1", "rule": "address",
    }.items()  # fmt: skip
    assert not any("content" in key for event in rest["events"] for key in event["data"])


async def test_a_long_poll_answers_when_something_happens(served: Served, house: House) -> None:
    reader = served.token("token-integration")
    waiting = asyncio.create_task(reader.get(f"events?after={len(house.log)}&wait=30"))
    await reader.get("queues")
    house.append(e.AgentConnected(agent_id="user_bo"))
    async with asyncio.timeout(5):
        page = await waiting
    assert [x["type"] for x in page["events"]] == ["agent.connected"]


async def test_what_becomes_of_a_message_that_is_read_again(served: Served, house: House) -> None:
    sue, after = await served.signed_in("sue"), len(house.log)
    nothing = {"outcome": None, "reason": "", "customer_id": None}
    assert await sue.get(f"messages/me_1/outcome?after={after}") == nothing | {"next": after}
    waiting = asyncio.create_task(sue.get(f"messages/me_9/outcome?after={after}&wait=30"))
    await sue.get("queues")
    for message_id in ("me_8", "me_9"):
        house.append(
            e.MessageUnparseable(
                message_id=message_id, channel="email", account_id="acc_1", raw_content="ct_1",
                attention_id="at_1", reason="mail_binary these bytes are no mail",
            )
        )  # fmt: skip
        await sue.get("queues")
    async with asyncio.timeout(5):
        found = await waiting
    assert (found["outcome"], found["next"]) == ("failed", len(house.log))
    assert found["reason"].startswith("mail_binary")
    read = await sue.get("messages/me_1/outcome?after=0")
    assert (read["outcome"], read["customer_id"]) == ("read", "cu_1")


async def test_an_outcome_is_looked_for_in_portions(
    served: Served, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_calls, "PAGE", 2)
    monkeypatch.setattr(read_calls, "AT_ONCE", 6)
    sue, end = await served.signed_in("sue"), len(house.log)
    assert end > 6
    first = await sue.get("messages/me_9/outcome?after=0&wait=60")
    assert (first["outcome"], first["next"]) == (None, 6)
    asked, told = 1, await sue.get("messages/me_2/outcome?after=0")
    while told["outcome"] is None:
        asked, told = asked + 1, await sue.get(f"messages/me_2/outcome?after={told['next']}")
    assert (told["outcome"], told["customer_id"]) == ("read", "cu_2")
    assert asked == -(-told["next"] // 6) > 1


@pytest.mark.parametrize(
    "path",
    [
        "events?limit=0", "events?limit=9999", "events?after=-1", "events?wait=61", "events?x=1",
        "events?limit=1&limit=2", "customers?limit=a", "customers/cu_1/timeline?before=x",
        "attention?state=none", "messages/me_1/html?images=2",
        "interactions?answered_since=yesterday", "interactions?state=que",
        "interactions?answered_since=2026-01-01T00:00:00",
        "interactions?answered_since=0001-01-01T00:00:00%2B14:00",
    ],
)  # fmt: skip
async def test_wrong_queries_are_named(served: Served, path: str) -> None:
    sue = await served.signed_in("sue")
    async with sue.call("GET", path) as answer:
        problem = await answer.json()
        assert (answer.status, answer.content_type) == (422, "application/problem+json")
        assert problem["errors"][0]["field"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b"[]", "application/json", 400, "malformed"),
        (b'{"presence":"a\\u0000"}', "application/json", 400, "malformed"),
        (b'{"presence":"\\ud800"}', "application/json", 400, "malformed"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{}", "application/json", 422, "missing_field"),
        (b'{"presence":1}', "application/json", 422, "wrong_field"),
        (b'{"presence":"x","y":1}', "application/json", 422, "unknown_field"),
        (b" " * 1_100_000, "application/json", 413, "too_large"),
    ],
)
async def test_wrong_bodies_are_refused(
    served: Served, body: bytes, kind: str, status: int, code: str
) -> None:
    ana = await served.signed_in("ana")
    async with ana.session.post(
        f"{served.base}/api/v1/commands/presence.set",
        data=BytesIO(body),
        headers={"Content-Type": kind, "X-CSRF-Token": ana.csrf},
    ) as answer:
        problem = await answer.json(content_type="application/problem+json")
        assert (answer.status, problem["code"]) == (status, code)


async def test_commands_are_carried_out_once_per_key(served: Served, house: House) -> None:
    ana = await served.signed_in("ana")
    answers = []
    for _ in range(2):
        async with ana.call(
            "POST", "commands/presence.set", headers={"Idempotency-Key": "k1"},
            presence="available",
        ) as answer:  # fmt: skip
            answers.append(await answer.json())
    assert answers[0] == answers[1]
    assert len(house.executed) == 1
    async with ana.call("POST", "commands/no.such") as answer:
        assert answer.status == 404


async def test_the_cookie_alone_changes_nothing(served: Served) -> None:
    ana = await served.signed_in("ana")
    right = ana.csrf
    for csrf, origin, code in (
        ("", None, "wrong_csrf"),
        ("wrong", None, "wrong_csrf"),
        (right, "https://evil.example", "wrong_origin"),
        (right, "null", "wrong_origin"),
    ):
        ana.csrf = csrf
        headers = {"Origin": origin} if origin else {}
        async with ana.call("POST", "commands/status.clear", headers=headers) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, code)
    ana.csrf = right
    async with ana.call("POST", "commands/status.clear", headers={"Origin": served.base}) as answer:
        assert answer.status == 200


async def test_signing_in_and_out(served: Served) -> None:
    person = served.person()
    async with person.call("POST", "session", login="ana", password="wrong") as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, "wrong_credentials")
    async with person.call(
        "POST", "session", login="ana", password="right words",
        headers={"Origin": "https://evil.example"},
    ) as answer:  # fmt: skip
        assert answer.status == 403
    ana = await served.signed_in("ana")
    async with ana.call("PATCH", "session", language="zh-CN") as answer:
        assert (await answer.json())["user"]["language"] == "zh-CN"
    async with ana.call("PATCH", "session", language="xx") as answer:
        assert answer.status == 422
    async with ana.call("DELETE", "session") as answer:
        assert answer.status == 204
    async with ana.call("GET", "session") as answer:
        assert answer.status == 401


@pytest.mark.parametrize("token", ["token-integration", "token-admin"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_whoever_holds_a_token_is_not_signed_in(
    served: Served, token: str, method: str
) -> None:
    """Whatever its role; a token that isn't valid is another matter."""
    body: dict[str, Any] = {"language": "en"} if method == "PATCH" else {}
    for bearer, status, code in ((token, 403, "needs_session"), ("none", 401, "wrong_token")):
        async with served.token(bearer).call(method, "session", **body) as answer:
            assert (answer.status, (await answer.json())["code"]) == (status, code)


@pytest.mark.parametrize("path", sorted(DOCUMENT["paths"]))
async def test_other_methods_are_refused_and_the_right_ones_named(
    served: Served, path: str
) -> None:
    ada = await served.signed_in("ada")
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {
        method.upper() for method in DOCUMENT["paths"][path]
    }:
        async with ada.call(method, served.base + re.sub("{[a-z]+}", "x", path)) as answer:
            assert answer.status == 405  # with Allow, as every call of a person is looked at
            assert (await answer.json())["title"] == "Method Not Allowed"


async def test_a_problem_says_what_it_is_and_which(served: Served) -> None:
    ana = await served.signed_in("ana")
    async with ana.call("GET", "customers?limit=101&q=a&no=1") as answer:
        problem = await answer.json()
    assert problem.pop("instance")
    assert problem == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "'limit' must be at most 100 (and 1 more).",
        "code": "invalid",
        "errors": [
            {"field": "limit", "message": "must be at most 100"},
            {"field": "no", "message": "is no field of this call"},
        ],
    }


async def test_guessing_is_slowed_down(served: Served) -> None:
    person = served.person()
    for _ in range(10):
        async with person.call("POST", "session", login="ana", password="wrong") as answer:
            assert answer.status == 401
    async with person.call("POST", "session", login="ana", password="right words") as answer:
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 300


async def test_content_cannot_act(served: Served) -> None:
    ana = await served.signed_in("ana")
    async with ana.call("GET", "messages/me_1/html") as answer:
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "script" not in (await answer.text()).partition("<body>")[2]
    async with ana.call("GET", "attachments/att_1") as answer:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    async with ana.call("GET", "messages/me_1/raw") as answer:
        assert await answer.read() == b"raw bytes"
    async with ana.call("GET", "attachments/raw_1") as answer:
        assert answer.status == 404


async def test_what_came_without_a_name_gets_an_ending(served: Served, house: House) -> None:
    ana = await served.signed_in("ana")
    about, _ = house.contents["att_1"]
    picture = (b"\xff\xd8\xff", "text/plain", "attachment.jpg")
    for data, media_type, name in (picture, (b"x", "audio/mpeg", "attachment.mp3"),
                                   (b"x", "no type", "attachment.bin")):  # fmt: skip
        house.contents["att_1"] = about | {"filename": "", "media_type": media_type}, data
        async with ana.call("GET", "attachments/att_1") as answer:
            assert f'filename="{name}"' in answer.headers["Content-Disposition"]


async def test_uploads(served: Served, house: House) -> None:
    ana = await served.signed_in("ana")
    url, headers = f"{served.base}/api/v1/uploads", {"X-CSRF-Token": ana.csrf}
    form = FormData(quote_fields=False)
    form.add_field("file", b"\x89PNG\r\n\x1a\n...", filename="图.html", content_type="text/html")
    async with ana.session.post(url, data=form, headers=headers) as answer:
        found = await answer.json()
        assert (found["content_type"], found["filename"]) == ("image/png", "图.html")
    for data, status in (
        (b"\0" * (21 * 1024 * 1024), 413),
        (b"", 422),
    ):
        form = FormData()
        form.add_field("file", BytesIO(data), filename="x", content_type="text/plain")
        async with ana.session.post(url, data=form, headers=headers) as answer:
            assert answer.status == status
    for body, kind, status in (
        (b"no boundary here", "multipart/form-data; boundary=x", 400),
        (b"", "multipart/form-data", 400),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        (b"{}", "application/json", 415),
    ):
        async with ana.session.post(
            url, data=body, headers=headers | {"Content-Type": kind}
        ) as answer:
            assert answer.status == status, (body, await answer.text())
    async with served.token("token-integration").session.post(
        url, headers={"Authorization": "Bearer token-integration"}
    ) as answer:
        assert answer.status == 403


async def test_what_is_out_of_order_says_when_to_come_back(served: Served, house: House) -> None:
    sue = await served.signed_in("sue")
    house.failing = Unavailable("the database is busy")
    async with sue.call("GET", "queues") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    house.failing = None


async def test_bugs_are_not_shown_outside(
    served: Served, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(kind: str) -> None:
        raise ValueError("secret of the house")

    monkeypatch.setattr(house, "listed", broken)
    sue = await served.signed_in("sue")
    async with sue.call("GET", "queues") as answer:
        text = await answer.text()
        assert answer.status == 500
        assert "secret" not in text
        assert "internal" in text


async def test_the_listener_itself(served: Served) -> None:
    person, base = served.person(), served.base
    async with person.call("GET", f"{base}/healthz") as answer:
        assert answer.status == 200
    async with person.call("GET", f"{base}/readyz") as answer:
        assert answer.status == 200
    served.ready["up"] = False
    async with person.call("GET", f"{base}/readyz") as answer:
        assert answer.status == 503
        assert "can't be reached" in (await answer.json())["checks"]["database"]
    async with person.call("GET", f"{base}/metrics") as answer:
        assert 'route="/readyz"' in await answer.text()
    for path, status in (("api/v1/none", 404), ("api/none", 404), ("api/v1/customers", 405)):
        async with person.call("DELETE", f"{base}/{path}") as answer:
            assert answer.status == status, path
            assert answer.content_type == "application/problem+json"


async def test_the_consoles_files(served: Served) -> None:
    person, base = served.person(), served.base
    for path in ("", "customers/cu_1", "index.html"):
        async with person.call("GET", f"{base}/{path}") as answer:
            assert "<title>console</title>" in await answer.text()
            assert answer.headers["Cache-Control"] == "no-cache"
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    async with person.call("GET", f"{base}/assets/index-Ab3dEf9_.js") as answer:
        assert "immutable" in answer.headers["Cache-Control"]
    for path in (
        "assets/none.js", "demo", "demo/", "customers/cu_1/more", "work", "Login", "admin",
        "%2e%2e/%2e%2e/etc/passwd.txt", "..%2f..%2fetc%2fpasswd.txt",
    ):  # fmt: skip
        async with person.call("GET", f"{base}/{path}") as answer:
            assert answer.status == 404, path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
            assert "<title>console</title>" not in await answer.text()


def test_the_consoles_pages_are_those_of_its_router() -> None:
    router = Path("agent_console/web/src/router.ts").read_text()
    paths = re.findall(r"\{ path: '/([^']*)'", router)
    assert len(paths) == 8
    for path in paths:
        there = PAGES.fullmatch(re.sub(r":\w+", "some_1", path)) is not None
        assert there == (path != ":rest(.*)*"), path

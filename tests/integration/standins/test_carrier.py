"""The local carrier, asked directly: it refuses what the real one would refuse."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession, web
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from triggerhub.demo.carrier import Carrier
from triggerhub.demo.carrier_hook import HookResult, signature
from triggerhub.demo.carrier_message import CarrierMessage, Step
from triggerhub.demo.carrier_rules import CarrierAccount, segments

SID = "AC" + "1e" * 16
SERVICE = "MG" + "2d" * 16
TOKEN = "a-demo-token"
OURS = "+12025550100"
THEIRS = "+12025550123"
GOOD = {"To": THEIRS, "From": OURS, "Body": "hello"}


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    account = CarrierAccount(
        sid=SID, auth_token=TOKEN, numbers=(OURS,), services={SERVICE: (OURS,)}
    )
    async with Carrier([account]) as carrier:
        yield carrier


class Api:
    def __init__(self, session: ClientSession, carrier: Carrier) -> None:
        self._session = session
        self._base = f"{carrier.url}/2010-04-01/Accounts/"

    async def call(
        self,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        *,
        user: str = SID,
        password: str = TOKEN,
    ) -> tuple[int, dict[str, object]]:
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}"} if user else {}
        async with self._session.request(
            method, self._base + path, data=form, headers=headers
        ) as response:
            body: dict[str, object] = await response.json()
            return response.status, body

    async def send(self, **changes: str | None) -> tuple[int, dict[str, object]]:
        form = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
        return await self.call("POST", f"{SID}/Messages.json", form)


@pytest.fixture
async def api(carrier: Carrier) -> AsyncIterator[Api]:
    async with ClientSession() as session:
        yield Api(session, carrier)


async def test_a_message_is_created_whole(carrier: Carrier, api: Api) -> None:
    status, body = await api.send(StatusCallback=None)
    assert status == 201
    assert set(body) == {
        "account_sid",
        "api_version",
        "body",
        "date_created",
        "date_sent",
        "date_updated",
        "direction",
        "error_code",
        "error_message",
        "from",
        "messaging_service_sid",
        "num_media",
        "num_segments",
        "price",
        "price_unit",
        "sid",
        "status",
        "subresource_uris",
        "to",
        "uri",
    }
    assert (body["status"], body["num_segments"], body["direction"]) == (
        "queued",
        "1",
        "outbound-api",
    )
    await carrier.settled()
    status, body = await api.call("GET", f"{SID}/Messages/{body['sid']}.json")
    assert (status, body["status"]) == (200, "delivered")
    assert carrier.messages[0].statuses == ["queued", "sent", "delivered"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": None}, 21604),
        ({"To": "12345"}, 21211),
        ({"To": "+1 202 555 0123"}, 21211),
        ({"From": None}, 21603),
        ({"From": "nobody!"}, 21212),
        ({"From": "+12025550199"}, 21606),
        ({"From": THEIRS, "To": THEIRS}, 21606),
        ({"To": OURS}, 21266),
        ({"From": None, "MessagingServiceSid": "MG" + "0" * 32}, 21701),
        ({"MessagingServiceSid": "MG1"}, 20001),
        ({"Body": None}, 21602),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"MediaUrl": "ftp://x/y"}, 21620),
        ({"StatusCallback": "not a url"}, 21609),
        ({"StatusCallback": "https://under_score.example/"}, 21609),
        ({"To": f"whatsapp:{THEIRS}"}, 21910),
        ({"To": f"whatsapp:{THEIRS}", "From": "whatsapp:+12025550199"}, 63007),
        ({"Colour": "blue"}, 20001),
        ({"to": THEIRS}, 20001),
        ({"SmartEncoded": "maybe"}, 20001),
        ({"ValidityPeriod": "long"}, 20001),
        ({"RiskCheck": "perhaps"}, 20001),
    ],
)
async def test_refusals_have_the_vendors_codes(
    carrier: Carrier, api: Api, changes: dict[str, str | None], code: int
) -> None:
    status, body = await api.send(**changes)
    assert (status, body["code"]) == (400, code)
    assert set(body) == {"code", "message", "more_info", "status"}
    assert not carrier.messages


@pytest.mark.parametrize(
    ("user", "password", "path"),
    [
        (SID, "wrong", SID),
        ("", "", SID),
        ("AC" + "9" * 32, TOKEN, SID),
        (SID, TOKEN, "AC" + "9" * 32),
    ],
)
async def test_credentials_are_checked(
    carrier: Carrier, api: Api, user: str, password: str, path: str
) -> None:
    status, body = await api.call(
        "POST", f"{path}/Messages.json", GOOD, user=user, password=password
    )
    assert (status, body["code"]) == (401, 20003)
    assert carrier.requests[0].authorized is False


async def test_a_form_is_asked_for_and_absences_are_told(carrier: Carrier, api: Api) -> None:
    async with ClientSession() as session:
        url = f"{carrier.url}/2010-04-01/Accounts/{SID}/Messages.json"
        async with session.post(url, json=GOOD) as response:
            assert response.status == 415
    status, body = await api.call("GET", f"{SID}/Messages/SM{'0' * 32}.json")
    assert (status, body["code"]) == (404, 20404)


async def test_the_list_has_pages_newest_first(carrier: Carrier, api: Api) -> None:
    for number in range(5):
        await api.send(Body=f"n{number}")
    _, first = await api.call("GET", f"{SID}/Messages.json?PageSize=2&To=%2B12025550123")
    assert isinstance(first["messages"], list)
    assert [m["body"] for m in first["messages"]] == ["n4", "n3"]
    following = str(first["next_page_uri"]).removeprefix("/2010-04-01/Accounts/")
    _, second = await api.call("GET", following)
    assert isinstance(second["messages"], list)
    assert [m["body"] for m in second["messages"]] == ["n2", "n1"]
    _, last = await api.call("GET", f"{SID}/Messages.json?PageSize=2&Page=2")
    assert last["next_page_uri"] is None
    assert (await api.call("GET", f"{SID}/Messages.json?PageSize=0"))[0] == 400
    assert (await api.call("GET", f"{SID}/Messages.json?PageSize=x"))[0] == 400


async def test_the_phone_shows_what_arrived(carrier: Carrier, api: Api) -> None:
    seen: list[CarrierMessage] = []

    async def look(message: CarrierMessage) -> None:
        seen.append(message)

    carrier.on_message = look
    carrier.plan_next(Step(status="failed", error_code=30007))
    await api.send(Body="lost")
    await api.send(Body="found")
    await carrier.settled()
    assert [m.body for m in seen] == ["found"]
    assert [m.body for m in carrier.phone(THEIRS)] == ["found"]


async def test_whatsapp_has_its_window_of_a_day() -> None:
    times = [datetime(2026, 3, 1, tzinfo=UTC)]

    async def hook(_: web.Request) -> web.Response:
        return web.Response(text="<Response/>", content_type="text/xml")

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    account = CarrierAccount(sid=SID, auth_token=TOKEN, numbers=(OURS,), sms_url=url)
    ends = {"To": f"whatsapp:{THEIRS}", "From": f"whatsapp:{OURS}"}
    async with Carrier([account], now=lambda: times[-1]) as carrier, ClientSession() as session:
        api = Api(session, carrier)
        assert (await carrier.customer_sends(ends["To"], ends["From"], "hi")).ok
        await api.send(**ends)
        times.append(times[-1] + timedelta(hours=25))
        await api.send(**ends)
        await carrier.settled()
        assert [m.status for m in list(carrier.messages)[1:]] == ["read", "failed"]
        assert carrier.messages[2].error_code == 63016
    await runner.cleanup()


@pytest.mark.parametrize(
    ("answer", "content_type", "warning"),
    [
        ("<Response/>", "text/xml", ""),
        ("", "text/plain", ""),
        ("ok", "text/plain", "12300"),
        ("<Response>", "text/xml", "12100"),
        ("<Ok/>", "application/xml", "12102"),
    ],
)
async def test_the_hubs_answer_is_judged(answer: str, content_type: str, warning: str) -> None:
    async def hook(request: web.Request) -> web.Response:
        form = [(k, str(v)) for k, v in (await request.post()).items()]
        assert request.headers["X-Twilio-Signature"] == signature(TOKEN, str(request.url), form)
        return web.Response(text=answer, content_type=content_type)

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    account = CarrierAccount(sid=SID, auth_token=TOKEN, numbers=(OURS,), sms_url=url)
    async with Carrier([account]) as carrier:
        result = await carrier.customer_sends(THEIRS, OURS, "你好 +&=%")
        assert result.status == 200
        assert result.warning.startswith(warning)
        assert result.ok is (warning == "")
    await runner.cleanup()
    async with Carrier([account]) as carrier:
        gone = await carrier.customer_sends(THEIRS, OURS, "anybody?")
        assert (gone.status, gone.attempts) == (0, 2)


def test_the_signature_is_the_vendors_own() -> None:
    form = [("b", "2"), ("a", "1"), ("b", "1"), ("b", "2"), ("empty", ""), ("名", "值")]
    url = "https://user:pw@hub.example:8443/hook?x=1"
    expected = RequestValidator(TOKEN).compute_signature(url, MultiDict(form))
    assert signature(TOKEN, url, form) == expected


async def test_a_number_nobody_has(carrier: Carrier) -> None:
    with pytest.raises(LookupError):
        await carrier.customer_sends(THEIRS, "+12025550199", "x")
    with pytest.raises(LookupError, match="no webhook"):
        await carrier.customer_sends(THEIRS, OURS, "x")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("好" * 70, 1),
        ("好" * 71, 2),
        ("😀" * 36, 2),
    ],
)
def test_segments(text: str, count: int) -> None:
    assert segments(text) == count


async def test_the_oldest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    account = CarrierAccount(
        sid=SID, auth_token=TOKEN, numbers=(OURS,), sms_url="http://hub.example/hook"
    )
    now = [datetime(2026, 3, 1, tzinfo=UTC)]
    monkeypatch.setattr("triggerhub.demo.carrier.MEDIA_BYTES_KEPT", 25)

    async def answered(*_: object, **__: object) -> HookResult:
        return HookResult(status=200, body="", attempts=1)

    monkeypatch.setattr("triggerhub.demo.carrier_hook.post", answered)
    async with Carrier([account], kept=2, now=lambda: now[0]) as carrier:
        for number in range(3):
            now[0] += timedelta(hours=13)
            await carrier.customer_sends(
                f"+1202555012{number}", OURS, f"text {number}",
                media=[carrier.add_media("image/png", bytes(10))],
            )  # fmt: skip
        assert [message.body for message in carrier.messages] == ["text 1", "text 2"]
        assert [sender for sender, _ in carrier._last_inbound] == ["+12025550121", "+12025550122"]
        assert len(carrier._media) == 2
        async with ClientSession() as session:
            for _ in range(3):
                status, _ = await Api(session, carrier).send()
                assert status == 201
        await carrier.settled()
        assert {message.body for message in carrier.messages} == {"hello"}
        assert len(carrier.messages) == len(carrier.requests) == 2

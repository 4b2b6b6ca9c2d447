"""Every route × role × foreign queue. A route that isn't in the table fails the test."""

from __future__ import annotations

import pytest

from agent_console.api.table import ROUTES
from agent_console.wire import instant
from tests.integration.console.served import Person, Served
from tests.unit.console.house import House
from triggerhub.domain import events as e

# ana holds cu_1 in qu_sales; bo serves qu_support. Statuses of: ana on her own, bo on ana's,
# supervisor, admin, token, nobody. Where a route names nothing, ana's and bo's are the same.
OPEN = (200, 200, 200, 200, 200, 200)
PEOPLE = (200, 200, 200, 200, 403, 401)
READ = (200, 404, 200, 200, 200, 401)
LIST = (200, 200, 200, 200, 200, 401)
OVERSEE = (403, 403, 200, 200, 200, 401)
PATHS: dict[str, tuple[str, tuple[int, ...]]] = {
    "about": ("about", OPEN),
    "readSession": ("session", PEOPLE),
    "searchCustomers": ("customers?q=Customer", LIST),
    "readCard": ("customers/cu_1", READ),
    "readTimeline": ("customers/cu_1/timeline", READ),
    "readConversation": ("conversations/co_1", READ),
    "listInteractions": ("interactions", LIST),
    "listAttention": ("attention", OVERSEE),
    "readOutcome": ("messages/me_1/outcome?after=0", OVERSEE),
    "readHtml": ("messages/me_1/html", READ),
    "readRaw": ("messages/me_1/raw", READ),
    "readAttachment": ("attachments/att_1", READ),
    "listQueues": ("queues", LIST),
    "listAgents": ("agents", LIST),
    "listAccounts": ("accounts", LIST),
    "listMetrics": ("metrics", OVERSEE),
    "whyNoWork": ("why-no-work", LIST),
    "readEvents": ("events", OVERSEE),
    "command": ("commands/status.clear", PEOPLE),
}
# Walked by tests of their own.
ELSEWHERE = {"signIn", "signOut", "patchSession", "upload"}
WHO = ("ana", "bo", "sue", "ada", "token", "nobody")


# Without `may`: the feed has a test of its own, the rest tells nothing of anybody.
BESIDE = {
    ("GET", path)
    for path in (
        "/api/v1/live", "/api/openapi.json", "/healthz", "/readyz", "/metrics", "/{path}",
    )
}  # fmt: skip


async def test_no_route_is_forgotten(served: Served) -> None:
    assert {route.name for route in ROUTES} == PATHS.keys() | ELSEWHERE
    judged = {(route.method, f"/api/v1/{route.path}") for route in ROUTES}
    assert {(m, path) for m, path in served.routes if m not in ("HEAD", "*")} == judged | BESIDE


@pytest.mark.parametrize("place", range(6), ids=WHO)
async def test_every_route_for_everyone(served: Served, place: int) -> None:
    who = WHO[place]
    if who == "token":
        person = served.token("token-integration")
    elif who == "nobody":
        person = served.person()
    else:
        person = await served.signed_in(who)
    methods = {route.name: route.method for route in ROUTES}
    for name, (path, expected) in PATHS.items():
        async with person.call(methods[name], path) as answer:
            assert answer.status == expected[place], (name, who, await answer.text())
            if answer.status >= 400:
                assert answer.content_type == "application/problem+json"
                assert "Traceback" not in await answer.text()


async def test_lists_hold_only_what_is_within_reach(served: Served) -> None:
    ana, bo = await served.signed_in("ana"), await served.signed_in("bo")
    assert [row["id"] for row in (await ana.get("interactions"))["items"]] == ["in_1"]
    assert [row["id"] for row in (await bo.get("interactions"))["items"]] == ["in_2"]
    for key, value in {"queue": "qu_sales", "state": "active", "owner": "user_ana",
                       "customer": "cu_1"}.items():  # fmt: skip
        assert len((await ana.get(f"interactions?{key}={value}"))["items"]) == 1, key
        assert (await bo.get(f"interactions?{key}={value}"))["items"] == [], key
    assert [row["id"] for row in (await bo.get("queues"))["items"]] == ["qu_support"]
    assert [row["id"] for row in (await bo.get("customers"))["items"]] == ["cu_2"]
    agents = {row["id"]: row for row in (await bo.get("agents"))["items"]}
    assert set(agents["user_ana"]) == {"id", "name", "role"}
    assert "holds" in agents["user_bo"]


async def test_whom_a_boards_number_counts_is_listed_to_those_who_see_them(
    served: Served, house: House
) -> None:
    house.append(e.AgentConnected(agent_id="user_bo"))
    house.append(e.PresenceChanged(agent_id="user_bo", presence="available", next_presence=None))
    sue, ana = await served.signed_in("sue"), await served.signed_in("ana")

    async def listed(person: Person, query: str) -> list[str]:
        return sorted(row["id"] for row in (await person.get(f"agents?{query}"))["items"])

    assert await listed(sue, "queue=qu_support&figure=agents_total") == ["user_bo"]
    assert await listed(sue, "queue=qu_support&figure=agents_ready") == ["user_bo"]
    assert await listed(sue, "queue=qu_sales&figure=agents_ready") == []
    assert await listed(ana, "queue=qu_support&figure=agents_total") == []
    assert await listed(ana, "queue=qu_sales") == ["user_ana"]


async def test_an_admin_reads_what_a_supervisor_reads(served: Served) -> None:
    sue, ada = await served.signed_in("sue"), await served.signed_in("ada")
    reads = {route.name for route in ROUTES if route.method == "GET"} - {"readSession"}
    for name in sorted(reads & PATHS.keys()):
        seen = []
        for person in (sue, ada):
            async with person.call("GET", PATHS[name][0]) as answer:
                seen.append((answer.status, await answer.read()))
        assert seen[0] == seen[1], name
    assert all("presence" in row for row in (await ada.get("agents"))["items"])


async def test_when_an_account_was_used_is_for_boards(served: Served, house: House) -> None:
    """As on the feed."""
    when = instant(house.clock.now())
    for row in house.account_rows.values():
        row |= {"last_in_at": when, "last_out_at": when}
    for login, shown in (("bo", None), ("sue", when), ("ada", when)):
        rows = (await (await served.signed_in(login)).get("accounts"))["items"]
        assert {row["last_in_at"] for row in rows} == {row["last_out_at"] for row in rows}
        assert {row["last_in_at"] for row in rows} == {shown}, login


async def test_what_is_hidden_looks_like_what_is_not_there(served: Served) -> None:
    bo = await served.signed_in("bo")
    problems = []
    for customer_id in ("cu_1", "cu_none"):
        async with bo.call("GET", f"customers/{customer_id}") as answer:
            problem = await answer.json()
            problem.pop("instance")
            problems.append((answer.status, problem))
    assert problems[0] == problems[1]


@pytest.mark.parametrize("login", ["ana", "bo", "sue", "ada"])
async def test_frames_show_only_what_is_within_scope(served: Served, login: str) -> None:
    person = await served.signed_in(login)
    async with person.live() as line:
        snapshot = (await line.until("snapshot"))["data"]
    oversees = login in ("sue", "ada")
    mine = {"in_1", "in_2"} if oversees else {"ana": {"in_1"}, "bo": set()}[login]
    assert set(snapshot["interactions"]) == mine
    queues = {"ana": {"qu_sales"}, "bo": {"qu_support"}}
    assert set(snapshot["queues"]) == queues.get(login, {"qu_sales", "qu_support"})
    whole = {key for key, row in snapshot["agents"].items() if "presence" in row}
    assert whole == (set(snapshot["agents"]) if oversees else {f"user_{login}"})


async def test_a_token_has_no_feed(served: Served) -> None:
    person = served.token("token-integration")
    async with person.call("GET", "live", headers={"Origin": served.base}) as answer:
        assert answer.status == 401

"""The log as other systems read it: CloudEvents by cursor, with long-poll."""

from __future__ import annotations

import asyncio
from datetime import datetime

from tests.acceptance.console import Console
from tests.acceptance.hub_process import MAILBOX, NUMBER
from tests.integration.hub.company import Company, event
from triggerhub.domain.ports import Json

PHONE = "+15550100042"


async def _all(console: Console) -> list[Json]:
    found: list[Json] = []
    after = 0
    while page := (await console.get(f"events?after={after}&limit=7"))["events"]:
        found += page
        after = int(page[-1]["sequence"])
    return found


async def test_received_and_resolved_carry_what_others_match_by(house: Company) -> None:
    sue = await house.at_console("sue")
    await house.carrier.customer_sends(PHONE, NUMBER, "Hello")
    await house.carrier.customer_sends(f"whatsapp:{PHONE}", f"whatsapp:{NUMBER}", "Hello too")
    mail = await house.mailbox.customer_mails(
        "ada@customer.example", MAILBOX, "Question", "Where?", name="Ada", signed="proven"
    )
    keyless = b"From: Bo <bo@customer.example>\r\nSubject: No id\r\n\r\nHello\r\n"
    assert (await house.mailbox.send_raw(keyless, "bounce-7@list.example", (MAILBOX,))).ok
    received: list[Json] = []
    resolved: list[Json] = []
    async with asyncio.timeout(20):
        while len(resolved) < 4:
            everything = await _all(sue)
            received = [one for one in everything if one["type"] == "message.received"]
            resolved = [one for one in everything if one["type"] == "message.resolved"]
            await sue.get(f"events?after={int(everything[-1]['sequence'])}&wait=1")
    texts = [m for m in house.carrier.messages if m.direction == "inbound"]
    told = {(one["data"]["account"], one["data"]["from"]): one["data"] for one in received}
    assert told["Support number", PHONE]["external_id"] in {m.sid for m in texts}
    by_id = {one["data"]["external_id"]: one["data"] for one in received}
    assert {m.sid for m in texts} <= by_id.keys()
    assert all(by_id[m.sid]["from"] == PHONE for m in texts)
    assert by_id[mail.message_id.strip("<>")]["from"] == "ada@customer.example"
    assert by_id[mail.message_id.strip("<>")]["account"] == "Support mail"
    (without,) = [one for key, one in by_id.items() if key.startswith("#")]
    assert without["from"] == "bo@customer.example"
    assert {one["data"]["message_id"] for one in resolved} == {
        one["data"]["message_id"] for one in received
    }
    for one in resolved:
        assert {"message_id", "conversation_id", "customer_id", "rule"} <= one["data"].keys()
        assert one["data"]["rule"]
    for number, one in enumerate(await _all(sue), start=1):
        _is_cloud_event(one, number)


def _is_cloud_event(one: Json, number: int) -> None:
    """CloudEvents 1.0, section 2, with the extension `sequence`."""
    assert one["specversion"] == "1.0"
    assert one["source"] == "http://hub.example"
    assert one["datacontenttype"] == "application/json"
    assert int(one["sequence"]) == number
    assert datetime.fromisoformat(one["time"]).tzinfo is not None
    assert one["id"]
    assert not [key for key in one["data"] if key.endswith("_content")]


async def test_who_waits_is_answered_when_something_happens(house: Company) -> None:
    sue = await house.at_console("sue")
    head = int((await _all(sue))[-1]["sequence"])
    waiting = asyncio.create_task(event(sue, "message.received", head))
    await house.carrier.customer_sends(PHONE, NUMBER, "Hello")
    assert (await waiting)["data"]["from"] == PHONE
    nothing = await sue.get(f"events?after={10**9}&limit=1&wait=0")
    assert nothing == {"events": [], "epoch": nothing["epoch"], "next": 10**9}


async def test_a_log_that_was_restored_is_another_one(house: Company) -> None:
    sue = await house.at_console("sue")
    page = await sue.get("events?limit=1")
    assert page["epoch"] == sue.state["epoch"]
    again = await sue.get(f"events?limit=1&after={page['next']}&epoch={page['epoch']}")
    assert again["epoch"] == page["epoch"]
    async with sue.http.get("/api/v1/events?after=1&epoch=lost") as answer:
        assert answer.status == 409
        assert (await answer.json())["code"] == "another_epoch"


async def test_an_agent_may_not_read_the_log(house: Company) -> None:
    ann = await house.at_console("ann")
    async with ann.http.get("/api/v1/events") as answer:
        assert answer.status == 403
        assert answer.content_type == "application/problem+json"

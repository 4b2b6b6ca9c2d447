"""A text's way: in, offered, answered, delivered, followed up; and what must not go that way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.acceptance.hub_process import NUMBER
from tests.integration.hub.company import Company, accepted, company, entry, replied
from triggerhub.domain.ports import Json

PHONE = "+15550100042"


async def test_a_text_is_answered_and_its_answer_stays_in_the_conversation(house: Company) -> None:
    ann = await house.at_console("ann", available=True)
    assert (await house.carrier.customer_sends(PHONE, NUMBER, "Where is it? 在哪里")).ok
    row = await accepted(ann, "Where is it?")
    await replied(ann, row, "On its way. 在路上")
    sent = await entry(ann, "On its way", "delivered")
    assert sent["direction"] == "out"
    await house.carrier.settled()
    assert all(callback.ok for callback in house.carrier.callbacks)
    (message,) = [m for m in house.carrier.phone(PHONE) if m.direction != "inbound"]
    assert (message.body, message.sender) == ("On its way. 在路上", NUMBER)
    assert (await house.carrier.customer_sends(PHONE, NUMBER, "Thank you")).ok
    followed = await entry(ann, "Thank you")
    assert followed["conversation_id"] == sent["conversation_id"] == row["conversation_id"]
    assert followed["interaction_id"] == row["id"]
    assert ann.state["interactions"][row["id"]]["unread"] > 0


async def test_a_note_never_leaves(house: Company) -> None:
    ann = await house.at_console("ann", available=True)
    await house.carrier.customer_sends(PHONE, NUMBER, "Hello")
    row = await accepted(ann, "Hello")
    note = "Difficult customer, be kind"
    await ann.ask("note.add", conversation_id=row["conversation_id"], text=note)
    await replied(ann, row, "Good day")
    await entry(ann, "Good day", "delivered")
    shown = await entry(ann, note)
    assert (shown["kind"], shown["direction"]) == ("note", "none")
    assert not [m for m in house.carrier.messages if note in m.body]
    assert not [r for r in house.carrier.requests if note in str(r)]


async def test_what_is_cancelled_in_time_never_leaves(tmp_path: Path) -> None:
    async with company(tmp_path, undo=timedelta(seconds=60)) as house:
        ann = await house.at_console("ann", available=True)
        await house.carrier.customer_sends(PHONE, NUMBER, "Hello")
        row = await accepted(ann, "Hello")
        message_id = await replied(ann, row, "A slip of the pen")
        await entry(ann, "A slip of the pen", "queued")
        await ann.ask("message.cancel", message_id=message_id)
        house.clock.ahead = timedelta(hours=1)
        await house.carrier.customer_sends(PHONE, NUMBER, "Are you there?")
        await entry(ann, "Are you there?")
        page = await ann.get(f"customers/{row['customer_id']}/timeline")
        assert "A slip of the pen" not in [item["text"] for item in page["items"]]
        assert [m for m in house.carrier.messages if m.direction != "inbound"] == []


async def test_a_picture_is_fetched_in_the_background_and_served(house: Company) -> None:
    ann = await house.at_console("ann", available=True)
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
    media = house.carrier.add_media("image/png", picture)
    assert (await house.carrier.customer_sends(PHONE, NUMBER, "Look", media=[media])).ok
    await accepted(ann, "Look")

    def fetched(state: Json) -> str | None:
        for page in state["timelines"].values():
            for item in page["items"]:
                for part in item["attachments"]:
                    if part["id"]:
                        return str(part["id"])
        return None

    content_id = await ann.until(fetched, "the picture")
    async with ann.http.get(f"/api/v1/attachments/{content_id}") as answer:
        assert answer.status == 200
        assert answer.content_type == "image/png"
        assert await answer.read() == picture


async def test_two_consoles_of_one_agent_and_one_of_another(house: Company) -> None:
    """Both of Ann's see the same; Ben sees nothing of what Ann was given; Sue sees all."""
    ann = await house.at_console("ann", available=True)
    twin = await house.at_console("ann")
    ben = await house.at_console("ben")
    sue = await house.at_console("sue")
    await house.carrier.customer_sends(PHONE, NUMBER, "Hello")
    row = await accepted(ann, "Hello")
    await twin.until(lambda state: row["id"] in state["interactions"], "the work")
    await twin.until(lambda state: not state["offers"], "the offer go")
    await replied(twin, row, "From the other screen")
    await entry(ann, "From the other screen", "delivered")
    await entry(twin, "From the other screen", "delivered")
    held = await sue.until(
        lambda state: state["interactions"].get(row["id"], {}).get("owner_id") == ann.me, "Ann's"
    )
    assert held
    await ben.until(lambda state: any(q["in_work"] for q in state["queues"].values()), "numbers")
    assert ben.state["interactions"] == ben.state["offers"] == ben.state["timelines"] == {}

"""Who looks at a conversation and who types there, as consoles are told."""

from __future__ import annotations

from tests.integration.console.served import Line, Served, begin
from tests.unit.console.furnished import configured
from tests.unit.console.house import House
from triggerhub.domain import events as e


async def test_those_who_look_at_one_conversation_see_each_other(served: Served) -> None:
    ana, sue = await served.signed_in("ana"), await served.signed_in("sue")
    async with ana.live() as hers, sue.live() as over:
        await begin(hers)
        await begin(over)
        await hers.say(type="viewing", conversation_id="co_1")
        await hers.until("viewers.changed")
        await over.say(type="watch", customer_id="cu_1")
        await over.say(type="viewing", conversation_id="co_1")
        await over.until("viewers.changed")
        await over.say(type="typing", conversation_id="co_1", typing=True)
        await over.until("viewers.changed")
        await hers.until("viewers.changed")
        data = (await hers.until("viewers.changed"))["data"]
        assert data["viewers"] == [
            {"agent_id": "user_ana", "typing": False},
            {"agent_id": "user_sue", "typing": True},
        ]
        await hers.say(type="viewing", conversation_id="co_2")
        assert (await hers.until("command.failed"))["data"]["problem"]["status"] == 404
        data = (await over.until("viewers.changed"))["data"]
        assert data["viewers"] == [{"agent_id": "user_sue", "typing": True}]


async def looking(line: Line, customer_id: str, conversation_id: str) -> None:
    await begin(line)
    await line.say(type="watch", customer_id=customer_id)
    await line.say(type="viewing", conversation_id=conversation_id)
    await line.until("viewers.changed")


async def hears_nothing_of(line: Line, other: Line, conversation_id: str) -> None:
    """`line` isn't told that `other` types there, nor `other` of `line`."""
    line.frames.clear()
    await other.say(type="typing", conversation_id=conversation_id, typing=True)
    told = (await other.until("viewers.changed"))["data"]["viewers"]
    assert told == [{"agent_id": "user_sue", "typing": True}]
    await line.say(type="command", id="c1", name="status.clear", data={})
    await line.until("command.done")
    assert "viewers.changed" not in {frame["type"] for frame in line.frames}


async def test_who_looks_is_hidden_from_whom_the_work_has_left(
    served: Served, house: House
) -> None:
    bo, sue = await served.signed_in("bo"), await served.signed_in("sue")
    async with bo.live() as his, sue.live() as over:
        await looking(his, "cu_2", "co_2")
        await looking(over, "cu_2", "co_2")
        await his.until("viewers.changed")
        at = house.clock.now()
        house.append(
            e.InteractionQueued(
                interaction_id="in_2", queue_id="qu_sales", enqueued_at=at, first_enqueued_at=at,
                reason="transfer",
            )
        )  # fmt: skip
        await over.until("interaction.changed")
        await hears_nothing_of(his, over, "co_2")


async def test_who_looks_is_hidden_from_who_has_lost_the_right(
    served: Served, house: House
) -> None:
    bo, sue = await served.signed_in("bo"), await served.signed_in("sue")
    async with bo.live() as his, sue.live() as over:
        await looking(over, "cu_2", "co_2")
        await looking(his, "cu_2", "co_2")
        await over.until("viewers.changed")
        house.append(configured("user_bo", "agent", ("qu_sales",)))
        await his.until("snapshot")
        assert (await over.until("viewers.changed"))["data"]["viewers"] == [
            {"agent_id": "user_sue", "typing": False}
        ]
        await hears_nothing_of(his, over, "co_2")

"""Every message of the feed × role × foreign queue. A kind that isn't here fails the test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import get_args

import pytest

from agent_console.live.frames import Kind
from agent_console.live.messages import Message
from tests.integration.console.served import Line, Served
from tests.unit.console import scenes
from tests.unit.console.furnished import configured
from tests.unit.console.house import House
from triggerhub.domain import events as e

Lines = Mapping[str, Line]
Act = Callable[[House, Lines], Awaitable[None]]
# ana holds cu_1 in qu_sales; cu_2 waits in qu_support, which bo serves.
WHO = ("ana", "bo", "sue", "ada")
BOARD = {"sue", "ada"}
EVERYBODY = set(WHO)
MARK = "settled"


def appended(*facts: e.Fact) -> Act:
    async def act(house: House, lines: Lines) -> None:
        house.append(*facts)

    return act


async def offer_to_bo(house: House, lines: Lines) -> None:
    house.append(scenes.offered(house, "2", "of_2", "user_bo"))


async def take_it_back(house: House, lines: Lines) -> None:
    await offer_to_bo(house, lines)
    house.append(e.OfferDeclined(offer_id="of_2", interaction_id="in_2", agent_id="user_bo"))


async def another_waits(house: House, lines: Lines) -> None:
    house.append(*scenes.new_work(house, "3", "cu_3", "qu_support"))


async def used(house: House, lines: Lines) -> None:
    [row] = house.account_rows.values()
    row["last_in_at"] = row["last_out_at"] = "2026-11-20T09:00:00.000Z"
    house.append(e.AttentionClosed(attention_id="at_none", how="dismissed"))


async def look(house: House, lines: Lines) -> None:
    await lines["ana"].say(type="viewing", conversation_id="co_1")


async def list_customers(house: House, lines: Lines) -> None:
    await lines["ana"].say(type="listing", listing=True)
    await settled([lines["ana"]])
    await another_waits(house, lines)


async def ask(house: House, lines: Lines) -> None:
    await lines["ana"].say(type="command", id="c1", name="status.clear", data={})


async def ask_in_vain(house: House, lines: Lines) -> None:
    await lines["ana"].say(
        type="command", id="c1", name="offer.accept", data={"offer_id": "of_none"}
    )


PROMOTED = configured("user_ana", "agent", ("qu_sales", "qu_support"))
GOING = appended(configured("user_bo", "agent", (), disabled=True))
NAMED = e.CustomerUpdated(customer_id="cu_1", profile_content="ct_p")
BREAK = e.PresenceChanged(agent_id="user_bo", presence="break", next_presence=None)
SEEN = e.InteractionSeen(interaction_id="in_1", up_to=1)
RAISED = e.AttentionRaised(
    attention_id="at_1", kind="returned", reason="", interaction_id=None, message_id=None
)

# What brings it about, and who hears it.
FRAMES: dict[Kind, tuple[Act, set[str]]] = {
    "snapshot": (appended(PROMOTED), {"ana"}),
    "agent.changed": (appended(BREAK), {"bo", *BOARD}),
    "agent.removed": (GOING, EVERYBODY - {"bo"}),
    "queue.changed": (another_waits, {"bo", *BOARD}),
    "queue.removed": (appended(e.QueueRemoved(queue_id="qu_support")), EVERYBODY),
    "interaction.changed": (appended(SEEN), {"ana", *BOARD}),
    "interaction.removed": (appended(*scenes.closed("1", "user_ana")), {"ana", *BOARD}),
    "offer.changed": (offer_to_bo, {"bo", *BOARD}),
    "offer.removed": (take_it_back, {"bo", *BOARD}),
    "account.changed": (used, BOARD),
    "entry.changed": (appended(scenes.note("1", "no_1", "cu_1")), {"ana"}),
    "card.changed": (appended(NAMED), {"ana"}),
    "customers.changed": (list_customers, {"ana"}),
    "attention.changed": (appended(RAISED), BOARD),
    "viewers.changed": (look, {"ana"}),
    "command.done": (ask, {"ana"}),
    "command.failed": (ask_in_vain, {"ana"}),
}
# Of a console's own coming and going: nobody else's doing brings them.
OWN: set[Kind] = {"resumed", "bye"}


def test_no_frame_is_forgotten() -> None:
    assert set(get_args(Kind)) == FRAMES.keys() | OWN


@pytest.mark.parametrize("kind", FRAMES)
async def test_a_frame_is_for_those_within_reach(served: Served, house: House, kind: Kind) -> None:
    act, hearing = FRAMES[kind]
    async with AsyncExitStack() as stack:
        lines = {
            login: await stack.enter_async_context((await served.signed_in(login)).live())
            for login in WHO
        }
        for login, line in lines.items():
            await line.until("attention.changed" if login in BOARD else "account.changed")
        await settled(lines.values())
        for line in lines.values():
            line.frames.clear()
        await act(house, lines)
        for login in hearing:
            await lines[login].until(kind)
        others = {login: line for login, line in lines.items() if login not in hearing}
        if act is GOING:
            assert await others["bo"].end() == 1008
        else:
            await settled(others.values())
        for login, line in others.items():
            heard = {frame["type"] for frame in line.frames if frame["data"].get("id") != MARK}
            assert kind not in heard, login


async def settled(lines: Iterable[Line]) -> None:
    """What was said before has come."""
    for line in lines:
        await line.say(type="command", id=MARK, name="status.clear", data={})
        await line.until("command.done")


def test_no_message_is_forgotten() -> None:
    """Commands are walked by the desk's own tests, what a greeting opens by `snapshot`."""
    named = {get_args(each.model_fields["type"].annotation)[0] for each in get_args(Message)}
    assert named == {"hello", "command", "watch", "unwatch", "listing", "viewing", "typing"}


@pytest.mark.parametrize("login", WHO)
async def test_a_message_opens_only_what_is_within_reach(served: Served, login: str) -> None:
    within = login != "bo"
    ana, other = await served.signed_in("ana"), await served.signed_in(login)
    async with ana.live() as hers, other.live() as line:
        await hers.until("snapshot")
        await hers.say(type="viewing", conversation_id="co_1")
        await hers.until("viewers.changed")
        await line.until("snapshot")
        for message, opened in (
            ({"type": "watch", "customer_id": "cu_1"}, "card.changed"),
            ({"type": "viewing", "conversation_id": "co_1"}, "viewers.changed"),
        ):
            await line.say(**message)
            answer = await line.until(opened if within else "command.failed")
            assert within or answer["data"]["problem"]["status"] == 404
        await line.say(type="typing", conversation_id="co_1", typing=True)
        await line.say(type="unwatch", customer_id="cu_1")
        await settled([line])
        hers.frames.clear()
        await settled([hers])
        assert ("viewers.changed" in {frame["type"] for frame in hers.frames}) == within

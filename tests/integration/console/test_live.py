from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest
from aiohttp import WSServerHandshakeError

from agent_console.api.shapes.live import Snapshot
from tests.integration.console.served import Line, Served, eventually
from tests.unit.console import scenes
from tests.unit.console.furnished import configured
from tests.unit.console.house import House
from triggerhub.domain import events as e
from triggerhub.domain.commands import Command
from triggerhub.domain.permissions import Actor
from triggerhub.domain.ports import Json

BREAK = {"presence": "break"}


async def begin(line: Line) -> tuple[int, Json]:
    frame = await line.until("snapshot")
    return frame["seq"], frame["data"]


async def test_the_snapshot_has_the_contracts_shape(served: Served, house: House) -> None:
    house.append(scenes.offered(house, "2", "of_2", "user_ana"))
    ana = await served.signed_in("ana")
    async with ana.live() as line:
        seq, snapshot = await begin(line)
    found = Snapshot.model_validate(snapshot)
    assert found.offers["of_2"].card is not None
    assert found.offers["of_2"].timeline is not None
    assert seq == len(house.log)
    assert snapshot["epoch"] == "ep_1"


async def test_an_offer_comes_whole_and_goes_with_its_reason(served: Served, house: House) -> None:
    ana, bo, sue = [await served.signed_in(name) for name in ("ana", "bo", "sue")]
    async with ana.live() as hers, bo.live() as his, sue.live() as over:
        for line in (hers, his, over):
            await begin(line)
        house.append(scenes.offered(house, "2", "of_2", "user_ana"))
        offer = (await hers.until("offer.changed"))["data"]
        assert offer["card"]["customer"]["id"] == "cu_2"
        assert [entry["id"] for entry in offer["timeline"]["items"]] == ["me_2"]
        slim = (await over.until("offer.changed"))["data"]
        assert "card" not in slim
        assert slim["interaction"]["id"] == "in_2"
        house.append(e.OfferTimedOut(offer_id="of_2", interaction_id="in_2", agent_id="user_ana"))
        for line in (hers, over):
            gone = await line.until("offer.removed")
            assert gone["data"] == {"id": "of_2", "reason": "timed_out"}
        assert (await hers.until("interaction.removed"))["data"] == {"id": "in_2"}
        house.append(e.PresenceChanged(agent_id="user_bo", presence="break", next_presence=None))
        await his.until("agent.changed")
        assert not any(frame["type"].startswith(("offer", "inter")) for frame in his.frames)


async def test_who_shows_the_list_of_customers_hears_when_to_read_it_again(
    served: Served, house: House
) -> None:
    ana, bo = await served.signed_in("ana"), await served.signed_in("bo")
    async with ana.live() as hers, bo.live() as his:
        for line in (hers, his):
            await begin(line)
        await his.say(type="listing", listing=True)
        await his.say(type="command", id="c1", name="status.clear", data={})
        await his.until("command.done")
        house.append(scenes.resolved("mx_1", "1", "cu_1"))  # which is none of his
        assert (await his.until("customers.changed"))["data"] == {}
        assert "entry.changed" not in [frame["type"] for frame in his.frames]
        await his.say(type="listing", listing=False)
        await his.say(type="command", id="c2", name="status.clear", data={})
        await his.until("command.done")
        told = len(his.frames)
        house.append(scenes.resolved("mx_2", "1", "cu_1"))
        while (await hers.until("entry.changed"))["data"]["entry"]["id"] != "mx_2":
            pass
        await his.say(type="command", id="c3", name="status.clear", data={})
        await his.until("command.done")
        for line, of in ((hers, hers.frames), (his, his.frames[told:])):
            assert "customers.changed" not in [frame["type"] for frame in of], line


async def test_a_command_is_answered_after_its_frames(served: Served, house: House) -> None:
    ana = await served.signed_in("ana")
    async with ana.live() as line:
        seq, _ = await begin(line)
        for _ in range(2):
            await line.say(
                type="command", id="c1", name="presence.set", data={"presence": "available"}
            )
            done = await line.until("command.done")
            assert done["data"] == {"id": "c1", "result": {"number": 1}}
            assert done["seq"] > seq
        assert "agent.changed" in [frame["type"] for frame in line.frames]
        assert len([x for x in house.executed if x[1].NAME == "presence.set"]) == 1
        for name, data, code in (
            ("no.such", {}, "unknown_command"),
            ("presence.set", {}, "missing_field"),
            ("offer.accept", {"offer_id": "of_none"}, "not_found"),
        ):
            await line.say(type="command", id="c2", name=name, data=data)
            failed = await line.until("command.failed")
            assert failed["data"]["id"] == "c2"
            assert failed["data"]["problem"]["code"] == code


async def test_a_bug_in_a_command_does_not_end_the_feed(
    served: Served, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> Json:
        raise ValueError("secret of the house")

    monkeypatch.setattr(house, "execute", broken)
    ana = await served.signed_in("ana")
    async with ana.live() as line:
        await begin(line)
        await line.say(type="command", id="c1", name="status.clear", data={})
        failed = await line.until("command.failed")
        assert failed["data"]["problem"]["code"] == "internal"
        assert "secret" not in orjson.dumps(failed).decode()
        await line.say(type="watch", customer_id="cu_1")
        await line.until("card.changed")


async def test_coming_back_fills_the_gap_without_a_snapshot(served: Served, house: House) -> None:
    ana = await served.signed_in("ana")
    async with ana.live() as line:
        seq, _ = await begin(line)
    house.append(scenes.resolved("me_late", "1", "cu_1"))
    house.append(scenes.offered(house, "2", "of_2", "user_ana"))
    async with ana.live(after=seq, epoch="ep_1") as line:
        await line.until("resumed")
        await line.until("entry.changed")
        assert line.frames[0] == {"seq": seq, "type": "resumed", "data": {"epoch": "ep_1"}}
        kinds = {frame["type"] for frame in line.frames}
        assert kinds >= {"interaction.changed", "offer.changed", "card.changed"}
        entry = line.frames[-1]["data"]
        assert (entry["entry"]["id"], entry["customer_ids"]) == ("me_late", ["cu_1"])


async def test_who_watched_hears_of_work_that_was_closed_meanwhile(
    served: Served, house: House
) -> None:
    house.append(scenes.offered(house, "2", "of_2", "user_ana"))
    house.append(*scenes.accepted("2", "of_2", "user_ana", "qu_support"))
    sue = await served.signed_in("sue")
    async with sue.live() as line:
        seq, _ = await begin(line)
    house.append(*scenes.closed("2", "user_ana"))
    async with sue.live(after=seq, epoch="ep_1", watch=["cu_2"]) as line:
        await line.until("resumed")
        card = await line.until("card.changed")
        assert card["data"]["customer_id"] == "cu_2"


@pytest.mark.parametrize(("after", "epoch"), [(1, "ep_other"), (10**9, "ep_1"), (1, None)])
async def test_what_cannot_be_resumed_begins_anew(
    served: Served, after: int, epoch: str | None
) -> None:
    ana = await served.signed_in("ana")
    async with ana.live(after=after, epoch=epoch) as line:
        await begin(line)
        assert [frame["type"] for frame in line.frames] == ["snapshot"]


async def test_watching_needs_the_right_and_ends_with_it(served: Served, house: House) -> None:
    bo = await served.signed_in("bo")
    async with bo.live() as line:
        await begin(line)
        await line.say(type="watch", customer_id="cu_1")
        failed = await line.until("command.failed")
        assert (failed["data"]["id"], failed["data"]["problem"]["status"]) == (None, 404)
        await line.say(type="watch", customer_id="cu_2")
        await line.until("card.changed")
        house.append(scenes.note("2", "no_1", "cu_2"))
        assert (await line.until("entry.changed"))["data"]["entry"]["id"] == "no_1"
        house.append(*scenes.transferred(house, "2", "user_bo", "qu_sales"))
        house.append(scenes.note("2", "no_2", "cu_2"))
        house.append(e.AgentConnected(agent_id="user_bo"))
        await line.until("agent.changed")
        entries = [x["data"]["entry"]["id"] for x in line.frames if x["type"] == "entry.changed"]
        assert "no_2" not in entries


async def test_new_rights_bring_a_new_snapshot(served: Served, house: House) -> None:
    bo = await served.signed_in("bo")
    async with bo.live() as line:
        _, snapshot = await begin(line)
        assert set(snapshot["queues"]) == {"qu_support"}
        house.append(configured("user_bo", "agent", ("qu_sales",)))
        _, snapshot = await begin(line)
        assert set(snapshot["queues"]) == {"qu_sales"}
        assert snapshot["me"]["queue_ids"] == ["qu_sales"]
        house.append(configured("user_bo", "agent", (), disabled=True))
        assert (await line.until("bye"))["data"]["reason"] == "session"
        assert await line.end() == 1008


async def test_signing_out_closes_the_feed(served: Served) -> None:
    ana = await served.signed_in("ana")
    async with ana.live() as line:
        await begin(line)
        async with ana.call("DELETE", "session"):
            assert (await line.until("bye"))["data"]["reason"] == "session"
        await line.end()


async def test_a_new_password_ends_the_feeds_of_the_old_one(served: Served, house: House) -> None:
    ana, bo = await served.signed_in("ana"), await served.signed_in("bo")
    async with ana.live() as hers, bo.live() as his:
        await begin(hers)
        await begin(his)
        for key, (user_id, _, _) in list(house.keys.sessions.items()):
            if user_id == "user_ana":
                await house.keys.drop_session(key)
        house.append(e.UserPasswordSet(user_id="user_ana", hash_content="ct_h"))
        assert (await hers.until("bye"))["data"]["reason"] == "session"
        await his.say(type="command", id="c1", name="status.clear", data={})
        await his.until("command.done")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", 1007),
        ("[1]", 1007),
        ('{"type":"dance"}', 1008),
        ('{"no":"type"}', 1008),
        ('{"type":"watch"}', 1008),
        ('{"type":"watch","customer_id":7}', 1008),
        ('{"type":"hello","csrf":""}', 1008),
        ('{"type":"command","id":"","name":"x"}', 1008),
        ("x" * (256 * 1024 + 1), 1009),
    ],
)
async def test_malformed_messages_end_the_line_and_nothing_else(
    served: Served, message: str, code: int
) -> None:
    ana = await served.signed_in("ana")
    async with ana.live() as line:
        await begin(line)
        await line.socket.send_str(message)
        assert await line.end() == code
    async with ana.live() as line:
        await begin(line)
    await eventually(lambda: not served.server.hub.viewers)


async def test_bytes_are_no_message(served: Served) -> None:
    ana = await served.signed_in("ana")
    async with ana.live() as line:
        await begin(line)
        await line.socket.send_bytes(b"{}")
        assert await line.end() == 1003


async def test_a_flood_ends_the_line(served: Served) -> None:
    ana = await served.signed_in("ana")
    async with ana.live() as line:
        await begin(line)
        for _ in range(300):
            await line.say(type="typing", conversation_id="co_1", typing=True)
        assert await line.end() == 1008


async def test_a_strange_page_has_no_feed(served: Served) -> None:
    ana = await served.signed_in("ana")
    with pytest.raises(WSServerHandshakeError) as caught:
        async with ana.live(origin="https://evil.example"):
            pass
    assert caught.value.status == 403
    ana.csrf = "wrong"
    async with ana.live() as line:
        assert await line.end() == 1008


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


async def test_the_first_and_the_last_console_are_told(served: Served, house: House) -> None:
    ana = await served.signed_in("ana")
    async with ana.live() as one:
        await begin(one)
        async with ana.live() as two:
            await begin(two)
    await eventually(lambda: len(house.presence_calls) == 2)
    assert house.presence_calls == [("connected", "user_ana"), ("disconnected", "user_ana")]


async def test_a_drain_says_goodbye_and_ends_what_waits(served: Served, house: House) -> None:
    ana = await served.signed_in("ana")
    reader = served.token("token-integration")
    poll = asyncio.create_task(reader.get(f"events?after={len(house.log)}&wait=60"))
    async with ana.live() as line:
        await begin(line)
        drained = asyncio.create_task(served.server.drain())
        bye = await line.until("bye")
        assert bye["data"]["reason"] == "shutdown"
        assert bye["data"]["retry_after_ms"] > 0
        assert await line.end() == 1001
        await drained
    async with asyncio.timeout(5):
        assert (await poll)["events"] == []
    assert ("disconnected", "user_ana") not in house.presence_calls


async def test_a_command_under_way_is_answered_before_the_goodbye(
    served: Served, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, execute = asyncio.Event(), asyncio.Event(), house.execute

    async def slow(actor: Actor, command: Command, *, key: str | None = None) -> Json:
        begun.set()
        await go_on.wait()
        return await execute(actor, command, key=key)

    monkeypatch.setattr(house, "execute", slow)
    ana, sue = await served.signed_in("ana"), await served.signed_in("sue")
    async with ana.live() as hers, sue.live() as over:
        for line in (hers, over):
            await begin(line)
        for number in ("c1", "c2"):
            await hers.say(type="command", id=number, name="presence.set", data=BREAK)
        await begun.wait()
        drained = asyncio.create_task(served.server.drain())
        await over.until("bye")
        go_on.set()
        await hers.until("bye")
        assert await hers.end() == 1001
        await drained
    said = [frame["type"] for frame in hers.frames if frame["type"] in ("command.done", "bye")]
    assert said == ["command.done", "bye"]
    assert [key for _, _, key in house.executed] == ["c1"], "c2 is asked for again"


async def test_no_command_is_taken_once_the_session_is_over(served: Served, house: House) -> None:
    """It was signed out on another node, which nobody has told."""
    ana = await served.signed_in("ana")
    async with ana.live() as line:
        await begin(line)
        house.keys.sessions.clear()
        await line.say(type="command", id="c1", name="presence.set", data=BREAK)
        failed = await line.until("command.failed")
        assert (failed["data"]["id"], failed["data"]["problem"]["status"]) == ("c1", 401)
        assert (await line.until("bye"))["data"]["reason"] == "session"
        assert await line.end() == 1008
    assert house.executed == []


async def test_a_feed_ends_when_its_session_expires(served: Served, house: House) -> None:
    ana = await served.signed_in("ana")
    ((session, (user_id, csrf, _)),) = house.keys.sessions.items()

    def expires_in(left: timedelta) -> None:
        house.keys.sessions[session] = (user_id, csrf, house.clock.now() + left)

    expires_in(timedelta(milliseconds=20))
    async with ana.live() as line:
        await begin(line)
        await line.say(type="command", id="c1", name="presence.set", data=BREAK)
        await line.until("command.done")
        house.clock.advance(timedelta(milliseconds=20))
        assert (await line.until("bye"))["data"]["reason"] == "session"


async def test_who_falls_behind_is_sent_away_and_catches_up(served: Served, house: House) -> None:
    ana, sue = await served.signed_in("ana"), await served.signed_in("sue")
    async with ana.live() as hers:
        await begin(hers)
        async with sue.live() as line:
            seq, _ = await begin(line)
            many = [scenes.new_work(house, str(n), "cu_2", "qu_support") for n in range(100, 1_200)]
            house.append(*(fact for facts in many for fact in (facts[2], facts[4])))
            bye = await line.until("bye")
            assert bye["data"]["reason"] == "slow"
            assert await line.end() == 1013
            seq = max(seq, *(frame["seq"] for frame in line.frames))
        house.append(e.PresenceChanged(agent_id="user_ana", presence="break", next_presence=None))
        assert (await hers.until("agent.changed"))["data"]["presence"] == "break"
    async with sue.live(after=seq, epoch="ep_1") as line:
        await line.until("resumed")
        caught_up = [await line.until("interaction.changed") for _ in range(1_100)]
        assert caught_up[-1]["data"]["state"] == "queued"

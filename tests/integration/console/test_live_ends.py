"""What ends a console's line, and how it is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.integration.console.served import Served, begin, eventually
from tests.unit.console import scenes
from tests.unit.console.house import House
from triggerhub.domain import events as e
from triggerhub.domain.commands import Command
from triggerhub.domain.permissions import Actor
from triggerhub.domain.ports import Json

BREAK = {"presence": "break"}


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

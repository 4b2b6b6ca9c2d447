from __future__ import annotations

import orjson
import pytest
from aiohttp import WSServerHandshakeError

from agent_console.api.shapes.live import Snapshot
from tests.integration.console.served import Served, begin, eventually
from tests.unit.console import scenes
from tests.unit.console.furnished import configured
from tests.unit.console.house import House
from triggerhub.domain import events as e
from triggerhub.domain.ports import Json


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


async def test_a_strange_page_has_no_feed(served: Served) -> None:
    ana = await served.signed_in("ana")
    with pytest.raises(WSServerHandshakeError) as caught:
        async with ana.live(origin="https://evil.example"):
            pass
    assert caught.value.status == 403
    ana.csrf = "wrong"
    async with ana.live() as line:
        assert await line.end() == 1008


async def test_the_first_and_the_last_console_are_told(served: Served, house: House) -> None:
    ana = await served.signed_in("ana")
    async with ana.live() as one:
        await begin(one)
        async with ana.live() as two:
            await begin(two)
    await eventually(lambda: len(house.presence_calls) == 2)
    assert house.presence_calls == [("connected", "user_ana"), ("disconnected", "user_ana")]

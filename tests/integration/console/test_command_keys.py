"""The longest key that the contract allows is one that the desk takes, by either way in."""

from __future__ import annotations

from tests.integration.console.served import Served
from tests.unit.console.house import House

LONGEST = "k" * 200


async def test_on_the_feed(served: Served, house: House) -> None:
    ana = await served.signed_in("ana")
    async with ana.live() as line:
        await line.until("snapshot")
        for _ in range(2):
            await line.say(
                type="command", id=LONGEST, name="presence.set", data={"presence": "available"}
            )
            done = await line.until("command.done")
            assert done["data"] == {"id": LONGEST, "result": {"number": 1}}
    assert len(house.executed) == 1


async def test_by_http(served: Served, house: House) -> None:
    for who in ("ana", "bo"):
        signed_in = await served.signed_in(who)
        for _ in range(2):
            async with signed_in.call(
                "POST", "commands/presence.set", headers={"Idempotency-Key": LONGEST},
                presence="available",
            ) as answer:  # fmt: skip
                assert answer.status == 200
    assert [actor for actor, _command, _key in house.executed] == ["user_ana", "user_bo"]

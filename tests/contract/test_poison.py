"""What one engine refuses and another takes must not depend on the engine, nor stop the log."""

from __future__ import annotations

from tests.contract.houses import House
from tests.unit.router.world import world_on
from triggerhub.domain import events as ev


async def test_a_nul_in_a_message(house: House) -> None:
    async with world_on(house) as world:
        await world.sms("+15550101", "a\0b", name="\0Ann", subject="s\0")
        await world.sms("+15550102")
        await world.settle()
        assert len(await world.log(ev.MessageResolved)) == 2
        rows = await world.views.rows({"interactions": [r.id for r in await world.open()]})
        assert {row["preview"] for row in rows["interactions"].values()} == {"ab", "Hello"}

"""What is pruned is what nobody will ask for again, and nothing else."""

from __future__ import annotations

import os
from datetime import timedelta

from storage.pruning import prune
from tests.contract.houses import House, sms
from tests.unit.router.world import world_on


async def test_only_what_nobody_asks_for_goes(house: House) -> None:
    async with world_on(house) as world:
        await world.store.write(lambda tx: tx.remember("old", {"a": 1}))
        small = await world.views.put_upload("a.txt", "text/plain", b"small", "user_boss")
        large = await world.views.put_upload("b.txt", "text/plain", b"x" * 99_999, "user_boss")
        kept = await world.views.put_upload("c.txt", "text/plain", b"y" * 99_999, "user_boss")
        await world.store.write(
            lambda tx: tx.connection.run(
                "INSERT INTO attachments (content_id, entry_id) VALUES (:id, 'msg_1')",
                {"id": kept["id"]},
            )
        )
        await world.store.accept(sms(1, body=b"z" * 99_999))
        orphan = world.store.kit.files.write("raw_nobodys", b"failed")
        for path in (house.folder / "content").rglob("raw_*"):
            os.utime(path, (1, 1))
        assert await prune(world.store) == 1
        assert not (house.folder / "content" / orphan).exists()
        world.clock.advance(timedelta(days=8))
        await world.store.write(lambda tx: tx.remember("new", {"a": 1}))
        assert await prune(world.store) == 3
        assert await world.views.content(small["id"]) is None
        assert await world.views.content(large["id"]) is None
        assert await world.views.content(kept["id"]) is not None
        assert await world.store.read(lambda r: r.remembered("old")) is None
        assert await world.store.read(lambda r: r.remembered("new")) == {"a": 1}
        assert len([p for p in (house.folder / "content").rglob("*") if p.is_file()]) == 2

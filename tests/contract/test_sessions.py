"""A session is good for as long as the password it was opened with."""

from __future__ import annotations

from datetime import timedelta

from storage.transaction import Transaction
from tests.contract.houses import House
from tests.unit.router.world import World, world_on
from triggerhub.domain import events as ev


async def password(world: World, user_id: str, value: str) -> None:
    def work(tx: Transaction) -> None:
        content = tx.put_json("hash", {"hash": value})
        tx.append(ev.UserPasswordSet(user_id=user_id, hash_content=content), actor="test")

    await world.store.write(work)


async def test_a_new_password_ends_the_users_sessions_and_nobody_elses(house: House) -> None:
    async with world_on(house) as world:
        [ann, bob] = await world.hire("ann", "bob")
        for agent in (ann, bob):
            await password(world, agent.id, "one")
        until = world.clock.now() + timedelta(hours=1)
        for agent in (ann, bob):
            await world.views.put_session(f"hash-{agent.id}", agent.id, "csrf", until)
        now = world.clock.now()
        assert await world.views.session(f"hash-{ann.id}", now) is not None
        await password(world, ann.id, "two")
        assert await world.views.session(f"hash-{ann.id}", now) is None
        assert await world.views.session(f"hash-{bob.id}", now) is not None

"""Who is with which node is known on every engine: nobody is taken for gone with another's node."""

from __future__ import annotations

from datetime import timedelta

from router.presences import LEASE, RouterPresences
from storage.pruning import NODES, prune
from tests.contract.houses import House
from tests.unit.router.world import world_on
from triggerhub.domain import events as ev


async def test_only_those_of_the_node_that_died_are_gone(house: House) -> None:
    async with world_on(house) as world, house.store() as elsewhere:
        await world.hire("ann", "bob", "eve", available=False)
        first, second = (
            RouterPresences(store, store, clock=house.clock, node=name)
            for name, store in (("a", world.store), ("b", elsewhere))
        )
        for agent_id in ("user_ann", "user_eve"):
            await first.connected(agent_id)
        for agent_id in ("user_bob", "user_eve"):
            await second.connected(agent_id)
        house.clock.advance(LEASE)
        await second._look()
        [gone] = await world.log(ev.AgentDisconnected)
        assert gone.agent_id == "user_ann"
        await elsewhere.run(second.take_stock)
        assert len(await world.log(ev.AgentDisconnected)) == 1
        rows = await elsewhere.read(lambda reading: reading.consoles())
        assert [(row.agent_id, row.node) for row in rows] == [("user_bob", "b"), ("user_eve", "b")]
        assert {row.until for row in rows} == {house.clock.now() + LEASE}


async def test_the_names_of_nodes_that_are_no_more_go(house: House) -> None:
    async with world_on(house) as world:
        node = RouterPresences(world.store, world.store, clock=house.clock, node="a")
        await node.connected("user_boss")
        await world.leader.take()
        house.clock.advance(NODES)
        assert await prune(world.store) == 0
        house.clock.advance(LEASE + timedelta(seconds=1))
        assert await prune(world.store) == 1
        assert await world.store.read(lambda reading: reading.lease("router")) is not None

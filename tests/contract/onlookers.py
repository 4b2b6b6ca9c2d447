"""People at open consoles over a real store: what their frames have told them, and what is due.

An onlooker keeps what the console keeps (`agent_console/web/src/live`): the folded frames, and the
cards and first pages of the customers who are open before them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta

import orjson

from agent_console.live.hub import LiveHub
from agent_console.live.scope import is_holder, reads_customer, slim_offer, trimmed
from agent_console.live.viewer import Viewer
from agent_console.wire import encode
from tests.unit.console.reducer import empty, reduce
from tests.unit.console.screen import KINDS
from tests.unit.router.world import World
from triggerhub.domain.permissions import Actor
from triggerhub.domain.ports import Json, Views

PATIENCE = 5.0  # seconds that frames which are due may take


class Onlooker:
    """`curious`: opens every customer within reach; others have what work brings them."""

    def __init__(
        self, views: Views, hub: LiveHub, user_id: str, name: str, *, curious: bool
    ) -> None:
        self.user_id = user_id
        self.name = name
        self.curious = curious
        self.state: Json = empty()
        self.told = asyncio.Event()
        self._views = views
        self._hub = hub
        self._open: set[str] = set()
        self._heard: set[str] = set()
        self._reach: set[str] = set()
        self._viewer: Viewer | None = None
        self._task: asyncio.Task[None] | None = None

    async def come(self) -> None:
        """With what was seen last, as a console comes back."""
        actor = await self._actor()
        if actor is None:
            return
        self._viewer = Viewer(actor)
        self._task = asyncio.create_task(self._take(self._viewer))
        position = self.state["seq"], self.state["epoch"], sorted(self._open)
        await self._hub.join(self._viewer, *position)

    async def go(self) -> None:
        if self._viewer is None or self._task is None:
            return
        self._hub.leave(self._viewer)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._viewer = None

    async def catch_up(self, customer_ids: Iterable[str]) -> None:
        """Fails unless the frames so far make what a new snapshot and new reads would say."""
        if (viewer := self._viewer) is None:
            return
        if viewer.refresh.is_set():
            # As the socket does for whoever has to be recognised again.
            viewer.refresh.clear()
            actor = await self._actor()
            if actor is None:
                await self.go()
                return
            await self._hub.join_again(viewer, actor)
        reach = {
            each for each in customer_ids if await reads_customer(self._views, viewer.actor, each)
        }
        self._open &= reach
        assert viewer.watching.keys() == self._open, self.name
        due, followed = await self._due(viewer.actor)
        try:
            async with asyncio.timeout(PATIENCE):
                while self._lacks(due) or viewer.fresh:
                    assert self._task is not None
                    assert not self._task.done(), self._task.exception()
                    self.told.clear()
                    await self.told.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} lacks {self._lacks(due)}") from None
        assert self._heard <= self._reach | reach, f"{self.name} was told of others' customers"
        self._heard.clear()
        self._reach = reach
        self._keep(followed)
        if self.curious:
            for customer_id in reach - self._open:
                await self._hub.watches.watch(viewer, customer_id)
                self._open.add(customer_id)
        for customer_id in (followed | self._open) - self.state["timelines"].keys():
            self._put(await self._read(viewer.actor, {customer_id}))

    async def _actor(self) -> Actor | None:
        """None: they can't sign in any more."""
        me = await self._views.me(self.user_id)
        known = await self._views.rows({"agents": [self.user_id]})
        if self.user_id not in known["agents"]:
            return None
        return Actor(id=self.user_id, role=me["role"], queue_ids=frozenset(me["queue_ids"]))

    async def _take(self, viewer: Viewer) -> None:
        while True:
            frames, bye = await viewer.take()
            for frame in map(orjson.loads, frames):
                if frame["type"] == "snapshot":
                    # The console reads what is open again; the rest when it is opened.
                    self.state = self.state | {"cards": {}, "timelines": {}}
                if frame["type"] in ("card.changed", "entry.changed"):
                    about = frame["data"].get("entry", frame["data"])
                    self._heard.add(about["customer_id"])
                self.state = reduce(self.state, frame)
            self.told.set()
            assert bye is None, bye

    def _lacks(self, due: Json) -> Json:
        """What is held otherwise than it is due: by kind and id, (held, due)."""
        held = {kind: self.state[kind] for kind in KINDS}
        held["offers"] = {key: slim_offer(row) for key, row in held["offers"].items()}
        found: Json = {}
        if self.state["presences"] != due["presences"]:
            found["presences"] = self.state["presences"], due["presences"]
        for kind in KINDS:
            for key in held[kind].keys() | due[kind].keys():
                pair = held[kind].get(key), due[kind].get(key)
                if pair[0] != pair[1]:
                    found[f"{kind} {key}"] = pair
        for kind in ("cards", "timelines"):
            for key in due[kind].keys() & self.state[kind].keys():
                pair = self.state[kind][key], due[kind][key]
                if kind == "timelines":
                    # What was taken back is held, and not shown.
                    kept = [each for each in pair[0]["items"] if each["state"] != "cancelled"]
                    pair = kept, pair[1]["items"]
                if pair[0] != pair[1]:
                    found[f"{kind} {key}"] = pair
        return found

    async def _due(self, actor: Actor) -> tuple[Json, set[str]]:
        """(a new snapshot with the cards and pages of those who are followed, who they are)."""
        _, snapshot = await self._views.snapshot(actor)
        fresh = trimmed(actor, snapshot)
        offered = {row["interaction_id"]: row["agent_id"] for row in fresh["offers"].values()}
        followed = self._open.union(
            *(
                filter(None, (row["customer_id"], row["likely_customer_id"]))
                for row in fresh["interactions"].values()
                if is_holder(row, actor.id, offered.get(row["id"]))
            )
        )
        fresh["offers"] = {key: slim_offer(row) for key, row in fresh["offers"].items()}
        return orjson.loads(encode(fresh | await self._read(actor, followed))), followed

    async def _read(self, actor: Actor, customer_ids: Iterable[str]) -> Json:
        """As the API answers."""
        cards: Json = {}
        pages: Json = {}
        for customer_id in customer_ids:
            card = await self._views.card(customer_id)
            assert card is not None
            also = card["likely"]["customer_id"] if card["likely"] else None
            if also is not None and not await reads_customer(self._views, actor, also):
                also = None
            page = await self._views.timeline(customer_id, before=None, limit=50, also=also)
            cards[customer_id], pages[customer_id] = card, page | {"stale": False}
        plain: Json = orjson.loads(encode({"cards": cards, "timelines": pages}))
        return plain

    def _put(self, read: Json) -> None:
        self.state = self.state | {kind: self.state[kind] | rows for kind, rows in read.items()}

    def _keep(self, customer_ids: set[str]) -> None:
        """The card and page of nobody else, whom no frame tells of any more."""
        self.state = self.state | {
            kind: {key: held for key, held in self.state[kind].items() if key in customer_ids}
            for kind in ("cards", "timelines")
        }


class Onlookers:
    """`staying` are there throughout; `leaving` miss each step, and come back after it."""

    def __init__(
        self, world: World, hub: LiveHub, staying: Iterable[str], leaving: Iterable[str]
    ) -> None:
        self._world = world
        self._hub = hub
        self.staying = [self._one(user_id, f"{user_id} who stays") for user_id in staying]
        self.leaving = [self._one(user_id, f"{user_id} who leaves") for user_id in leaving]

    def _one(self, user_id: str, name: str) -> Onlooker:
        return Onlooker(self._world.views, self._hub, user_id, name, curious=user_id not in BUSY)

    async def look_away(self) -> None:
        for onlooker in self.leaving:
            await onlooker.go()

    async def look(self, after: str) -> None:
        """Fails unless each of them knows all that there is for them to know, and no more."""
        try:
            await self._look()
        except AssertionError as error:
            error.add_note(f"after: {after}")
            raise

    async def _look(self) -> None:
        await sent(self._hub, await self._world.views.head())
        customers = await self._world.store.read(
            lambda reader: [row[0] for row in reader.connection.all("SELECT id FROM customers")]
        )
        for onlooker in self.staying:
            await onlooker.catch_up(customers)
        for onlooker in self.leaving:
            await onlooker.come()
            await onlooker.catch_up(customers)


BUSY = frozenset({"user_ann", "user_ada"})


async def sent(hub: LiveHub, seq: int) -> None:
    over = asyncio.get_running_loop().create_future()
    hub.when_sent(seq, PATIENCE, lambda: over.set_result(None))
    await over
    assert hub.seq >= seq


@asynccontextmanager
async def onlooking(
    world: World, staying: Iterable[str], leaving: Iterable[str] = ()
) -> AsyncIterator[Onlookers]:
    hub = LiveHub(
        world.views, world.store, world.clock, epoch=await world.views.epoch(),
        every=timedelta(0),
    )  # fmt: skip
    running = asyncio.create_task(hub.run())
    onlookers = Onlookers(world, hub, staying, leaving)
    everybody = (*onlookers.staying, *onlookers.leaving)
    try:
        await sent(hub, await world.views.head())
        for onlooker in onlookers.staying:
            await onlooker.come()
        yield onlookers
    finally:
        for onlooker in everybody:
            await onlooker.go()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

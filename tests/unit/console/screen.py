"""A console without a socket: a viewer of the hub whose frames go through the reducer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import orjson

from agent_console.live.hub import LiveHub
from agent_console.live.scope import slim_offer, trimmed
from agent_console.live.viewer import MAX_FRAMES, Viewer
from agent_console.wire import encode
from tests.unit.console.house import House
from tests.unit.console.reducer import empty, reduce
from triggerhub.domain.errors import NotFound
from triggerhub.domain.ports import Json

KINDS = ("agents", "queues", "interactions", "offers", "accounts", "attention")


class Screen:
    def __init__(self, house: House, hub: LiveHub, user_id: str, limit: int = MAX_FRAMES) -> None:
        self.house = house
        self.hub = hub
        self.user_id = user_id
        self.limit = limit
        self.state: Json = empty()
        self.frames: list[Json] = []
        self.bye: str | None = None
        self.watching: set[str] = set()
        self.viewer: Viewer | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def live(self) -> bool:
        return self.viewer is not None

    async def open(self) -> None:
        """Connect with what was seen last, as the console does."""
        self.viewer = Viewer(self.house.actor(self.user_id), limit=self.limit)
        self.bye = None
        self._task = asyncio.create_task(self._pump(self.viewer))
        viewer, watched = self.viewer, sorted(self.watching)
        # What it watches is told with the greeting: told afterwards, what came between is missed.
        await self.hub.join(viewer, self.state["seq"], self.state["epoch"], watched)
        self.watching &= viewer.watching.keys()

    async def cut(self) -> None:
        if self.viewer is None or self._task is None:
            return
        self.hub.leave(self.viewer)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.viewer = None

    async def watch(self, customer_id: str) -> None:
        if self.viewer is None:
            return
        if await self._watch(self.viewer, customer_id):
            self.watching.add(customer_id)
            self.read_again(customer_id)

    async def _watch(self, viewer: Viewer, customer_id: str) -> bool:
        try:
            await self.hub.watches.watch(viewer, customer_id)
        except NotFound:
            self.watching.discard(customer_id)
            return False
        return True

    def read_again(self, customer_id: str) -> None:
        page = self.house.page_of(customer_id, None, 50) | {"stale": False}
        timelines = self.state["timelines"] | {customer_id: page}
        cards = self.state["cards"] | {customer_id: self.house.card_of(customer_id)}
        self.state = self.state | {"timelines": timelines, "cards": cards}

    async def _pump(self, viewer: Viewer) -> None:
        while True:
            frames, bye = await viewer.take()
            for data in frames:
                # The line may be cut between any two frames.
                await asyncio.sleep(0)
                frame = orjson.loads(data)
                self.frames.append(frame)
                self.state = reduce(self.state, frame)
                if frame["type"] == "snapshot":
                    for customer_id in self.watching:
                        self.read_again(customer_id)
            if bye is not None:
                self.bye = bye.reason
                self.hub.leave(viewer)
                self.viewer = None
                return

    def seen(self) -> Json:
        found = {kind: self.state[kind] for kind in (*KINDS, "presences")}
        found["offers"] = {key: slim_offer(row) for key, row in found["offers"].items()}
        return found

    def due(self) -> Json:
        """What a fresh snapshot would show."""
        fresh = trimmed(self.house.actor(self.user_id), self.house.now())
        fresh["offers"] = {key: slim_offer(row) for key, row in fresh["offers"].items()}
        plain: Json = orjson.loads(encode(fresh))
        return plain


class Running:
    """The hub's task, and waiting until everything has been said."""

    def __init__(self, house: House, **options: Any) -> None:
        self.house = house
        self.hub = LiveHub(house, house, house.clock, epoch="ep_1", **options)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Running:
        self._task = asyncio.create_task(self.hub.run())
        await self.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def settle(self) -> None:
        """Long enough for every task to have had its turns many times over."""
        for _ in range(60 * (self.house.yields + 1)):
            await asyncio.sleep(0)

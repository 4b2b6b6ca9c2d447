"""Records that an agent's consoles came and went; the grace before offline starts here.

Which node an agent's consoles are on is not in the log. Whoever takes the lead therefore marks
everybody as gone, for it can't know whose consoles died with the node that led before; the nodes
that live say at once who is still with them, and the grace covers the moment in between. The price
is that an offer held out in that moment goes back to its queue.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog

from router.bell import Bell
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.events import Recorded
from triggerhub.domain.ports import LogTail
from triggerhub.domain.work import Store, Work

log = structlog.get_logger(__name__)

GRACE = timedelta(seconds=60)
LOOK_EVERY = 30.0
ACTOR = "system:presence"


class RouterPresences:
    """Implements domain.ports.Presences."""

    def __init__(self, store: Store, tail: LogTail, *, grace: timedelta = GRACE) -> None:
        self._store = store
        self._grace = grace
        self._here: set[str] = set()
        self._bell = Bell("presence", tail, self._was_taken_for_gone)

    async def connected(self, agent_id: str) -> None:
        self._here.add(agent_id)
        await self._store.run(lambda unit: _come(unit, agent_id))

    async def disconnected(self, agent_id: str) -> None:
        self._here.discard(agent_id)
        await self._store.run(lambda unit: self._gone(unit, agent_id))

    def nobody_is_here(self, unit: Work) -> None:
        """For the node that takes the lead: whoever was connected is given the grace."""
        for user in unit.users():
            self._gone(unit, user.id)

    async def run(self) -> None:
        """Until cancelled: whoever is with this node and was marked as gone is here again."""
        async with self._bell.listening():
            while True:
                try:
                    await self._say_who_is_here()
                except Unavailable as error:
                    log.warning("presence.waits", reason=str(error))
                await self._bell.pause(LOOK_EVERY)

    async def _say_who_is_here(self) -> None:
        here = frozenset(self._here)
        if not here:
            return
        for user in await self._store.read(lambda reading: reading.users(here)):
            if not user.connected and user.id in self._here:
                await self._store.run(partial(_come, agent_id=user.id))

    def _was_taken_for_gone(self, item: Recorded) -> bool:
        return isinstance(item.fact, ev.AgentDisconnected) and item.fact.agent_id in self._here

    def _gone(self, unit: Work, agent_id: str) -> None:
        found = unit.users([agent_id])
        if found and found[0].connected:
            until = unit.now + self._grace
            unit.append(ev.AgentDisconnected(agent_id=agent_id, grace_until_at=until), actor=ACTOR)


def _come(unit: Work, agent_id: str) -> None:
    found = unit.users([agent_id])
    if found and not found[0].connected:
        unit.append(ev.AgentConnected(agent_id=agent_id), actor=ACTOR)

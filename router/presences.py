"""Records that an agent's consoles came and went; the grace before offline starts here."""

from __future__ import annotations

from datetime import timedelta

from triggerhub.domain import events as ev
from triggerhub.domain.work import Store, Work

GRACE = timedelta(seconds=60)
ACTOR = "system:presence"


class RouterPresences:
    """Implements domain.ports.Presences."""

    def __init__(self, store: Store, *, grace: timedelta = GRACE) -> None:
        self._store = store
        self._grace = grace

    async def connected(self, agent_id: str) -> None:
        def work(unit: Work) -> None:
            found = unit.users([agent_id])
            if found and not found[0].connected:
                unit.append(ev.AgentConnected(agent_id=agent_id), actor=ACTOR)

        await self._store.run(work)

    async def disconnected(self, agent_id: str) -> None:
        await self._store.run(lambda unit: self._gone(unit, agent_id))

    async def nobody_is_here(self) -> None:
        """After a start: whoever was connected to the process before is given the grace."""

        def work(unit: Work) -> None:
            for user in unit.users():
                self._gone(unit, user.id)

        await self._store.run(work)

    def _gone(self, unit: Work, agent_id: str) -> None:
        found = unit.users([agent_id])
        if found and found[0].connected:
            until = unit.now + self._grace
            unit.append(ev.AgentDisconnected(agent_id=agent_id, grace_until_at=until), actor=ACTOR)

"""Records that an agent's consoles came and went; the grace before offline starts here.

Each node writes down beside the log who is with it, and holds a lease in its own name while it
lives. Where a lease has run out, whoever notices first marks those who were with that node and are
with no other one as gone. The log says only that somebody came or went: no fold asks where.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import datetime, timedelta
from functools import partial

import structlog

from router.bell import Bell
from triggerhub.domain import events as ev
from triggerhub.domain.clock import Clock
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.events import Recorded
from triggerhub.domain.ports import LogTail
from triggerhub.domain.rows import ConsoleRow, UserRow
from triggerhub.domain.work import NODE, Store, Work

log = structlog.get_logger(__name__)

GRACE = timedelta(seconds=60)
LEASE = timedelta(seconds=15)
LOOK_EVERY = 5.0  # seconds; each look renews the lease
CLOCKS_MAY_DIFFER = timedelta(seconds=2)
ACTOR = "system:presence"


class RouterPresences:
    """Implements domain.ports.Presences. `node`: the name that no other living node has."""

    def __init__(
        self, store: Store, tail: LogTail, *, clock: Clock, node: str, grace: timedelta = GRACE
    ) -> None:
        self._store = store
        self._clock = clock
        self._node = node
        self._grace = grace
        self._here: set[str] = set()
        self._looked_at: datetime | None = None
        self._back_at: datetime | None = None  # when this node could look again after an outage
        self._bell = Bell(
            "presence", tail, of=(ev.AgentDisconnected,), wanted=self._was_taken_for_gone
        )

    async def connected(self, agent_id: str) -> None:
        self._here.add(agent_id)
        await self._store.run(partial(self._keep, [agent_id]))

    async def disconnected(self, agent_id: str) -> None:
        self._here.discard(agent_id)
        await self._store.run(partial(self._left, agent_id))

    def take_stock(self, unit: Work) -> None:
        """For the node that takes the lead: who is with no living node is given the grace."""
        living = self._forget_the_dead(unit)
        self._gone(unit, [user for user in unit.users() if user.id not in living])

    async def run(self) -> None:
        """Until cancelled: this node is known to live, and who is with it to be here."""
        async with self._bell.listening():
            while True:
                try:
                    await self._look()
                except Unavailable as error:
                    log.warning("presence.waits", reason=str(error))
                await self._bell.pause(LOOK_EVERY)

    async def release(self) -> None:
        """On the way out: others needn't wait to see that nobody is here any more."""
        if self._here:
            await self._store.run(lambda unit: unit.release_lease(self._name, self._node))

    @property
    def _name(self) -> str:
        return NODE + self._node

    async def _look(self) -> None:
        here = frozenset(self._here)
        rows, users = await self._store.read(
            lambda reading: (reading.consoles(), reading.users(here) if here else [])
        )
        self._compare_clocks(rows)
        if here:
            known = {row.agent_id for row in rows if row.node == self._node}
            known -= {user.id for user in users if not user.connected}
            await self._store.run(partial(self._keep, here - known))
        now = self._clock.now()
        if self._looked_at is not None and now - self._looked_at >= LEASE:
            self._back_at = now
        self._looked_at = now
        if self._may_judge(now) and any(not self._lives(row, now) for row in rows):
            await self._store.run(self._forget_the_dead)

    def _may_judge(self, now: datetime) -> bool:
        """After an outage all leases have run out: the others get a look's time to renew theirs."""
        if self._looked_at is not None and now - self._looked_at >= LEASE:
            return False
        return self._back_at is None or now - self._back_at >= timedelta(seconds=LOOK_EVERY)

    def _compare_clocks(self, rows: Iterable[ConsoleRow]) -> None:
        latest = self._clock.now() + LEASE + CLOCKS_MAY_DIFFER
        for node in sorted({row.node for row in rows if row.until and row.until > latest}):
            log.warning("presence.clocks_differ", node=node)

    def _lives(self, row: ConsoleRow, now: datetime) -> bool:
        """A former run may have had this node's name: of our own, memory alone is true."""
        if row.node == self._node:
            return row.agent_id in self._here
        return row.until is not None and row.until > now

    def _keep(self, agent_ids: Iterable[str], unit: Work) -> None:
        """Renew the lease; who has come meanwhile, or was taken for gone, is here."""
        unit.hold_lease(self._name, self._node, unit.now + LEASE)
        for agent_id in agent_ids:
            if agent_id not in self._here:
                continue
            unit.console_came(agent_id, self._node)
            found = unit.users([agent_id])
            if found and not found[0].connected:
                unit.append(ev.AgentConnected(agent_id=agent_id), actor=ACTOR)

    def _left(self, agent_id: str, unit: Work) -> None:
        if agent_id in self._here:
            return  # and is back already
        unit.console_went(agent_id, self._node)
        if not any(r.agent_id == agent_id and self._lives(r, unit.now) for r in unit.consoles()):
            self._gone(unit, unit.users([agent_id]))

    def _forget_the_dead(self, unit: Work) -> Set[str]:
        """Who was with a node that is no more, and with no other, is gone; who is with one."""
        living, lost = set(self._here), set()
        judging = self._may_judge(unit.now)
        for row in unit.consoles():
            if not judging or self._lives(row, unit.now):
                living.add(row.agent_id)
            else:
                unit.console_went(row.agent_id, row.node)
                lost.add(row.agent_id)
        lost -= living
        if lost:
            self._gone(unit, unit.users(lost))
        return living

    def _gone(self, unit: Work, users: Iterable[UserRow]) -> None:
        until = unit.now + self._grace
        for user in users:
            if user.connected:
                unit.append(
                    ev.AgentDisconnected(agent_id=user.id, grace_until_at=until), actor=ACTOR
                )

    def _was_taken_for_gone(self, item: Recorded) -> bool:
        return isinstance(item.fact, ev.AgentDisconnected) and item.fact.agent_id in self._here

"""How many consoles each agent has open on this node, and telling of the first and the last."""

from __future__ import annotations

import asyncio
from collections import Counter

import structlog

from triggerhub.domain.errors import HubError, Unavailable
from triggerhub.domain.ports import Presences

log = structlog.get_logger(__name__)


class Consoles:
    """What is told follows the count: a console that is back at once may go unnoticed."""

    def __init__(self, presences: Presences) -> None:
        self._presences = presences
        self._open: Counter[str] = Counter()
        self._told: set[str] = set()
        self._changed: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._draining = False

    def came(self, agent_id: str) -> None:
        self._open[agent_id] += 1
        self._note(agent_id)

    def went(self, agent_id: str) -> None:
        self._open[agent_id] -= 1
        if not self._open[agent_id]:
            del self._open[agent_id]
        self._note(agent_id)

    def begin_drain(self) -> None:
        """From now on consoles go because the hub does, which is no agent's doing."""
        self._draining = True

    async def run(self) -> None:
        """Tell until cancelled. To be supervised."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._changed:
                agent_id = next(iter(self._changed))
                del self._changed[agent_id]
                try:
                    await self._tell(agent_id)
                except Unavailable as error:
                    log.warning("consoles.untold", agent=agent_id, error=str(error))
                    self._changed[agent_id] = None
                    await asyncio.sleep(min(1.0, error.retry_after.total_seconds()))
                except HubError as error:
                    log.warning("consoles.refused", agent=agent_id, error=str(error))

    def _note(self, agent_id: str) -> None:
        if not self._draining:
            self._changed[agent_id] = None
            self._wake.set()

    async def _tell(self, agent_id: str) -> None:
        if self._open[agent_id] and agent_id not in self._told:
            await self._presences.connected(agent_id)
            self._told.add(agent_id)
        elif not self._open[agent_id] and agent_id in self._told:
            await self._presences.disconnected(agent_id)
            self._told.discard(agent_id)

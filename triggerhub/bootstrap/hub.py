"""Both halves in one process: what a machine with one core runs, and whoever looks inside."""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import Settings
from triggerhub.bootstrap.core import Core, build_core
from triggerhub.bootstrap.edge import Edge, build_edge
from triggerhub.bootstrap.parts import CorePorts, Parts
from triggerhub.lifecycle import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    core: Core
    edge: Edge

    def services(self) -> list[Part]:
        return [*self.core.services(), *self.edge.services()]


async def build(settings: Settings, parts: Parts | None = None) -> Hub:
    """A hub on an up-to-date schema, its store started, its seed applied; no door is open yet."""
    parts = parts or Parts()
    core = await build_core(settings, parts)
    edge = await build_edge(
        settings,
        parts,
        CorePorts(
            core=core,
            inbox=core.store,
            desk=core.desk,
            presences=core.presences,
            views=core.views,
            store=core.store,
        ),
    )
    return Hub(core=core, edge=edge)

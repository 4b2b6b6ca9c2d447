"""The numbers on a board: what each of them counts, said once.

Counts and lists (storage.views), the formula that stands beside a number, and the console's own
filter (web/src/supervisor/figures.json, held to this by a test) are made from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Where = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`name`: of the field of a queue or agent that has it.

    `rows`: what it counts, or looks at: of one queue, of one agent (`holds`) or of one channel
    account (`late`). A row is counted where any of `where` fits it, by fields of the row as the
    contract has it; without `where` the rows alone don't tell: it is about what happened today, or
    about what waits to be sent.
    """

    name: str
    rows: Literal["interactions", "agents"]
    where: tuple[Where, ...] = ()
    formula: str

    def counts(self, row: Mapping[str, Any]) -> bool:
        return any(
            all(row[field] in values for field, values in fields.items()) for fields in self.where
        )


_WAITS: Where = {"state": ("queued", "offered")}

FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure(
            name="waiting", rows="interactions", where=(_WAITS,),
            formula="waiting = count(queued) + count(offered)",
        ),
        Figure(
            name="longest_since", rows="interactions", where=(_WAITS,),
            formula="longest = now − min(enqueued_at of queued, offered)",
        ),
        Figure(
            name="in_work", rows="interactions", where=({"state": ("active",)},),
            formula="in_work = count(active), wrap-up included",
        ),
        Figure(
            name="answered_today", rows="interactions",
            formula="answered = count(first offer.accepted of each ≥ midnight)",
        ),
        Figure(
            name="abandoned_today", rows="interactions",
            formula="abandoned = count(closed: abandoned ≥ midnight)",
        ),
        Figure(
            name="agents_ready", rows="agents",
            where=({"status": ("idle",), "connected": (True,)},),
            formula="ready = count(serves the queue, idle, connected)",
        ),
        Figure(
            name="agents_total", rows="agents",
            # Whoever else serves it, while they are there for work.
            where=({"role": ("agent",)}, {"status": ("idle", "interacting", "not_responding")}),
            formula="all = count(serves the queue, role = agent or there for work)",
        ),
        Figure(
            name="holds", rows="interactions",
            where=({"assignment_state": ("connected", "held", "wrap_up")},),
            formula="holds = count(legs: agent, not done)",
        ),
        Figure(
            name="late", rows="interactions",
            formula="late = count(interactions with a message queued after a failed attempt)",
        ),
    )
}  # fmt: skip

OF_A_QUEUE = tuple(name for name in FIGURES if name not in ("holds", "late"))

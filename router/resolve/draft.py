"""A decision about one message in the making: what it is about, and what was decided so far.

Must not know who decides what, nor how a decision is written (`step`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from router.resolve.known import Delivery, Known
from triggerhub.domain.clock import IdSource
from triggerhub.domain.events import Fact

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Content that must be put beside the log before the facts that refer to it."""

    content_id: str
    kind: str
    value: Json


Decision = list[Fact | Kept]


@dataclass(slots=True)
class Draft:
    """`known` is updated with what is decided, so a batch decides as its parts would."""

    delivery: Delivery
    known: Known
    ids: IdSource
    now: datetime
    default_queue: str | None
    facts: Decision = field(default_factory=list)

    def keep(self, kind: str, value: Json) -> str:
        """The id of content that goes beside the log."""
        content_id = self.ids.new("ct")
        self.facts.append(Kept(content_id=content_id, kind=kind, value=value))
        return content_id

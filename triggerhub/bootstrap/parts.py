"""What a caller of the wiring may replace, and what the two halves must know of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from channels.email import proof_dkim
from channels.email.proof_dkim import LookUp
from storage.reading import ReadStore
from triggerhub.domain.clock import Clock, IdSource
from triggerhub.domain.ports import CoreFace, Credentials, Desk, Inbox, Presences, Views

if TYPE_CHECKING:
    from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """None: the real one. `routes` and `demo_logins` are the edge's alone."""

    clock: Clock | None = None
    ids: IdSource | None = None
    look_up: LookUp = proof_dkim.dns_txt
    undo: timedelta = timedelta(seconds=5)
    demo_logins: tuple[dict[str, str], ...] = ()
    demo: bool = False
    routes: Sequence[web.AbstractRouteDef] = ()

    def of_core(self) -> Parts:
        """Without what belongs to the edge's process."""
        return replace(self, routes=(), demo_logins=())


class ConsoleViews(Views, Credentials, Protocol):
    """What the console asks of the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorePorts:
    """What the edge stands on: the core's ports, wherever it runs, and its own way to read."""

    core: CoreFace
    inbox: Inbox
    desk: Desk
    presences: Presences
    views: ConsoleViews
    store: ReadStore
    process: int | None = None
    """The core's own, where it has one."""

"""The core as the edge's process sees it: ports whose other side is in another process."""

from __future__ import annotations

from typing import Any, cast

from config.settings import Settings
from storage.reading import ReadStore
from storage.views import SqlReads
from triggerhub.apart.link import FarRoom, Link
from triggerhub.apart.packed import FarInbox
from triggerhub.bootstrap.parts import ConsoleViews, CorePorts
from triggerhub.database import open_reading
from triggerhub.domain.clock import Clock, SystemClock


class FarViews(SqlReads):
    """Reads by itself; what is to be written is asked of the core."""

    def __init__(self, store: ReadStore, far: FarRoom) -> None:
        super().__init__(store)
        self._far = far

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):  # of an object that isn't made yet, by whoever copies it
            raise AttributeError(method)
        return getattr(self._far, method)


async def far_ports(
    link: Link, settings: Settings, clock: Clock | None, *, process: int | None = None
) -> CorePorts:
    """Its store is started and follows what the core commits, once `link` is heard."""
    store = open_reading(settings, clock=clock or SystemClock())
    await store.start()
    return CorePorts(
        core=cast("Any", FarRoom(link, "core")),
        inbox=FarInbox(FarRoom(link, "inbox").take),
        desk=cast("Any", FarRoom(link, "desk")),
        presences=cast("Any", FarRoom(link, "presences")),
        views=cast("ConsoleViews", FarViews(store, FarRoom(link, "views"))),
        store=store,
        process=process,
    )

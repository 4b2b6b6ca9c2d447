"""What the company is called and which time zone it lives in, as the log has it now."""

from __future__ import annotations

from storage.reading import ReadStore
from storage.views import SqlReads
from triggerhub.domain.events import HubConfigured


class CompanyFace:
    """`load` first, then `follow` in the background."""

    def __init__(self, store: ReadStore, views: SqlReads) -> None:
        self._store = store
        self._views = views
        self.name = ""
        self.timezone = ""

    async def load(self) -> None:
        found = await self._views.hub()
        self.name, self.timezone = str(found["name"]), str(found["timezone"])

    async def follow(self) -> None:
        """Until cancelled."""
        # What changes from here on comes with the subscription, whatever the load has seen of it.
        head = await self._views.head()
        await self.load()
        async for _ in self._store.subscribe(head, of=frozenset({HubConfigured})):
            await self.load()

"""The rows that a batch of events is told by, each read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from triggerhub.domain.ports import Json, Views


class Found:
    def __init__(self, views: Views) -> None:
        self._views = views
        self._rows: dict[str, dict[str, Json | None]] = {}

    async def read(self, wanted: Mapping[str, Iterable[str]]) -> None:
        """Row ids by kind, interactions before offers. What was asked for before is passed over.

        Raises Unavailable.
        """
        asked = {
            kind: missing
            for kind, ids in wanted.items()
            if (missing := sorted(set(ids) - self._rows.get(kind, {}).keys()))
        }
        if not asked:
            return
        rows = await self._views.rows(asked)
        for kind, ids in asked.items():
            read = rows.get(kind, {})
            self._rows.setdefault(kind, {}).update((row_id, read.get(row_id)) for row_id in ids)

    def row(self, kind: str, row_id: str) -> Json | None:
        """None: there is no such row, or it wasn't asked for."""
        return self._rows.get(kind, {}).get(row_id)

    def rows(self, kind: str) -> list[tuple[str, Json]]:
        return [(row_id, row) for row_id, row in self._rows.get(kind, {}).items() if row]

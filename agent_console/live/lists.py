"""The numbers that nearly every event changes: queues, channel accounts, what needs attention.

They are read at most once a second (each goes to every console), compared with what was sent
last, and sent only where they differ; a viewer that has just joined gets them once more, whatever
was sent before.
"""

from __future__ import annotations

from agent_console.live.audience import Audience
from agent_console.live.frames import framed, removed_frame
from agent_console.wire import encode
from triggerhub.domain.ports import Views


class Lists:
    def __init__(self, views: Views, audience: Audience) -> None:
        self._views = views
        self._audience = audience
        self._queues: dict[str, bytes] = {}
        self._accounts: dict[str, bytes] = {}
        self._attention = b""

    async def send(self, seq: int) -> None:
        """Raises Unavailable if the rows can't be read; nothing is lost by trying again."""
        audience = self._audience
        if not audience.viewers:
            return
        queues = await self._views.listed("queues")
        accounts = await self._views.listed("accounts")
        attention = await self._views.attention_count()
        fresh = {viewer for viewer in audience.viewers if viewer.fresh and not viewer.joining}
        sent: dict[str, bytes] = {}
        for row in queues:
            data = sent[row["id"]] = encode(row)
            viewers = audience.of_queue(row["id"])
            if self._queues.get(row["id"]) == data:
                viewers &= fresh
            tail = framed("queue.changed", data) if viewers else b""
            for viewer in viewers:
                viewer.put(f"queue:{row['id']}", seq, tail)
        for gone in self._queues.keys() - sent.keys():
            for viewer in audience.viewers:
                viewer.put(f"queue:{gone}", seq, removed_frame("queue", gone))
        self._queues, sent = sent, {}
        for row in accounts:
            data = sent[row["id"]] = encode(row)
            viewers = fresh if self._accounts.get(row["id"]) == data else audience.viewers
            tail = framed("account.changed", data)
            for viewer in viewers:
                viewer.put(f"account:{row['id']}", seq, tail)
        self._accounts = sent
        count = encode({"count": attention})
        for viewer in fresh if count == self._attention else audience.viewers:
            if viewer.scope.attention:
                viewer.put("attention", seq, framed("attention.changed", count))
        self._attention = count
        for viewer in fresh:
            viewer.fresh = False

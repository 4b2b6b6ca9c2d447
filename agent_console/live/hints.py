"""Who looks at which conversation, and who is typing: of the moment, on this node, never logged."""

from __future__ import annotations

from agent_console.live.frames import frame
from agent_console.live.viewer import Viewer


class Hints:
    def __init__(self) -> None:
        self._viewing: dict[Viewer, str] = {}
        self._typing: set[Viewer] = set()
        self._of: dict[str, set[Viewer]] = {}

    def viewing(self, viewer: Viewer, conversation_id: str | None) -> None:
        before = self._viewing.pop(viewer, None)
        self._typing.discard(viewer)
        if before is not None:
            self._of[before].discard(viewer)
            if not self._of[before]:
                del self._of[before]
        if conversation_id is not None:
            self._viewing[viewer] = conversation_id
            self._of.setdefault(conversation_id, set()).add(viewer)
        for changed in {before, conversation_id} - {None}:
            assert changed is not None
            self._send(changed)

    def typing(self, viewer: Viewer, conversation_id: str, *, typing: bool) -> None:
        """Only in the conversation that this console shows."""
        if self._viewing.get(viewer) != conversation_id or typing == (viewer in self._typing):
            return
        if typing:
            self._typing.add(viewer)
        else:
            self._typing.discard(viewer)
        self._send(conversation_id)

    def _send(self, conversation_id: str) -> None:
        viewers = self._of.get(conversation_id, set())
        typing: dict[str, bool] = {}
        for viewer in viewers:
            agent_id = viewer.actor.id
            typing[agent_id] = typing.get(agent_id, False) or viewer in self._typing
        data = {
            "conversation_id": conversation_id,
            "viewers": [
                {"agent_id": agent_id, "typing": typing[agent_id]} for agent_id in sorted(typing)
            ],
        }
        tail = frame("viewers.changed", data)
        for viewer in viewers:
            viewer.push(f"viewers:{conversation_id}", 0, tail)

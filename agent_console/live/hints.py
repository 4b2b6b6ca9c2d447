"""Who looks at which conversation, and who is typing: of the moment, on this node, never logged.

A conversation is looked at by those who follow its customer, as the audience knows them: whoever
doesn't any more is at once neither told nor told of. After a snapshot a console says anew what it
shows.
"""

from __future__ import annotations

from agent_console.live.audience import Audience
from agent_console.live.frames import frame
from agent_console.live.viewer import Viewer


class Hints:
    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        audience.doubt = self._check
        self._looks: dict[Viewer, tuple[str, str]] = {}  # at (conversation, its customer)
        self._typing: set[Viewer] = set()
        self._of: dict[str, set[Viewer]] = {}

    def viewing(self, viewer: Viewer, conversation_id: str, customer_id: str) -> None:
        self.gone(viewer)
        self._looks[viewer] = conversation_id, customer_id
        self._of.setdefault(conversation_id, set()).add(viewer)
        self._send(conversation_id)

    def gone(self, viewer: Viewer) -> None:
        """It shows no conversation any more."""
        if viewer in self._looks:
            self._send(self._forget(viewer))

    def typing(self, viewer: Viewer, conversation_id: str, *, typing: bool) -> None:
        """Only in the conversation that this console shows."""
        shown = self._looks.get(viewer, (None,))[0]
        if shown != conversation_id or typing == (viewer in self._typing):
            return
        if typing:
            self._typing.add(viewer)
        else:
            self._typing.discard(viewer)
        self._send(conversation_id)

    def _check(self, viewer: Viewer) -> None:
        look = self._looks.get(viewer)
        if look is not None and not self._audience.follows(viewer, look[1]):
            self.gone(viewer)

    def _forget(self, viewer: Viewer) -> str:
        conversation_id, _ = self._looks.pop(viewer)
        self._typing.discard(viewer)
        self._of[conversation_id].discard(viewer)
        if not self._of[conversation_id]:
            del self._of[conversation_id]
        return conversation_id

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

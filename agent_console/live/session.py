"""The sign-in session of an open feed: the feed ends with it, and has the rights that it has."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from agent_console.live.hub import LiveHub
from agent_console.live.viewer import Viewer
from agent_console.sessions import Sessions, SignedIn
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.permissions import may

log = structlog.get_logger(__name__)

_LEAST = timedelta(milliseconds=10)  # until the next look
_PAUSE = 1.0  # seconds, where it can't be looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSession:
    sessions: Sessions
    hub: LiveHub
    viewer: Viewer
    signed_in: SignedIn
    look_every: timedelta

    def end(self) -> None:
        self.viewer.say_bye("session", 0)

    async def watch(self) -> None:
        """Until it is over: looks at it now and then, when told that something has changed, and
        when it expires unless it was used."""
        viewer = self.viewer
        found: SignedIn | None = self.signed_in
        while found is not None:
            wait = min(self.look_every, max(self.sessions.left(found), _LEAST))
            changed = True
            try:
                async with asyncio.timeout(wait.total_seconds()):
                    await viewer.refresh.wait()
            except TimeoutError:
                changed = False
            viewer.refresh.clear()
            try:
                found = await self.sessions.of_hash(self.signed_in.token_hash)
                if found is None or not may(found.actor, "feed"):
                    break
                if changed or found.actor != viewer.actor:
                    await self.hub.join_again(viewer, found.actor)
            except Unavailable as error:
                log.warning("feed.session.unknown", error=str(error))
                if changed:
                    viewer.refresh.set()
                await asyncio.sleep(_PAUSE)
        self.end()

"""Who may come in: passwords, sessions and tokens of a house, in memory. Secrets come hashed."""

from __future__ import annotations

from datetime import datetime

from tests.unit.console.folded import Folded
from triggerhub.domain.permissions import Actor


class Keys:
    """Implements Credentials, for the users of a house. `passwords` by user id."""

    def __init__(self, house: Folded) -> None:
        self._house = house
        self.passwords: dict[str, str] = {}
        self.sessions: dict[str, tuple[str, str, datetime]] = {}
        self.tokens: dict[str, Actor] = {}

    async def user_by_login(self, login: str) -> tuple[Actor, str] | None:
        for user in self._house.users.values():
            if user["login"].casefold() == login.casefold() and user["id"] in self.passwords:
                return self._house.actor(user["id"]), self.passwords[user["id"]]
        return None

    async def put_session(
        self, session_hash: str, user_id: str, csrf: str, expires_at: datetime
    ) -> None:
        self.sessions[session_hash] = (user_id, csrf, expires_at)

    async def extend_session(self, session_hash: str, expires_at: datetime) -> None:
        user_id, csrf, _ = self.sessions[session_hash]
        self.sessions[session_hash] = (user_id, csrf, expires_at)

    async def session(self, session_hash: str, now: datetime) -> tuple[str, Actor, datetime] | None:
        found = self.sessions.get(session_hash)
        if found is None or found[2] <= now or found[0] not in self._house.users:
            return None
        return found[1], self._house.actor(found[0]), found[2]

    async def drop_session(self, session_hash: str) -> None:
        self.sessions.pop(session_hash, None)

    async def token(self, token_hash: str) -> Actor | None:
        return self.tokens.get(token_hash)

    async def set_language(self, user_id: str, language: str) -> None:
        self._house.users[user_id]["language"] = language

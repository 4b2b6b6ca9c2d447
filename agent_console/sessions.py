"""Who is asking: passwords, sign-in sessions, API tokens, and the limits on guessing.

Owns the secrets' forms (argon2id for passwords, SHA-256 of random tokens) and knows no HTTP.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from triggerhub.domain.clock import Clock
from triggerhub.domain.errors import TooMany, Unauthenticated, Unavailable
from triggerhub.domain.permissions import Actor
from triggerhub.domain.ports import Credentials

LIFETIME = timedelta(hours=12)
EXTEND_AFTER = timedelta(minutes=10)
MAX_PASSWORD = 1_000
_AT_ONCE = 2
_WAITING = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """An actor with the session's CSRF token; `token_hash` names the session. It expires at
    `expires_at` unless it is used before."""

    actor: Actor
    csrf: str
    token_hash: str
    expires_at: datetime


def hash_of(secret: str) -> str:
    """The form in which a random token is kept; it has too much entropy to need a slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class FailureLimit:
    """At most `allowed` failures per key within `window`; forgets the least recent keys."""

    def __init__(self, clock: Clock, *, allowed: int, window: timedelta, keys: int = 10_000):
        self._clock = clock
        self._allowed = allowed
        self._window = window
        self._keys = keys
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()

    def attempt(self, key: str) -> None:
        """Counts as failed until forgiven, so that parallel guesses can't slip through together.

        Raises TooMany while the limit is passed.
        """
        times = self._recent(key)
        if times is not None and len(times) >= self._allowed:
            wait = times[0] + self._window - self._clock.now()
            raise TooMany("Too many failed attempts to sign in.", retry_after=wait)
        times = self._failures.setdefault(key, deque(maxlen=self._allowed))
        times.append(self._clock.now())
        self._failures.move_to_end(key)
        if len(self._failures) > self._keys:
            self._failures.popitem(last=False)

    def forgive(self, key: str) -> None:
        """That attempt was no failure."""
        times = self._failures.get(key)
        if times:
            times.pop()

    def forget(self, key: str) -> None:
        self._failures.pop(key, None)

    def _recent(self, key: str) -> deque[datetime] | None:
        times = self._failures.get(key)
        if times is None:
            return None
        since = self._clock.now() - self._window
        while times and times[0] <= since:
            times.popleft()
        if not times:
            del self._failures[key]
            return None
        return times


class Sessions:
    """Signs people in and out and recognises them, for HTTP and the live feed alike."""

    def __init__(
        self,
        credentials: Credentials,
        clock: Clock,
        *,
        hasher: PasswordHasher | None = None,
        lifetime: timedelta = LIFETIME,
        failures_per_login: int = 10,
        failures_per_peer: int = 30,
        failure_window: timedelta = timedelta(minutes=5),
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._lifetime = lifetime
        self._by_login = FailureLimit(clock, allowed=failures_per_login, window=failure_window)
        self._by_peer = FailureLimit(clock, allowed=failures_per_peer, window=failure_window)
        # 64 MiB and a tenth of a second each: a crowd at nine o'clock must not take the machine.
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._nobody: str | None = None
        self._extended: OrderedDict[str, datetime] = OrderedDict()
        self._told_of_end: dict[str, list[Callable[[], None]]] = {}

    async def sign_in(self, login: str, password: str, peer: str) -> tuple[str, SignedIn]:
        """(the cookie's value, who it is). `peer`: the client's address.

        Raises Unauthenticated (`wrong_credentials`, whichever part was wrong, after the same
        work), TooMany, and Unavailable when too many sign in at once.
        """
        login_key = login.strip().casefold()
        self._by_peer.attempt(peer)
        self._by_login.attempt(login_key)
        try:
            known = await self._credentials.user_by_login(login.strip())
            stored = known[1] if known is not None else await self._nobodys_hash()
            right = await self._verified(stored, password)
        except Unavailable:
            self._by_login.forgive(login_key)
            self._by_peer.forgive(peer)
            raise
        if known is None or not right:
            raise Unauthenticated("The name or the password is wrong.", code="wrong_credentials")
        self._by_login.forget(login_key)
        self._by_peer.forgive(peer)
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        now = self._clock.now()
        token_hash, expires_at = hash_of(token), now + self._lifetime
        await self._credentials.put_session(token_hash, known[0].id, csrf, expires_at)
        self._remember(token_hash, now)
        signed_in = SignedIn(
            actor=known[0], csrf=csrf, token_hash=token_hash, expires_at=expires_at
        )
        return token, signed_in

    async def of_cookie(self, token: str) -> SignedIn | None:
        """Who holds this cookie, as of now; using it keeps the session alive."""
        return await self.used(hash_of(token))

    async def used(self, token_hash: str) -> SignedIn | None:
        """The session of that hash, as of now. To be used keeps it alive, which is written at most
        every ten minutes, and doesn't bring it back."""
        found = await self.of_hash(token_hash)
        if found is not None:
            now = self._clock.now()
            last = self._extended.get(token_hash)
            if last is None or now - last >= EXTEND_AFTER:
                self._remember(token_hash, now)
                await self._credentials.extend_session(token_hash, now + self._lifetime)
        return found

    async def of_hash(self, token_hash: str) -> SignedIn | None:
        """The same, without keeping it alive: for the feed's own checks."""
        found = await self._credentials.session(token_hash, self._clock.now())
        if found is None:
            return None
        csrf, actor, expires_at = found
        return SignedIn(actor=actor, csrf=csrf, token_hash=token_hash, expires_at=expires_at)

    def left(self, signed_in: SignedIn) -> timedelta:
        """Until that session expires."""
        return signed_in.expires_at - self._clock.now()

    async def of_bearer(self, token: str) -> Actor | None:
        return await self._credentials.token(hash_of(token))

    async def sign_out(self, signed_in: SignedIn) -> None:
        self._extended.pop(signed_in.token_hash, None)
        await self._credentials.drop_session(signed_in.token_hash)
        for tell in list(self._told_of_end.get(signed_in.token_hash, ())):
            tell()

    @contextmanager
    def when_ended(self, token_hash: str, tell: Callable[[], None]) -> Iterator[None]:
        """Within, `tell` is called when this session is signed out on this node."""
        tellers = self._told_of_end.setdefault(token_hash, [])
        tellers.append(tell)
        try:
            yield
        finally:
            tellers.remove(tell)
            if not tellers:
                self._told_of_end.pop(token_hash, None)

    async def set_language(self, user_id: str, language: str) -> None:
        await self._credentials.set_language(user_id, language)

    def _remember(self, token_hash: str, now: datetime) -> None:
        self._extended[token_hash] = now
        self._extended.move_to_end(token_hash)
        if len(self._extended) > 10_000:
            self._extended.popitem(last=False)

    async def _nobodys_hash(self) -> str:
        """A hash that fits no password, so that an unknown login takes as long as a known one."""
        if self._nobody is None:
            self._nobody = await asyncio.to_thread(self._hasher.hash, secrets.token_urlsafe(32))
        return self._nobody

    async def _verified(self, stored: str, password: str) -> bool:
        if self._waiting >= _WAITING:
            raise Unavailable("Too many people are signing in at this moment.", code="busy")
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(self._matches, stored, password)
        finally:
            self._waiting -= 1

    def _matches(self, stored: str, password: str) -> bool:
        if len(password) > MAX_PASSWORD:
            return False
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def same(given: str | None, wanted: str) -> bool:
    """Whether a presented CSRF token is the session's, in constant time."""
    return given is not None and hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), wanted.encode()
    )

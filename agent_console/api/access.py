"""Recognises the caller of an HTTP request: bearer token or session cookie, origin, CSRF token."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from agent_console.sessions import Sessions, SignedIn, same
from triggerhub.domain.errors import Forbidden, Unauthenticated
from triggerhub.domain.permissions import Actor

COOKIE = "triggerhub_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`signed_in` is None for the holder of a token."""

    actor: Actor
    signed_in: SignedIn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`origins`: the hub's own public origins (`https://hub.example`), besides the Host asked."""

    sessions: Sessions
    origins: frozenset[str] = frozenset()
    https: bool = False

    async def caller(self, request: web.Request) -> Caller:
        """Raises Unauthenticated, and Forbidden for a cookie without its proofs of intent."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme:
            actor = None
            if scheme.casefold() == "bearer" and token:
                actor = await self.sessions.of_bearer(token.strip())
            if actor is None:
                raise Unauthenticated("This token is not valid.", code="wrong_token")
            return Caller(actor=actor, signed_in=None)
        signed_in = await self.signed_in(request)
        if request.method not in _SAFE:
            self.check_origin(request)
            if not same(request.headers.get("X-CSRF-Token"), signed_in.csrf):
                raise Forbidden("The CSRF token is missing or wrong.", code="wrong_csrf")
        return Caller(actor=signed_in.actor, signed_in=signed_in)

    async def signed_in(self, request: web.Request) -> SignedIn:
        token = request.cookies.get(COOKIE)
        found = await self.sessions.of_cookie(token) if token else None
        if found is None:
            raise Unauthenticated("Nobody is signed in.")
        return found

    def check_origin(self, request: web.Request, *, required: bool = False) -> None:
        """Browsers name the page that asks; only our own may use the cookie. Raises Forbidden.

        `required`: also refuse a request without `Origin` (WebSockets have no CSRF header).
        """
        origin = request.headers.get("Origin")
        if origin is None and not required:
            return
        if origin is None or not self._ours(origin, request.host):
            raise Forbidden("This page may not use the hub's session.", code="wrong_origin")

    def _ours(self, origin: str, host: str) -> bool:
        if origin in self.origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc == host

    def set_cookie(self, response: web.StreamResponse, token: str) -> None:
        response.set_cookie(
            COOKIE, token, path="/", httponly=True, samesite="Lax", secure=self.https
        )

    def drop_cookie(self, response: web.StreamResponse) -> None:
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Lax", secure=self.https)

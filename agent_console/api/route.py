"""One row of the API's table, and how a request passes through it.

Every call is recognised, resolved to what it is about, judged by `may`, and only then carried out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from agent_console.api.access import Access, Caller
from agent_console.sessions import Sessions, SignedIn
from agent_console.wire import decode_object, encode
from agent_console.wrong import sentence, wrong_fields
from triggerhub.domain.clock import Clock
from triggerhub.domain.errors import Forbidden, Invalid, NotFound, Unauthenticated
from triggerhub.domain.permissions import NOTHING, Actor, Subject, may
from triggerhub.domain.ports import AccountDirectory, Desk, Json, Views

Method = Literal["GET", "POST", "PATCH", "DELETE"]
Q = TypeVar("Q", bound=BaseModel | None)
B = TypeVar("B")


class Progress(Protocol):
    """How far the log has come on this node."""

    async def wait_beyond(self, seq: int, seconds: float) -> None:
        """Until an event after `seq` is committed, the time is over, or the hub goes down."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFace:
    """What the hub says of itself. `demo_logins` only with `--demo`."""

    name: Callable[[], str]
    timezone: Callable[[], str]
    version: str
    demo: bool = False
    demo_logins: tuple[dict[str, str], ...] = ()
    source: str = "/triggerhub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Everything that the API's calls may use."""

    views: Views
    desk: Desk
    sessions: Sessions
    access: Access
    accounts: AccountDirectory
    progress: Progress
    clock: Clock
    face: HubFace
    epoch: str
    max_upload: int = 20 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Call(Generic[Q, B]):
    """One request on its way. `found`: what the resolver has read already."""

    request: web.Request
    console: Console
    caller: Caller | None
    query: Q
    body: B
    found: Any = field(default=None)

    @property
    def actor(self) -> Actor:
        if self.caller is None:
            raise Unauthenticated("Nobody is signed in.")
        return self.caller.actor

    @property
    def signed_in(self) -> SignedIn:
        assert self.caller is not None
        assert self.caller.signed_in is not None, "only where the route is `of_session`"
        return self.caller.signed_in

    def part(self, name: str) -> str:
        return self.request.match_info[name]


AnyCall = Call[Any, Any]
Resolver = Callable[[AnyCall], Awaitable[Subject]]
Answer = Json | web.StreamResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`path` below /api/v1/. `action` None: open to everyone, for signing in and what precedes.

    `subject`: what the call is about; it may raise NotFound. `hidden`: whoever may not see it
    hears 404, so that existence isn't revealed. `body`: a model, or "any" for a free object.
    `of_session`: about the sign-in session itself, so that whoever holds a token hears 403.
    `also`: statuses that it alone may answer with.
    """

    method: Method
    path: str
    name: str
    summary: str
    action: str | None
    handler: Callable[[AnyCall], Awaitable[Answer]]
    subject: Resolver | None = None
    hidden: bool = False
    of_session: bool = False
    query: type[BaseModel] | None = None
    body: type[BaseModel] | Literal["any", "file"] | None = None
    answer: type[BaseModel] | Literal["any", "bytes", "html"] | None = None
    tag: str = "reads"
    also: tuple[str, ...] = ()


async def carry_out(route: Route, console: Console, request: web.Request) -> web.StreamResponse:
    caller = None
    if route.action is not None:
        caller = await console.access.caller(request)
    elif request.method != "GET":
        console.access.check_origin(request)
    if "\x00" in request.path or "\x00" in request.query_string or "%00" in request.query_string:
        raise Invalid("Addresses must not hold NUL characters.", code="malformed")
    call = Call(
        request=request,
        console=console,
        caller=caller,
        query=_query(route, request),
        body=await _body(route, request),
    )
    if route.of_session and call.caller is not None and call.caller.signed_in is None:
        raise Forbidden("This call needs a sign-in session, not a token.", code="needs_session")
    if route.action is not None:
        await _judge(route, call)
    answer = await route.handler(call)
    if isinstance(answer, web.StreamResponse):
        return answer
    return json_answer(answer)


def json_answer(value: Json, status: int = 200) -> web.Response:
    return web.Response(
        body=encode(value),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def _judge(route: Route, call: AnyCall) -> None:
    assert route.action is not None
    subject = NOTHING if route.subject is None else await route.subject(call)
    if may(call.actor, route.action, subject):
        return
    if route.hidden:
        raise NotFound("There is no such thing, or it is not for you.")
    raise Forbidden("Your role does not allow this.")


def _query(route: Route, request: web.Request) -> BaseModel | None:
    if route.query is None:
        return None
    given: dict[str, str] = {}
    for key, value in request.query.items():
        if key in given:
            raise Invalid(f"{key!r} is given twice.", errors=[(key, "given twice")])
        given[key] = value
    return validated(route.query, given)


async def _body(route: Route, request: web.Request) -> BaseModel | Json | None:
    if route.body is None or route.body == "file":
        return None
    data = await request.read()
    if route.body == "any":
        # A command without fields may come without a body.
        if not data:
            return {}
        _json_only(request)
        return decode_object(data)
    _json_only(request)
    return validated(route.body, decode_object(data))


def _json_only(request: web.Request) -> None:
    if request.content_type != "application/json":
        raise Invalid("The body must be application/json.", code="unsupported_media_type")


def validated(model: type[BaseModel], given: Json) -> BaseModel:
    """Raises Invalid that names each wrong field, and never repeats what was given."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = wrong_fields(error)
        raise Invalid(sentence(found), errors=found) from None

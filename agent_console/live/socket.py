"""One WebSocket: greeting, commands, watches, and the sender that empties the viewer's buffer.

Whatever the other end sends or fails to take, both tasks end, and the viewer leaves the hub.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from aiohttp import ClientConnectionError, WSCloseCode, WSMsgType, web

from agent_console.api.access import Access
from agent_console.live.consoles import Consoles
from agent_console.live.frames import frame
from agent_console.live.hub import LiveHub
from agent_console.live.messages import (
    CommandMessage,
    Hello,
    ListingMessage,
    Message,
    Typing,
    Unwatch,
    Viewing,
    Watch,
    read,
)
from agent_console.live.session import FeedSession
from agent_console.live.viewer import MAX_FRAMES, Bye, Viewer
from agent_console.sessions import Sessions, SignedIn, same
from triggerhub.domain.commands import build
from triggerhub.domain.errors import (
    STOPPING,
    Forbidden,
    HubError,
    Invalid,
    Unauthenticated,
    Unavailable,
)
from triggerhub.domain.permissions import Subject, may
from triggerhub.domain.ports import Desk, Json, Views

log = structlog.get_logger(__name__)

MAX_MESSAGE = 256 * 1024
HEARTBEAT = 20.0
_GREETING_SECONDS = 10.0
_SEND_SECONDS = 10.0
_REPLY_SECONDS = 2.0
_MESSAGES_PER_SECOND = 50.0
_BURST = 200.0
Describe = Callable[[HubError], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a socket needs. `describe`: an error as a problem document."""

    hub: LiveHub
    views: Views
    desk: Desk
    access: Access
    sessions: Sessions
    consoles: Consoles
    describe: Describe
    max_frames: int = MAX_FRAMES
    check_session_every: timedelta = timedelta(seconds=30)

    def route(self) -> web.RouteDef:
        return web.get("/api/v1/live", self.serve)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Raises, before the upgrade: Unauthenticated, Forbidden."""
        signed_in = await self.access.signed_in(request)
        self.access.check_origin(request, required=True)
        if not may(signed_in.actor, "feed"):
            raise Forbidden("Your role has no live feed.")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT, compress=False, max_msg_size=MAX_MESSAGE, timeout=2.0
        )
        await socket.prepare(request)
        await _Connection(self, request, socket, signed_in).live()
        return socket


class _Closing(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Connection:
    def __init__(
        self,
        feed: Feed,
        request: web.Request,
        socket: web.WebSocketResponse,
        signed_in: SignedIn,
    ) -> None:
        self._feed = feed
        self._request = request
        self._socket = socket
        self._signed_in = signed_in
        self._viewer = Viewer(signed_in.actor, limit=feed.max_frames)
        self._session = FeedSession(
            sessions=feed.sessions,
            hub=feed.hub,
            viewer=self._viewer,
            signed_in=signed_in,
            look_every=feed.check_session_every,
        )
        self._allowance = _BURST
        self._loop = asyncio.get_running_loop()
        self._counted_at = self._loop.time()
        self._sending_since: float | None = None

    async def live(self) -> None:
        try:
            hello = await self._greeting()
            await self._serve(hello)
        except _Closing as closing:
            await self._close(closing.code, closing.reason)
        except ConnectionError:
            log.debug("feed.lost")

    async def _greeting(self) -> Hello:
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                message = await self._next()
        except TimeoutError:
            raise _Closing(WSCloseCode.POLICY_VIOLATION, "no hello") from None
        if message is None:
            raise ConnectionResetError
        if not isinstance(message, Hello):
            raise _Closing(WSCloseCode.POLICY_VIOLATION, "hello comes first")
        if not same(message.csrf, self._signed_in.csrf):
            raise _Closing(WSCloseCode.POLICY_VIOLATION, "wrong csrf")
        return message

    async def _serve(self, hello: Hello) -> None:
        feed, viewer = self._feed, self._viewer
        agent_id = viewer.actor.id
        works = may(viewer.actor, "presence.set", Subject(owner_id=agent_id))
        if works:
            feed.consoles.came(agent_id)
        tasks = [
            asyncio.create_task(self._send(), name="feed.send"),
            asyncio.create_task(self._session.watch(), name="feed.session"),
            asyncio.create_task(self._watch_sending(), name="feed.watch"),
        ]
        for task in tasks:
            task.add_done_callback(self._task_over)
        try:
            with feed.sessions.when_ended(self._signed_in.token_hash, self._session.end):
                await self._join(hello)
                await self._receive()
        finally:
            feed.hub.leave(viewer)
            if works:
                feed.consoles.went(agent_id)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _join(self, hello: Hello) -> None:
        try:
            await self._feed.hub.join(self._viewer, hello.after, hello.epoch, hello.watch)
        except Unavailable as error:
            log.warning("feed.join", error=str(error))
            self._viewer.say_bye("slow", int(error.retry_after.total_seconds() * 1000))

    # --- from the console ---------------------------------------------------------------------

    async def _next(self) -> Message | None:
        """The next message; None when the other end is gone. Raises _Closing."""
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            self._count()
            try:
                return read(message.data)
            except Invalid as error:
                code = (
                    WSCloseCode.INVALID_TEXT
                    if error.code == "malformed"
                    else WSCloseCode.POLICY_VIOLATION
                )
                raise _Closing(code, str(error)) from None
        if message.type is WSMsgType.BINARY:
            raise _Closing(WSCloseCode.UNSUPPORTED_DATA, "text only")
        return None

    def _count(self) -> None:
        now = self._loop.time()
        earned = (now - self._counted_at) * _MESSAGES_PER_SECOND
        self._allowance = min(_BURST, self._allowance + earned) - 1
        self._counted_at = now
        if self._allowance < 0:
            raise _Closing(WSCloseCode.POLICY_VIOLATION, "too many messages")

    async def _receive(self) -> None:
        while (message := await self._next()) is not None:
            match message:
                case Hello():
                    raise _Closing(WSCloseCode.POLICY_VIOLATION, "hello comes once")
                case CommandMessage():
                    await self._command(message)
                case Watch():
                    await self._watch(message)
                case Unwatch():
                    self._feed.hub.watches.unwatch(self._viewer, message.customer_id)
                case Typing():
                    self._feed.hub.typing(
                        self._viewer, message.conversation_id, typing=message.typing
                    )
                case Viewing():
                    await self._view(message)
                case ListingMessage():
                    self._feed.hub.customer_list.show(self._viewer, shows=message.listing)

    async def _command(self, message: CommandMessage) -> None:
        """One after the other, in the order given; the answer follows the command's frames.

        After a goodbye none is begun: the console asks again by the same id when it is back.
        """
        if self._viewer.bye is None:
            self._viewer.answering = True
            try:
                await self._carry_out(message)
            finally:
                self._viewer.answered()

    async def _carry_out(self, message: CommandMessage) -> None:
        feed, viewer = self._feed, self._viewer
        try:
            signed_in = await feed.sessions.used(self._signed_in.token_hash)
            if signed_in is None:
                raise Unauthenticated("The session has ended; sign in again.")
            command = build(message.name, message.data)
            # The desk keeps the keys of one person and command apart from all others.
            result = await feed.desk.execute(signed_in.actor, command, key=message.id)
            # The desk says up to where the log holds what the command did.
            head = int(result["seq"]) if "seq" in result else await feed.views.head()
            tail = frame("command.done", {"id": message.id, "result": result})
        except HubError as error:
            if error.code == STOPPING:
                # Whether it was carried out isn't known. The console asks again by the same id
                # when it is back, and is then told.
                viewer.say_bye("shutdown", 500)
            else:
                self._fail(message.id, error)
            if isinstance(error, Unauthenticated):  # on another node, or since the last look
                self._session.end()
            return
        except Exception:
            # A bug in one command must not end the console's feed.
            log.exception("feed.command.failed", command=message.name)
            self._fail(message.id, HubError("The hub failed to do this.", code="internal"))
            return
        feed.hub.when_sent(head, _REPLY_SECONDS, partial(self._reply, message.id, tail))

    def _reply(self, command_id: str, tail: bytes) -> None:
        """Its number is that of frames already in the buffer, so a resume can't skip any."""
        self._viewer.push(f"command:{command_id}", self._feed.hub.seq, tail)

    def _fail(self, command_id: str | None, error: HubError) -> None:
        data = {"id": command_id, "problem": self._feed.describe(error)}
        self._viewer.push(f"command:{command_id}", 0, frame("command.failed", data))

    async def _watch(self, message: Watch) -> None:
        try:
            await self._feed.hub.watches.watch(self._viewer, message.customer_id)
        except HubError as error:
            self._fail(None, error)

    async def _view(self, message: Viewing) -> None:
        try:
            await self._feed.hub.view(self._viewer, message.conversation_id)
        except HubError as error:
            self._fail(None, error)

    # --- to the console -----------------------------------------------------------------------

    async def _send(self) -> None:
        viewer, socket = self._viewer, self._socket
        try:
            while True:
                frames, bye = await viewer.take()
                self._sending_since = self._loop.time()
                for data in frames:
                    await socket.send_frame(data, WSMsgType.TEXT)
                if bye is not None:
                    await self._say_bye(bye)
                    return
                self._sending_since = None
        except (ConnectionError, ClientConnectionError):
            self._abort()

    async def _watch_sending(self) -> None:
        """A look now and then costs less than a time limit on every batch of frames."""
        while True:
            await asyncio.sleep(_SEND_SECONDS / 2)
            since = self._sending_since
            if since is not None and self._loop.time() - since >= _SEND_SECONDS:
                # The other end takes nothing: a polite close would wait for it as well.
                log.info("feed.stalled")
                self._abort()
                return

    async def _say_bye(self, bye: Bye) -> None:
        await self._socket.send_frame(self._viewer.bye_frame(bye), WSMsgType.TEXT)
        codes = {"shutdown": WSCloseCode.GOING_AWAY, "slow": WSCloseCode.TRY_AGAIN_LATER}
        code = codes.get(bye.reason, WSCloseCode.POLICY_VIOLATION)
        await self._close(code, bye.reason)

    async def _close(self, code: int, reason: str) -> None:
        # A close frame's reason has at most 123 bytes (RFC 6455, 5.5).
        with suppress(ConnectionError):
            await self._socket.close(code=code, message=reason.encode()[:120])

    def _abort(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()

    def _task_over(self, task: asyncio.Task[None]) -> None:
        """A side task that died of a bug must not leave a connection that only looks alive."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("feed.task.failed", task=task.get_name(), exc_info=error)
            self._abort()

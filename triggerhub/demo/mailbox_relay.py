"""The relay's SMTP server: who may say what when, what is objected to, and failures on demand.

Owns the conversation and the verdict; must not know what becomes of a mail that it takes.
"""

from __future__ import annotations

import asyncio
import hmac
import warnings
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from triggerhub.demo.mailbox_mail import ReceivedMail, keep
from triggerhub.demo.mailbox_rules import faults

Stage = Literal["MAIL", "RCPT", "DATA"]
Drop = Literal["connect", "before_data", "after_data"]

# The null sender of bounces, as aiosmtpd hands it over.
_NOBODY = "<>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A mail that the relay objected to."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    raw: bytes
    faults: tuple[str, ...]


class Relay:
    """``taken`` is called with every mail that passed, before it is answered."""

    def __init__(
        self,
        *,
        login: tuple[str, str] | None,
        unknown: set[str],
        max_bytes: int,
        now: Callable[[], datetime],
        taken: Callable[[ReceivedMail], Awaitable[None]],
        kept: int,
    ) -> None:
        self.refused: deque[Refused] = deque(maxlen=kept)
        self.unknown = unknown
        self.now = now
        self._login, self._max_bytes, self._taken = login, max_bytes, taken
        self._failures: dict[Stage, deque[str]] = {}
        self._drops: deque[Drop] = deque()
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    async def start(self, host: str, port: int) -> int:
        """Listens and says on which port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, host, port)
        listening: int = self._server.sockets[0].getsockname()[1]
        return listening

    async def stop(self) -> None:
        """Hangs up on everybody."""
        if self._server is not None:
            self._server.close()
            await asyncio.gather(*(connection.hang_up() for connection in self._connections))
            await self._server.wait_closed()

    def fail_next(self, code: int, text: str, *, at: Stage, times: int) -> None:
        """The next ``times`` commands of this kind are answered with this code (4xx, 5xx)."""
        answers = self._failures.setdefault(at, deque())
        answers.extend([f"{code} {code // 100}.3.0 {text}"] * times)

    def drop_next(self, when: Drop, *, times: int) -> None:
        """The next connections are lost: at once, before DATA, or after the mail was taken."""
        self._drops.extend([when] * times)

    def take_failure(self, stage: Stage) -> str | None:
        """The answer of an injected fault, once."""
        answers = self._failures.get(stage)
        return answers.popleft() if answers else None

    def _connection(self) -> _Connection:
        with warnings.catch_warnings():
            # It warns of passwords in the clear; this one never leaves the machine.
            warnings.simplefilter("ignore", UserWarning)
            return _Connection(
                _Handler(self),
                self._connections,
                drop=self._take_drop("connect"),
                data_size_limit=self._max_bytes,
                hostname="relay.example",
                ident="relay.example",
                auth_required=self._login is not None,
                auth_require_tls=False,
                authenticator=self._authenticate,
                loop=asyncio.get_running_loop(),
            )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        del server, session, envelope, mechanism
        if self._login is None or not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        user, password = (text.encode() for text in self._login)
        known = hmac.compare_digest(data.login, user)
        right = hmac.compare_digest(data.password, password)
        return AuthResult(success=known and right, handled=False)

    def _take_drop(self, when: Drop) -> bool:
        if self._drops and self._drops[0] == when:
            self._drops.popleft()
            return True
        return False

    async def take(self, mail: ReceivedMail, *, eight_bit: bool) -> str | None:
        """Judges and keeps a mail. The SMTP answer, or None where the connection is to be lost."""
        if self._take_drop("before_data"):
            return None
        if answer := self.take_failure("DATA"):
            return answer
        found = faults(mail.raw, eight_bit=eight_bit)
        if found:
            refused = Refused(
                mail_from=mail.mail_from, rcpt_tos=mail.rcpt_tos, raw=mail.raw, faults=tuple(found)
            )
            keep(self.refused, refused)
            return f"550 5.6.0 {'; '.join(found)}"[:500].encode("ascii", "replace").decode()
        await self._taken(mail)
        return None if self._take_drop("after_data") else "250 2.0.0 taken"


class _Handler:
    """aiosmtpd's hooks; their names and parameters are its protocol."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session
        if answer := self._relay.take_failure("MAIL"):
            return answer
        if address != _NOBODY and "@" not in address:
            return "553 5.1.7 a sender has a domain"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session
        if answer := self._relay.take_failure("RCPT"):
            return answer
        if "@" not in address:
            return "553 5.1.3 a recipient has a domain"
        if address.lower() in self._relay.unknown:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del session
        raw = envelope.original_content
        assert isinstance(raw, bytes)
        mail = ReceivedMail(
            mail_from="" if envelope.mail_from == _NOBODY else envelope.mail_from or "",
            rcpt_tos=tuple(envelope.rcpt_tos),
            raw=raw,
            received_at=self._relay.now(),
        )
        eight_bit = any(option.upper() == "BODY=8BITMIME" for option in envelope.mail_options)
        answer = await self._relay.take(mail, eight_bit=eight_bit)
        if answer is None:
            if isinstance(server.transport, asyncio.WriteTransport):
                server.transport.abort()
            return "421 4.4.2 lost"
        return answer


class _Connection(SMTP):
    """One connection, known to the relay so that it can be ended with it."""

    def __init__(
        self, handler: _Handler, connections: set[_Connection], *, drop: bool, **options: Any
    ) -> None:
        super().__init__(handler, **options)
        self._connections = connections
        self._drop = drop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.add(self)
        if self._drop and isinstance(transport, asyncio.WriteTransport):
            transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        super().connection_lost(error)

    async def hang_up(self) -> None:
        """Closes, and waits for the handler to end."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        if self._handler_coroutine is not None:
            await asyncio.gather(self._handler_coroutine, return_exceptions=True)

"""One SMTP conversation with a peer: aiosmtpd's dialogue, with our limits and our reading of DATA.

Owns which commands are answered how (RFC 5321, 1870, 3207, 6152, 6531, 2920). Must not know
accounts, the log, or what becomes of a message: it asks the ``Reception`` behind it.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import ssl
from dataclasses import dataclass
from typing import AnyStr, Protocol, cast

import structlog
from aiosmtpd.smtp import SMTP, TLSSetupException
from aiosmtpd.smtp import Envelope as SmtpEnvelope
from aiosmtpd.smtp import Session as SmtpSession
from typing_extensions import override

from channels.email.receive_data import Incoming
from channels.email.receive_path import NOBODY, POSTMASTER, path_of
from channels.email.settings import ListenerSettings

_log = structlog.get_logger("channels.email")

# A peer that goes on talking without delivering anything is sent away.
_CALL_LIMITS = {"NOOP": 100, "HELP": 10, "VRFY": 10, "EXPN": 10, "AUTH": 3, "EHLO": 20, "HELO": 20}
_MAX_ERRORS = 50
_GRACE = 5.0  # seconds to hear our last words


class Reception(Protocol):
    """Who decides about recipients and messages."""

    def recipient(self, address: str) -> bool:
        """Whether mail for this address is ours."""
        ...

    async def deliver(self, raw: bytes, letter: Letter) -> str:
        """The reply to the final dot; never raises for a fault of its own."""
        ...

    def hold(self, size: int) -> bool:
        """Count `size` more bytes (fewer, if negative) in memory; False: too many by now."""
        ...

    def left(self, session: MailSession) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What the dialogue said about a message: its envelope (RFC 5321, 3.3)."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    peer: str
    helo: str
    tls: str


class _Hooks:
    """aiosmtpd looks its hooks up by name on an object; this one has no more than those."""

    def __init__(self, reception: Reception, settings: ListenerSettings) -> None:
        self._reception = reception
        self._settings = settings

    async def handle_EHLO(  # noqa: N802 - named by aiosmtpd
        self,
        server: MailSession,
        session: SmtpSession,
        envelope: SmtpEnvelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        offered = [line[4:] for line in responses[:-1] if not line.startswith("250-AUTH")]
        offered.append("PIPELINING")
        return [f"250-{line}" for line in offered[:-1]] + [f"250 {offered[-1]}"]

    async def handle_MAIL(  # noqa: N802
        self,
        server: MailSession,
        session: SmtpSession,
        envelope: SmtpEnvelope,
        address: str,
        options: list[str],
    ) -> str:
        if address.lower() == POSTMASTER:
            return "553 5.1.7 The sender's address needs a domain"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: MailSession,
        session: SmtpSession,
        envelope: SmtpEnvelope,
        address: str,
        options: list[str],
    ) -> str:
        if len(envelope.rcpt_tos) >= self._settings.limits.recipients:
            return "452 4.5.3 Too many recipients; send the others in another transaction"
        if not self._reception.recipient(address):
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, TLSSetupException):
            _log.info("email.tls_refused", reason=str(error.__cause__))
        elif not isinstance(error, ConnectionError):
            _log.error("email.session_failed", exc_info=error)
        return "451 4.3.0 Something went wrong here; try again later"


class MailSession(SMTP):
    """A connection of one peer. `busy` from DATA until its reply is written, `stored` in the part
    of it in which the message is whole."""

    # Also the buffer of aiosmtpd's reader: large, so that a message is read in large pieces.
    line_length_limit = 64 * 1024

    def __init__(
        self,
        reception: Reception,
        settings: ListenerSettings,
        peer: str,
        tls_context: ssl.SSLContext | None,
    ) -> None:
        limits = settings.limits
        # aiosmtpd keeps this on the class and grows it with every EHLO of anybody.
        self.command_size_limits = collections.defaultdict(lambda: limits.command_line)
        self.command_size_limit = limits.command_line
        self.reception = reception
        self.peer = peer
        self.busy = False
        self.stored = False
        self.closing = False
        self.errors = 0
        self._limits = limits
        self._left = False
        self._last_words = "421 4.3.2 Shutting down; try again later"
        super().__init__(
            _Hooks(reception, settings),
            data_size_limit=limits.message,
            enable_SMTPUTF8=True,
            hostname=settings.hostname,
            ident="ESMTP",
            tls_context=tls_context,
            timeout=limits.idle.total_seconds(),
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            command_call_limit={**_CALL_LIMITS, "*": 1_000_000},
            loop=asyncio.get_running_loop(),
        )

    # --- the connection ---------------------------------------------------------------------

    def dismiss(self, *, unfinished: bool = False) -> None:
        """Say 421 and close (RFC 5321, 3.8): at once when idle, else after the reply that is being
        worked on. `unfinished`: also a peer whose message isn't whole yet doesn't go on."""
        self.closing = True
        if not self.busy or (unfinished and not self.stored):
            self._goodbye(self._last_words)

    def abort(self) -> None:
        """Cut the connection without a word."""
        wire = self._original_transport or self.transport
        if wire is not None:
            cast("asyncio.Transport", wire).abort()

    def _shaking_hands(self) -> bool:
        """After STARTTLS and before TLS: a word in the clear is none there."""
        return self._original_transport is not None and not (self.session and self.session.ssl)

    @override
    def connection_lost(self, error: Exception | None) -> None:
        # After a failed TLS handshake aiosmtpd calls this itself, and asyncio once more.
        if not self._left:
            self._left = True
            self.reception.left(self)
            super().connection_lost(error)

    @override
    async def _handle_client(self) -> None:
        # The peer may go away while we are writing: there is nobody to tell then.
        with contextlib.suppress(ConnectionError):
            await super()._handle_client()

    @override
    def _timeout_cb(self) -> None:
        self._goodbye("421 4.4.2 Waited too long")

    @override
    async def push(self, status: AnyStr) -> None:
        await super().push(status)
        if status[:1] in ("5", b"5"):  # of whatever kind: it was a mistake, and took an answer
            self.errors += 1
        if status[:3] in ("550", b"550", "552", b"552"):  # mail that somebody will miss
            _log.info("email.refused", code=int(status[:3]), peer=self.peer)
        if self.errors > _MAX_ERRORS and not self.closing:
            self.closing = True
            self._goodbye("421 4.7.0 Too many errors")

    def _goodbye(self, line: str) -> None:
        if self._shaking_hands():
            self.abort()  # and no more: smtp_STARTTLS must see it
        elif self.transport is not None and not self.transport.is_closing():
            self._writer.write(line.encode("ascii") + b"\r\n")
            self.transport.close()
            # A peer that doesn't read would keep the rest of our words, and itself, for ever.
            if self._timeout_handle is not None:
                self._timeout_handle.cancel()
            self._timeout_handle = self.loop.call_later(_GRACE, self.abort)
            # What the peer has sent ahead must not be carried out any more.
            if self._handler_coroutine is not None:
                self._handler_coroutine.cancel()

    # --- commands ---------------------------------------------------------------------------

    @override
    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # aiosmtpd reads it with the standard library's header parser, which is slow and raises on
        # hostile input.
        return path_of(arg)

    @override
    async def smtp_STARTTLS(self, arg: str) -> None:
        if self.session is not None and self.session.ssl:
            await self.push("503 5.5.1 TLS is active already")  # RFC 3207, section 4.2
            return
        await super().smtp_STARTTLS(arg)
        # A connection that is lost in the middle of the handshake looks like success to asyncio,
        # and nobody would tell us again: not even this, were it cancelled meanwhile.
        if self._original_transport is not None and self._original_transport.is_closing():
            self.connection_lost(None)

    @override
    async def smtp_VRFY(self, arg: str) -> None:
        await self.push("502 5.5.1 VRFY is not offered")

    @override
    async def smtp_EXPN(self, arg: str) -> None:
        await self.push("502 5.5.1 EXPN is not offered")

    @override
    async def smtp_AUTH(self, arg: str) -> None:
        await self.push("502 5.5.1 AUTH is not offered: mail is taken in here, not passed on")

    @override
    async def smtp_HELP(self, arg: str) -> None:
        await self.push("214 2.0.0 EHLO MAIL RCPT DATA RSET NOOP QUIT STARTTLS")

    @override
    async def smtp_DATA(self, arg: str) -> None:
        if await self.check_helo_needed():
            return
        if not self.envelope or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Need RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 DATA takes no argument")
            return
        message = Incoming(self._limits.message, self.reception.hold)
        self.busy = True
        try:
            await self.push("354 End with <CR><LF>.<CR><LF>")
            self._reset_timeout(self._limits.data.total_seconds())
            await message.read(self._reader)
            self._reset_timeout()
            if message.endless:
                self.closing = True
                self._last_words = "421 4.7.0 The limit stood in the reply to EHLO"
            self.stored = True
            reply = message.refusal or await self.reception.deliver(message.taken(), self._letter())
            self.envelope = self._create_envelope()
            await self.push(reply)
        finally:
            message.release()
            self.busy = self.stored = False
        if self.closing:
            self.dismiss()

    def _letter(self) -> Letter:
        assert self.envelope is not None
        assert self.session is not None
        sender = self.envelope.mail_from or ""
        tls = self.session.ssl["ssl_object"].version() if self.session.ssl else ""
        return Letter(
            mail_from="" if sender == NOBODY else sender,
            rcpt_to=tuple(self.envelope.rcpt_tos),
            peer=self.peer,
            helo=_printable(self.session.host_name or ""),
            tls=tls or "",
        )


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() and char.isascii() else "?" for char in text[:255])

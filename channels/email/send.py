"""One attempt to hand a mail to the relay, and what its end means.

Owns the relay's address and the question "may it have gone out?": until the final dot is written
the answer is no, after it only the relay knows. Must not know retries, accounts or the outbox.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, cast
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog
from aiosmtplib.protocol import SMTPProtocol

from channels.email.compose import ComposedMail
from triggerhub.domain.errors import Ambiguous, Invalid, Rejected, Unavailable
from triggerhub.domain.masking import masked
from triggerhub.domain.model.message import SendOutcome

_log = structlog.get_logger("channels.email")

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_HERE = ("localhost", "127.0.0.1", "::1")
_STUFF = re.compile(rb"^\.", re.MULTILINE)
_PIECE = 64 * 1024

Security = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where mail leaves. Made from ``TRIGGERHUB_RELAY_URL`` by ``relay_of``."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)


def relay_of(url: str) -> Relay:
    """``smtp://host:port``, ``smtps://…`` or ``smtp+starttls://user:password@host:port``.

    ``smtp://`` is in the clear, unless there is a password and the relay isn't on this machine:
    then it is ``smtp+starttls://``. Raises Invalid, without the URL in its words.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise Invalid("the relay's URL can't be read; write smtp://host:port") from exc
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise Invalid("write the relay as smtp://, smtps:// or smtp+starttls:// and host:port")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise Invalid("the relay's URL has a user without a password, or the other way round")
    security: Security = "none"
    if parts.scheme == "smtps":
        security = "tls"
    elif parts.scheme == "smtp+starttls" or (user and parts.hostname not in _HERE):
        security = "starttls"
    return Relay(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        security=security,
        user=user,
        password=password,
    )


class SmtpRelay:
    """Hands mails to one relay, each over a connection of its own, a few at a time."""

    def __init__(
        self,
        relay: Relay,
        *,
        hostname: str,
        tls: ssl.SSLContext | None = None,
        connect_timeout: timedelta = timedelta(seconds=15),
        reply_timeout: timedelta = timedelta(minutes=1),
        begin_timeout: timedelta = timedelta(minutes=5),
        end_timeout: timedelta = timedelta(minutes=5),
        at_once: int = 8,
    ) -> None:
        """`hostname` is said in EHLO.

        `begin_timeout`: for everything before the final dot, so that nothing has gone out when it
        passes. `end_timeout`: wait for the reply to that dot (RFC 5321 section 4.5.3.2.6 would
        have ten minutes). Waiting for one of the `at_once` places counts for neither.
        """
        self._relay = relay
        self._hostname = hostname
        self._connect_timeout = connect_timeout.total_seconds()
        self._reply_timeout = reply_timeout.total_seconds()
        self._begin_timeout = begin_timeout.total_seconds()
        self._end_timeout = end_timeout.total_seconds()
        self._places = asyncio.Semaphore(at_once)
        # Reading the certificates of the system takes longer than sending a mail: once.
        self._tls = tls
        if tls is None and relay.security != "none":
            self._tls = ssl.create_default_context()

    async def send(self, mail: ComposedMail) -> SendOutcome:
        """Raises Rejected (5xx to this mail), Unavailable (nothing went out), Ambiguous."""
        async with self._places:
            client = self._client()
            try:
                try:
                    async with asyncio.timeout(self._begin_timeout):
                        await self._connect(client)
                        protocol = await self._transfer(client, mail)
                except TimeoutError as exc:
                    raise Unavailable("the relay is too slow", code="relay_slow") from exc
                await self._end(client, protocol)
            finally:
                client.close()
        return SendOutcome(reference=mail.message_id)

    async def try_out(self) -> None:
        """Everything that precedes a mail, and no mail. Raises Unavailable with the reason."""
        client = self._client()
        try:
            await self._connect(client)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._relay.host,
            port=self._relay.port,
            local_hostname=self._hostname,
            timeout=self._reply_timeout,
            use_tls=self._relay.security == "tls",
            start_tls=self._relay.security == "starttls",
            tls_context=self._tls,
        )

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        """Ready for MAIL; else Unavailable, for a fault on the way is no fault of the mail."""
        try:
            await client.connect(timeout=self._connect_timeout)
            await client.ehlo()
            if self._relay.user:
                await client.login(self._relay.user, self._relay.password)
        except aiosmtplib.SMTPResponseException as exc:
            _log.warning("email.relay_refuses", code=exc.code)
            raise Unavailable(_said("the relay refuses us", exc), code="relay_refuses") from exc
        except (aiosmtplib.SMTPException, OSError) as exc:
            raise Unavailable(f"the relay can't be reached: {exc}", code="relay_down") from exc

    async def _transfer(self, client: aiosmtplib.SMTP, mail: ComposedMail) -> SMTPProtocol:
        """Everything but the final dot."""
        options = []
        if client.supports_extension("size"):
            options.append(f"SIZE={len(mail.raw)}")
        if mail.utf8:
            if not client.supports_extension("smtputf8"):
                raise Rejected(
                    "the relay can't carry an address that isn't ASCII (SMTPUTF8)",
                    code="smtputf8_missing",
                )
            options.append("SMTPUTF8")
        encoding = "utf-8" if mail.utf8 else "ascii"
        try:
            await client.mail(mail.sender, options=options, encoding=encoding)
            await client.rcpt(mail.recipient, encoding=encoding)
            go_ahead = await client.execute_command(b"DATA")
            if go_ahead.code != 354:
                raise aiosmtplib.SMTPDataError(go_ahead.code, go_ahead.message)
            protocol = client.protocol
            if protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("connection lost before the message")
            await self._write(client, protocol, mail.raw)
        except aiosmtplib.SMTPResponseException as exc:
            raise _verdict(exc) from exc
        except (aiosmtplib.SMTPException, OSError) as exc:
            raise Unavailable(f"the relay went away: {exc}", code="relay_lost") from exc
        return protocol

    async def _write(self, client: aiosmtplib.SMTP, protocol: SMTPProtocol, raw: bytes) -> None:
        """All but the final dot, and wait until it is on its way."""
        # Not isinstance: the transports of other event loops (uvloop) inherit from nothing.
        transport = cast("asyncio.WriteTransport | None", client.transport)
        if transport is None:
            raise aiosmtplib.SMTPServerDisconnected("connection lost before the message")
        body = _STUFF.sub(b"..", raw if raw.endswith(b"\r\n") else raw + b"\r\n")
        # Nothing may stay in our own buffer: what is written after this is the dot alone.
        transport.set_write_buffer_limits(high=0)
        for start in range(0, len(body), _PIECE):
            protocol.write(body[start : start + _PIECE])
            await protocol._drain_helper()  # noqa: SLF001 - the class offers no other wait

    async def _end(self, client: aiosmtplib.SMTP, protocol: SMTPProtocol) -> None:
        """Write the final dot and hear what the relay says to it."""
        try:
            protocol.write(b".\r\n")
        except aiosmtplib.SMTPServerDisconnected as exc:
            raise Unavailable("the relay went away before the end", code="relay_lost") from exc
        try:
            answer = await protocol.read_response(timeout=self._end_timeout)
        except (aiosmtplib.SMTPException, OSError) as exc:
            raise Ambiguous(f"no answer to the end of the message: {exc}") from exc
        if not 200 <= answer.code < 600:
            raise Ambiguous(f"the relay answered {answer.code} to the end of the message")
        if answer.code >= 300:
            raise _verdict(aiosmtplib.SMTPDataError(answer.code, answer.message))
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=1)


def _verdict(exc: aiosmtplib.SMTPResponseException) -> Rejected | Unavailable:
    """What a reply to MAIL, RCPT, DATA or the final dot means for this mail."""
    text = _said("the relay answered", exc)
    if 500 <= exc.code < 600:
        return Rejected(text, code=f"smtp_{exc.code}")
    return Unavailable(text, code=f"smtp_{exc.code}" if exc.code > 0 else "relay_garbled")


def _said(what: str, exc: aiosmtplib.SMTPResponseException) -> str:
    words = " ".join(exc.message.encode("utf-8", "replace").decode("utf-8").split())
    return f"{what}: {exc.code} {masked(words)[:500]}"

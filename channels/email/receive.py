"""The listener for e-mail: who may connect, for whom, and the "250" that follows the commit.

Owns the life of the socket and the translation of our errors into SMTP replies. Parses nothing:
the bytes are kept as they were transmitted and read later. Must not know what is done with them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import orjson
import structlog

from channels.email.receive_certificate import tls_context, written
from channels.email.receive_door import Door, Refusal
from channels.email.receive_key import delivery_key, told_by_headers
from channels.email.receive_path import POSTMASTER
from channels.email.receive_session import Letter, MailSession
from channels.email.reply_address import mailbox_of
from channels.email.settings import ListenerSettings
from config.mailbox import normal, normal_domain
from triggerhub.domain.clock import Clock
from triggerhub.domain.errors import Invalid, Rejected, TooLarge, Unavailable
from triggerhub.domain.model.message import Account, Arrival
from triggerhub.domain.ports import AccountDirectory, Inbox

_log = structlog.get_logger("channels.email")

CERTIFICATE_EVERY = 60.0  # seconds between looks at its files
_LAST_WORDS = 1.0  # seconds at the end for a peer to take them
_HASH_IN_THREAD = 256 * 1024
_TRY_AGAIN = "451 4.3.0 Could not be stored now; try again later"


class MailServer:
    """Takes mail in over SMTP for every account of the directory.

    ``start`` → ``stop_accepting`` → ``drain`` → ``close``; each is safe to call again.
    """

    def __init__(
        self, inbox: Inbox, accounts: AccountDirectory, clock: Clock, settings: ListenerSettings
    ) -> None:
        self._inbox = inbox
        self._accounts = accounts
        self._clock = clock
        self._settings = settings
        self._written = written(settings)
        self._tls = tls_context(settings)
        self._server: asyncio.Server | None = None
        self._sessions: set[MailSession] = set()
        self._peers: Counter[str] = Counter()
        self._commits: set[asyncio.Task[str]] = set()
        self._held = 0
        self._nobody_left = asyncio.Event()
        self._draining = False

    # --- its life ---------------------------------------------------------------------------

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one. Raises OSError where the address can't be had."""
        # aiosmtpd logs every command with its addresses at INFO, and faults a second time.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Door(self.enter), host or None, port)
        _log.info("email.listening", host=host, port=self.port, starttls=self._tls is not None)

    @property
    def port(self) -> int:
        """The port that it listens on. Raises RuntimeError when it doesn't."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the mail server isn't listening")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        return len(self._sessions)

    async def follow_certificate(self) -> None:
        """Until cancelled: look now and then whether the certificate was renewed."""
        while True:
            await asyncio.sleep(CERTIFICATE_EVERY)
            try:
                if await asyncio.to_thread(self.renew_certificate):
                    _log.info("email.certificate_renewed")
            except Invalid as error:
                # One of the two is written after the other: the old pair stays meanwhile.
                _log.error("email.certificate_refused", reason=str(error))

    def renew_certificate(self) -> bool:
        """Read certificate and key anew if their files have changed; whether they had.

        Connections to come get the new one. Raises Invalid where the two can't be used together.
        """
        found = written(self._settings)
        if found == self._written:
            return False
        self._tls, self._written = tls_context(self._settings), found
        return True

    def stop_accepting(self) -> None:
        """Close the door; conversations that are under way go on."""
        if self._server is not None:
            self._server.close()

    async def drain(self, timeout: timedelta) -> bool:
        """Send idle peers away with 421, let messages under way end; True if all did in time.

        Who is then still in the middle of a message, or when this is cancelled, is sent away, too.
        """
        self._dismiss(unfinished=False)
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                await self._gone()
        except TimeoutError:
            return False
        finally:
            self._dismiss(unfinished=True)
        return True

    async def close(self) -> None:
        """Send away whoever is left, after the reply to a message that is whole."""
        self._dismiss(unfinished=True)
        while self._commits:
            await asyncio.wait(tuple(self._commits))
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await self._gone()
        for session in tuple(self._sessions):
            session.abort()
        await self._gone()
        self._server = None

    def _dismiss(self, *, unfinished: bool) -> None:
        self.stop_accepting()
        self._draining = True
        for session in tuple(self._sessions):
            session.dismiss(unfinished=unfinished)

    async def _gone(self) -> None:
        while self._sessions:
            self._nobody_left.clear()
            await self._nobody_left.wait()
        while self._commits:
            await asyncio.wait(tuple(self._commits))

    # --- the reception behind a conversation ------------------------------------------------

    def enter(self, peer: str) -> MailSession | Refusal:
        """The conversation for a new connection, or a refusal where there are too many."""
        limits = self._settings.limits
        if self._draining:
            return Refusal("421 4.3.2 Shutting down; try again later")
        if len(self._sessions) >= limits.connections:
            return Refusal("421 4.3.2 Too many connections; try again later")
        if self._peers[peer] >= limits.connections_per_peer:
            return Refusal("421 4.7.0 Too many connections from your address")
        session = MailSession(self, self._settings, peer, self._tls)
        self._sessions.add(session)
        self._peers[peer] += 1
        return session

    def left(self, session: MailSession) -> None:
        if session in self._sessions:
            self._sessions.remove(session)
            self._peers[session.peer] -= 1
            if not self._peers[session.peer]:
                del self._peers[session.peer]
        if not self._sessions:
            self._nobody_left.set()

    def hold(self, size: int) -> bool:
        self._held += size
        return self._held <= self._settings.limits.in_flight

    def recipient(self, address: str) -> bool:
        return self._account(address) is not None

    async def deliver(self, raw: bytes, letter: Letter) -> str:
        commit = asyncio.get_running_loop().create_task(self._commit(raw, letter))
        self._commits.add(commit)
        commit.add_done_callback(self._commits.discard)
        # A peer that hangs up must not tear a commit in two.
        return await asyncio.shield(commit)

    async def _commit(self, raw: bytes, letter: Letter) -> str:
        try:
            arrivals = await self._arrivals(raw, letter)
        except Exception as bug:  # noqa: BLE001 - whatever it is, the peer keeps the message
            _log.error("email.accept_failed", exc_info=bug)
            return _TRY_AGAIN
        if len(arrivals) == 1:  # nearly always: no need for a task of its own
            outcomes: list[BaseException | None] = [await self._accept(arrivals[0])]
        else:
            outcomes = list(await asyncio.gather(*map(self._accept, arrivals)))
        faults = [outcome for outcome in outcomes if outcome is not None]
        if not faults:
            return "250 2.0.0 OK, stored"
        if all(isinstance(fault, TooLarge) for fault in faults):
            return "552 5.3.4 Message too big"
        if all(isinstance(fault, Rejected) for fault in faults):
            return "554 5.6.0 Message refused"
        return _TRY_AGAIN  # the accounts that have it already will recognise it

    async def _accept(self, arrival: Arrival) -> Exception | None:
        """Commit one arrival; what went wrong is logged here and returned."""
        try:
            accepted = await self._inbox.accept(arrival)
        except Rejected as refused:
            _log.warning("email.rejected", account=arrival.account_id, code=refused.code)
            return refused
        except Unavailable as busy:
            _log.warning("email.unavailable", account=arrival.account_id, code=busy.code)
            return busy
        except Exception as bug:  # noqa: BLE001 - answered with 451, so nothing is lost
            _log.error("email.accept_failed", account=arrival.account_id, exc_info=bug)
            return bug
        _log.debug(
            "email.accepted",
            account=arrival.account_id,
            arrival=accepted.id,
            duplicate=accepted.duplicate,
            size=len(arrival.raw),
        )
        return None

    async def _arrivals(self, raw: bytes, letter: Letter) -> Sequence[Arrival]:
        """One for each account among the recipients, with that account's recipients alone."""
        recipients: dict[str, list[str]] = {}
        for address in letter.rcpt_to:
            account = self._account(address)
            if account is None:
                raise Unavailable("an account went away between RCPT and the final dot")
            recipients.setdefault(account.id, []).append(address)
        if len(raw) > _HASH_IN_THREAD:
            key = await asyncio.to_thread(delivery_key, raw)
        else:
            key = delivery_key(raw)
        told = told_by_headers(raw)
        received_at = self._clock.now().isoformat()
        return [
            Arrival(
                channel="email",
                account_id=account_id,
                external_id=key,
                raw=raw,
                media_type="message/rfc822",
                envelope={
                    "mail_from": letter.mail_from,
                    "rcpt_to": orjson.dumps(addresses).decode(),
                    "peer": letter.peer,
                    "helo": letter.helo,
                    "tls": letter.tls,
                    "received_at": received_at,
                    **told,
                },
            )
            for account_id, addresses in recipients.items()
        ]

    def _account(self, address: str) -> Account | None:
        mailbox = normal(address)
        return (
            self._accounts.by_address("email", mailbox)
            or self._accounts.by_address("email", mailbox_of(mailbox))
            or self._postmaster(mailbox)
        )

    def _postmaster(self, mailbox: str) -> Account | None:
        """Who takes mail for the postmaster where no account has that address.

        It may come without a domain and must be taken for each that is served (RFC 5321, 4.5.1).
        Of the accounts that could be meant, the one that is a postmaster elsewhere, else the first.
        """
        local, at, domain = mailbox.partition("@")
        if local != POSTMASTER:
            return None
        found = self._accounts.of_channel("email")
        if at and domain != normal_domain(self._settings.hostname):
            found = [
                account
                for account in found
                if any(address.endswith(f"@{domain}") for address in account.addresses)
            ]
        named = (
            account
            for account in found
            if any(address.startswith(f"{POSTMASTER}@") for address in account.addresses)
        )
        return next(named, found[0] if found else None)

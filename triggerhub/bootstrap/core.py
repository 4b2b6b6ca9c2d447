"""The half that writes and decides: the log, the router, the outbox. It has no door."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from typing import Protocol

from channels.email.adapter import EmailChannel
from channels.email.compose import ComposedMail
from channels.email.parse.worker import ParserPool
from channels.email.proof import ProofSettings, SenderProof
from channels.email.reply_address import ReplyAddresses
from channels.email.send import SmtpRelay, relay_of
from channels.sms.channel import SmsChannel
from channels.sms.media import MediaFetcher
from channels.sms.transport import Transport
from config.settings import Settings
from router.delivery.outbox import Outbox
from router.desk import Options, RouterDesk
from router.leader import Leader
from router.media import Fetcher
from router.presences import RouterPresences
from router.reading import Readers
from router.resolve.step import Resolver
from storage import pruning
from storage.directory import SqlAccountDirectory
from storage.engine import Database
from storage.store import Store
from storage.views import SqlViews
from triggerhub.bootstrap.parts import Parts
from triggerhub.database import open_store
from triggerhub.domain.clock import RandomIds, SystemClock
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.model.message import SendOutcome
from triggerhub.domain.ports import Channel, CoreState
from triggerhub.lifecycle import Part, side_parts
from triggerhub.seeding import apply_seed

BUSY_MS = 5_000  # twice that, for who comes while another waits, is less than a carrier waits
ROUTER_WITHIN = 2.0  # seconds that the doors wait for the router's first step


class MailSender(Protocol):
    async def send(self, mail: ComposedMail) -> SendOutcome: ...


class NoRelay:
    """Stands where no mail relay is configured: mail waits in the outbox and says why."""

    async def send(self, mail: ComposedMail) -> SendOutcome:
        raise Unavailable("no RELAY_URL is configured", code="no_relay")


@dataclass(slots=True, kw_only=True)
class Core:
    """`background` is to be supervised until `close`; implements CoreFace."""

    settings: Settings
    store: Store
    views: SqlViews
    directory: SqlAccountDirectory
    desk: RouterDesk
    presences: RouterPresences
    leader: Leader
    readers: Readers
    outbox: Outbox
    fetcher: Fetcher
    media: MediaFetcher
    channels: Mapping[str, Channel]
    proof: SenderProof
    parsers: ParserPool
    transport: Transport

    def background(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What runs until cancelled, by name; each may be started again after a fault."""
        return {
            "accounts": self.directory.follow,
            "presence": self.presences.run,
            "router": self.leader.run,
            "reading": self.readers.run,
            "outbox": self.outbox.run,
            "media": self.fetcher.run,
            "pruning": partial(pruning.run, self.store),
        }

    def services(self) -> list[Part]:
        """The store first, which all others need, and which is closed last, whatever fails.

        While one of the others fails everything is still accepted. Where the router is what
        failed, or has lost its database, `/readyz` says no until it has worked again.
        """
        return [
            Part(name="store", run=self.store.watch, close=self.store.stop),
            Part(name="channels", close=self.close_channels),
            *side_parts(
                self.background(),
                finishes={"outbox": self.finish},
                closes={
                    "presence": self.presences.release,
                    "outbox": self.outbox.close,
                    "router": self.leader.release,
                },
            ),
        ]

    async def settled(self) -> None:
        # So that who is told "ready" finds it ready; a router in trouble keeps no door shut.
        with suppress(TimeoutError):
            async with asyncio.timeout(ROUTER_WITHIN):
                await self.leader.known.wait()

    async def state(self) -> CoreState:
        return CoreState(
            leading=self.leader.leading.is_set(),
            following=self.leader.following,
            position=self.leader.position if self.leader.leading.is_set() else None,
            stuck_seconds=self.store.writer.stuck_seconds,
            missing=self.readers.missing,
            stream=self.store.tail.stream.healthy,
        )

    async def finish(self) -> None:
        """What is under way to customers is finished; nothing new is begun."""
        await self.outbox.finish()

    async def close_channels(self) -> None:
        """Let go of processes, threads and connections to the outside."""
        self.proof.close()
        await self.parsers.close()
        await self.transport.close()
        await self.media.close()

    async def close(self) -> None:
        """For who runs it without a supervisor: everything, after the background has ended."""
        try:
            await self.outbox.finish()
            await self.presences.release()
            await self.leader.release()
            await self.close_channels()
        finally:
            await self.store.stop()


async def build_core(settings: Settings, parts: Parts) -> Core:
    """On an up-to-date schema: its store started, its seed applied."""
    clock = parts.clock or SystemClock()
    ids = parts.ids or RandomIds(clock)
    store = open_store(settings, clock=clock, ids=ids, busy_ms=BUSY_MS)
    await store.start()
    await apply_seed(store, settings.seed)
    directory = SqlAccountDirectory(store)
    await directory.load()
    networks = tuple(ip_network(n) for n in settings.trusted_peers)
    proof = SenderProof(
        ProofSettings(
            trusted_peers=networks,
            edge_peers=networks,
            authserv_ids=frozenset(settings.trusted_authserv),
        ),
        look_up=parts.look_up,
    )
    parsers = ParserPool()
    transport = Transport(settings.twilio_api_url)
    channels: dict[str, Channel] = {
        "email": EmailChannel(
            parser=parsers,
            proof=proof,
            replies=ReplyAddresses(store.kit.vault.derive("reply")),
            relay=_relay(settings),
        ),
        "sms": SmsChannel(transport, public_url=settings.base_url),
        "whatsapp": SmsChannel(transport, public_url=settings.base_url, name="whatsapp"),
    }
    media = MediaFetcher(settings.twilio_api_url)
    node = _node(store.database)
    presences = RouterPresences(store, store, clock=clock, node=node)
    leader = Leader(
        store,
        store,
        Resolver(channels, ids),
        clock=clock,
        ids=ids,
        node=node,
        on_taking_over=presences.take_stock,
    )
    await leader.take()  # before the first console can come
    leading = leader.leading
    return Core(
        settings=settings,
        store=store,
        views=SqlViews(store),
        directory=directory,
        desk=RouterDesk(store, Options(undo=parts.undo)),
        presences=presences,
        leader=leader,
        readers=Readers(store, store, directory, channels, leading=leading),
        outbox=Outbox(store, store, directory, channels, clock=clock, leading=leading),
        fetcher=Fetcher(
            store, store, directory, {"sms": media, "whatsapp": media}, clock=clock, leading=leading
        ),
        media=media,
        channels=channels,
        proof=proof,
        parsers=parsers,
        transport=transport,
    )


def _relay(settings: Settings) -> MailSender:
    if settings.relay_url is None:
        return NoRelay()
    return SmtpRelay(relay_of(settings.relay_url.get_secret_value()), hostname=settings.mail_name)


def _node(database: Database) -> str:
    """Who we are to the lease. A SQLite file has one hub: it takes its lease up again at once."""
    if database.dialect == "sqlite":
        return "sqlite"
    # In containers both may be the same on every node.
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

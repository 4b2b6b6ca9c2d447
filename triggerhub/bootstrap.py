"""Picks the implementations, wires them and returns a Hub; no globals. Tests pass parts."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from agent_console.api.route import HubFace
from agent_console.server import ConsoleServer, console_server
from channels.email import proof_dkim
from channels.email.adapter import EmailChannel
from channels.email.compose import ComposedMail
from channels.email.parse.worker import ParserPool
from channels.email.proof import ProofSettings, SenderProof
from channels.email.proof_dkim import LookUp
from channels.email.receive import MailServer
from channels.email.reply_address import ReplyAddresses
from channels.email.send import SmtpRelay, relay_of
from channels.email.settings import ListenerSettings
from channels.sms import receive as sms_receive
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
from storage.writer import Writer
from triggerhub.company import CompanyFace
from triggerhub.database import open_store
from triggerhub.domain.clock import Clock, IdSource, RandomIds, SystemClock
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.model.message import SendOutcome
from triggerhub.domain.ports import Channel
from triggerhub.http import Drain, create_app, create_runner, problem_of
from triggerhub.measuring import LogMeter, MeasuredInbox
from triggerhub.observability import Metrics
from triggerhub.seeding import apply_seed

log = structlog.get_logger(__name__)

BUSY_MS = 5_000  # twice that, for who comes while another waits, is less than a carrier waits
STUCK = 5.0  # seconds without a commit, though there was something to commit
ROUTER_WITHIN = 2.0  # seconds that the doors wait for the router's first step
CONSOLE_FILES = Path(__file__).parent.parent / "agent_console" / "static"


class MailSender(Protocol):
    async def send(self, mail: ComposedMail) -> SendOutcome: ...


class NoRelay:
    """Stands where no mail relay is configured: mail waits in the outbox and says why."""

    async def send(self, mail: ComposedMail) -> SendOutcome:
        raise Unavailable("no RELAY_URL is configured", code="no_relay")


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a caller may replace. None: the real one."""

    clock: Clock | None = None
    ids: IdSource | None = None
    look_up: LookUp = proof_dkim.dns_txt
    undo: timedelta = timedelta(seconds=5)
    demo_logins: tuple[dict[str, str], ...] = ()
    demo: bool = False
    routes: Sequence[web.AbstractRouteDef] = ()


@dataclass(slots=True, kw_only=True)
class Hub:
    """A wired hub. `start` → (running) → `stop`; `background` is to be supervised in between."""

    settings: Settings
    store: Store
    directory: SqlAccountDirectory
    company: CompanyFace
    views: SqlViews
    desk: RouterDesk
    presences: RouterPresences
    leader: Leader
    readers: Readers
    outbox: Outbox
    mail: MailServer
    console: ConsoleServer
    metrics: Metrics
    meters: LogMeter
    media: MediaFetcher
    fetcher: Fetcher
    channels: Mapping[str, Channel]
    drain: Drain
    runner: web.AppRunner
    proof: SenderProof
    parsers: ParserPool
    transport: Transport
    http_port: int = 0
    _site: web.TCPSite | None = field(default=None)

    @property
    def smtp_port(self) -> int:
        return self.mail.port

    def background(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What runs until cancelled, by name; each may be started again after a fault."""
        return {
            "accounts": self.directory.follow,
            "company": self.company.follow,
            "presence": self.presences.run,
            "router": self.leader.run,
            "reading": self.readers.run,
            "outbox": self.outbox.run,
            "media": self.fetcher.run,
            "console": self.console.run,
            "meters": self.meters.run,
            "pruning": partial(pruning.run, self.store),
            "certificate": self.mail.follow_certificate,
        }

    async def listen(self) -> None:
        """Open the doors: HTTP, then SMTP. Raises OSError where an address can't be had."""
        # So that who is told "ready" finds it ready; a router in trouble keeps no door shut.
        with suppress(TimeoutError):
            async with asyncio.timeout(ROUTER_WITHIN):
                await self.leader.known.wait()
        await self.runner.setup()
        self._site = web.TCPSite(self.runner, self.settings.http_host, self.settings.http_port)
        await self._site.start()
        self.http_port = int(self.runner.addresses[0][1])
        await self.mail.start(self.settings.smtp_host, self.settings.smtp_port)

    async def stop_accepting(self) -> None:
        """Nothing new comes in; what was accepted is finished. `/readyz` says no from here on."""
        self.drain.begin()
        self.mail.stop_accepting()
        if self._site is not None:
            await self._site.stop()
        await self.mail.drain(timedelta(seconds=self.settings.drain_seconds))

    async def say_goodbye(self) -> None:
        """Consoles are told to come back; open requests end."""
        await self.console.drain()
        await self.runner.cleanup()
        await self.mail.close()

    async def close_channels(self) -> None:
        """Let go of processes, threads and connections to the outside."""
        self.proof.close()
        await self.parsers.close()
        await self.transport.close()
        await self.media.close()

    async def close(self) -> None:
        """For who runs a hub without a supervisor: everything, after the background has ended."""
        try:
            await self.outbox.finish()
            await self.presences.release()
            await self.leader.release()
            await self.close_channels()
        finally:
            await self.store.stop()


async def build(settings: Settings, parts: Parts | None = None) -> Hub:
    """A hub on an up-to-date schema, its store started, its seed applied; no door is open yet."""
    parts = parts or Parts()
    clock = parts.clock or SystemClock()
    ids = parts.ids or RandomIds(clock)
    store = open_store(settings, clock=clock, ids=ids, busy_ms=BUSY_MS)
    await store.start()
    await apply_seed(store, settings.seed)
    views = SqlViews(store)
    directory = SqlAccountDirectory(store)
    await directory.load()
    company = CompanyFace(store, views)
    await company.load()
    metrics = Metrics()
    metrics.stream.set_function(lambda: store.tail.stream.healthy)
    inbox = MeasuredInbox(store, metrics)
    replies = ReplyAddresses(store.kit.vault.derive("reply"))
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
        "email": EmailChannel(parser=parsers, proof=proof, replies=replies, relay=_relay(settings)),
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
    readers = Readers(store, store, directory, channels, leading=leader.leading)
    metrics.content_missing.set_function(lambda: readers.missing)
    await leader.take()  # before the first console can come
    desk = RouterDesk(store, Options(undo=parts.undo))
    drain = Drain()
    console = console_server(
        views=views,
        desk=desk,
        tail=store,
        credentials=views,
        accounts=directory,
        presences=presences,
        clock=clock,
        epoch=await views.epoch(),
        face=HubFace(
            name=lambda: company.name,
            timezone=lambda: company.timezone,
            version=version("triggerhub"),
            demo=parts.demo,
            demo_logins=parts.demo_logins,
            source=settings.base_url,
        ),
        describe=problem_of,
        origins=frozenset({_origin(settings.base_url)}),
        https=settings.base_url.startswith("https://"),
    )
    app = create_app(
        routes=[
            *sms_receive.routes(inbox, directory, public_url=settings.base_url),
            *console.routes,
            *parts.routes,
        ],
        registry=metrics.registry,
        checks={"database": _database_check(views, store.writer), "router": _router_check(leader)},
        drain=drain,
        notes={
            "content": partial(_content_note, readers),
            **({"redis": partial(_redis_note, store)} if settings.redis_url else {}),
        },
        console_files=CONSOLE_FILES if (CONSOLE_FILES / "index.html").is_file() else None,
        https=settings.base_url.startswith("https://"),
        proxies=tuple(ip_network(n) for n in settings.trusted_proxies),
    )
    mail = MailServer(
        inbox,
        directory,
        clock,
        ListenerSettings(
            hostname=settings.mail_name,
            certificate=settings.tls_certificate,
            key=settings.tls_key,
        ),
    )
    return Hub(
        settings=settings,
        store=store,
        directory=directory,
        company=company,
        views=views,
        desk=desk,
        presences=presences,
        leader=leader,
        readers=readers,
        outbox=Outbox(store, store, directory, channels, clock=clock, leading=leader.leading),
        mail=mail,
        media=media,
        fetcher=Fetcher(
            store,
            store,
            directory,
            {"sms": media, "whatsapp": media},
            clock=clock,
            leading=leader.leading,
        ),
        console=console,
        metrics=metrics,
        meters=LogMeter(
            store=store,
            views=views,
            position=lambda: leader.position if leader.leading.is_set() else None,
            consoles=lambda: console.hub.viewers,
            metrics=metrics,
        ),
        channels=channels,
        drain=drain,
        runner=create_runner(app),
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


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _database_check(views: SqlViews, writer: Writer) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        await views.head()
        if writer.stuck_seconds > STUCK:
            raise Unavailable("nothing could be written for seconds", code="storage_unavailable")

    return check


def _router_check(leader: Leader) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        # On a node that follows, another one leads: that is as good as it gets.
        if not leader.leading.is_set() and not leader.following:
            raise Unavailable("the router has not taken its lease yet", code="starting")

    return check


def _content_note(readers: Readers) -> str:
    missing = readers.missing
    return f"mails whose large content this node can't find: {missing}" if missing else "ok"


def _redis_note(store: Store) -> str:
    return "ok" if store.tail.stream.healthy else "not reached: this node looks at the log itself"

"""The half that speaks with the outside: HTTP, SMTP, consoles. It reads, and writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from agent_console.api.route import HubFace
from agent_console.pages import PAGES
from agent_console.server import ConsoleServer, console_server
from channels.email.receive import MailServer
from channels.email.settings import ListenerSettings
from channels.sms import receive as sms_receive
from config.settings import Settings
from storage.directory import SqlAccountDirectory
from storage.reading import ReadStore
from storage.views import SqlReads
from triggerhub.bootstrap.parts import CorePorts, Parts
from triggerhub.company import CompanyFace
from triggerhub.domain.clock import SystemClock
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.ports import CoreFace
from triggerhub.http import Drain, create_app, create_runner, problem_of
from triggerhub.lifecycle import Part, side_parts
from triggerhub.measuring import LogMeter, MeasuredInbox
from triggerhub.observability import Metrics

STUCK = 5.0  # seconds without a commit, though there was something to commit
CONSOLE_FILES = Path(__file__).parents[2] / "agent_console" / "static"


@dataclass(slots=True, kw_only=True)
class Edge:
    """`listen` → (running) → `stop_accepting`, `say_goodbye`; `background` is to be supervised."""

    settings: Settings
    store: ReadStore
    core: CoreFace
    directory: SqlAccountDirectory
    company: CompanyFace
    console: ConsoleServer
    mail: MailServer
    metrics: Metrics
    meters: LogMeter
    drain: Drain
    runner: web.AppRunner
    http_port: int = 0
    _site: web.TCPSite | None = field(default=None)

    @property
    def smtp_port(self) -> int:
        return self.mail.port

    def background(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What runs until cancelled, by name; each may be started again after a fault."""
        return {
            "addresses": self.directory.follow,
            "company": self.company.follow,
            "console": self.console.run,
            "meters": self.meters.run,
            "certificate": self.mail.follow_certificate,
        }

    def services(self) -> list[Part]:
        """The doors last."""
        return [
            *side_parts(self.background()),
            Part(
                name="doors",
                start=self.listen,
                stop_accepting=self.stop_accepting,
                goodbye=self.say_goodbye,
            ),
        ]

    def restarted(self, service: str) -> None:
        """Counts a part of the hub, in whichever process, that was started again."""
        self.metrics.restarts.labels(service=service).inc()

    async def listen(self) -> None:
        """Open the doors: HTTP, then SMTP. Raises OSError where an address can't be had."""
        await self.core.settled()
        await self.runner.setup()
        self._site = web.TCPSite(self.runner, self.settings.http_host, self.settings.http_port)
        await self._site.start()
        self.http_port = int(self.runner.addresses[0][1])
        await self.mail.start(self.settings.smtp_host, self.settings.smtp_port)

    async def stop_accepting(self) -> None:
        """Nothing new comes in; what was accepted is finished. `/readyz` says no from here on.

        Consoles are told at once, each after the answer to the command that it waits for: another
        node can have them, however long a mail under way here takes.
        """
        self.drain.begin()
        self.mail.stop_accepting()
        if self._site is not None:
            await self._site.stop()
        # Half of the time, for what was accepted has to be finished after that.
        half = self.settings.drain_seconds / 2
        async with asyncio.TaskGroup() as group:
            group.create_task(self.console.drain(half))
            group.create_task(self.mail.drain(timedelta(seconds=half)))

    async def say_goodbye(self) -> None:
        """Open requests end, and whoever is still there is cut off."""
        await self.runner.cleanup()
        await self.mail.close()


async def build_edge(settings: Settings, parts: Parts, ports: CorePorts) -> Edge:
    """No door is open yet. The store of `ports` has been started."""
    clock = parts.clock or SystemClock()
    core, store = ports.core, ports.store
    reads = SqlReads(store)
    directory = SqlAccountDirectory(store)
    await directory.load()
    company = CompanyFace(store, reads)
    await company.load()
    metrics = Metrics(core=ports.process)
    https = settings.base_url.startswith("https://")
    drain = Drain()
    console = console_server(
        views=ports.views,
        desk=ports.desk,
        tail=store,
        credentials=ports.views,
        accounts=directory,
        presences=ports.presences,
        clock=clock,
        epoch=await reads.epoch(),
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
        https=https,
    )
    inbox = MeasuredInbox(ports.inbox, metrics)
    app = create_app(
        routes=[
            *sms_receive.routes(inbox, directory, public_url=settings.base_url),
            *console.routes,
            *parts.routes,
        ],
        registry=metrics.registry,
        checks={"database": _database_check(reads, core), "router": _router_check(core)},
        drain=drain,
        notes={
            "content": _content_note(core),
            **({"redis": _redis_note(core)} if settings.redis_url else {}),
        },
        console_pages=PAGES,
        console_files=CONSOLE_FILES if (CONSOLE_FILES / "index.html").is_file() else None,
        https=https,
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
    return Edge(
        settings=settings,
        store=store,
        core=core,
        directory=directory,
        company=company,
        console=console,
        mail=mail,
        metrics=metrics,
        meters=LogMeter(
            store=store,
            views=reads,
            core=core,
            consoles=lambda: console.hub.viewers,
            metrics=metrics,
        ),
        drain=drain,
        runner=create_runner(app),
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _database_check(views: SqlReads, core: CoreFace) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        await views.head()
        if (await core.state()).stuck_seconds > STUCK:
            raise Unavailable("nothing could be written for seconds", code="storage_unavailable")

    return check


def _router_check(core: CoreFace) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        # On a node that follows, another one leads: that is as good as it gets.
        state = await core.state()
        if not state.leading and not state.following:
            raise Unavailable("the router has not taken its lease yet", code="starting")

    return check


def _content_note(core: CoreFace) -> Callable[[], Awaitable[str]]:
    async def note() -> str:
        missing = (await core.state()).missing
        return f"mails whose large content this node can't find: {missing}" if missing else "ok"

    return note


def _redis_note(core: CoreFace) -> Callable[[], Awaitable[str]]:
    async def note() -> str:
        stream = (await core.state()).stream
        return "ok" if stream else "not reached: this node looks at the log itself"

    return note

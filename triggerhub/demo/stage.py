"""The demo from outside the hub: the company in its database, the stand-ins, the customer's page.

The outside world of the demo is 127.0.0.2: from there a mail proves nothing by itself, it has to
be signed. What comes from 127.0.0.1 (you, with any mail client) is trusted at its word.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog
from pydantic import SecretStr

from channels.email.adapter import EmailChannel
from channels.email.parse.worker import ParserPool
from channels.email.proof import ProofSettings, SenderProof
from channels.email.reply_address import ReplyAddresses
from channels.sms.channel import SmsChannel
from channels.sms.transport import Transport
from config.settings import Settings
from router.resolve.step import Resolver
from storage.engine import Database
from storage.transaction import Transaction
from triggerhub import administration as admin
from triggerhub.accounts import AccountSpec, put_account
from triggerhub.administration import UserSpec
from triggerhub.apart.spawn import Spawned
from triggerhub.bootstrap.core import NoRelay
from triggerhub.bootstrap.edge import Edge
from triggerhub.bootstrap.parts import Parts
from triggerhub.database import make_data_folder, migrate, open_store
from triggerhub.demo.carrier import Carrier
from triggerhub.demo.carrier_message import Step as Progress
from triggerhub.demo.carrier_rules import CarrierAccount
from triggerhub.demo.company import Company, script
from triggerhub.demo.mailbox import Mailbox
from triggerhub.demo.page import CustomerPage
from triggerhub.demo.player import Doors, play
from triggerhub.demo.words_of_events import told
from triggerhub.domain.clock import ManualClock, RandomIds, SystemClock
from triggerhub.lifecycle import Part
from triggerhub.serving import serve
from triggerhub.sole import sole_hub

log = structlog.get_logger(__name__)

OUTSIDE = "127.0.0.2"
INSIDE = ("127.0.0.1/32", "::1/128")
MANAGED_BY = "demo"
# So that a person sees the ticks change.
_TEXT = (Progress(status="sent", after=0.4), Progress(status="delivered", after=1.2))
_WHATSAPP = (*_TEXT, Progress(status="read", after=4.0))


# Enough that what a visitor sends is offered beside what is in hand.
CAPACITY = {"email": 4, "sms": 2, "whatsapp": 2}


@dataclass(slots=True, kw_only=True)
class Stage:
    """`open` first; then a hub on `settings` and `parts`, with `beside(hub)` as its company."""

    settings: Settings
    company: Company
    carrier: Carrier
    mailbox: Mailbox
    page: CustomerPage
    parts: Parts
    _events: asyncio.Queue[tuple[int, str, datetime, str]] = field(
        default_factory=partial(asyncio.Queue, 1000)
    )

    async def beside(self, hub: Edge) -> list[Part]:
        """Services that run with the hub."""

        async def follow() -> None:
            await follow_events(hub, self._events)

        async def start() -> None:
            # The doors are open and their ports known.
            self.carrier.hub_address = f"http://127.0.0.1:{hub.http_port}"
            self.mailbox.hub_port = hub.smtp_port
            await self.page.start()

        async def close() -> None:
            await self.page.stop()
            await self.carrier.stop()
            await self.mailbox.stop()

        async def leave() -> None:
            # An open page would keep its connection to the hub's own port.
            self.page.belongings.close()

        return [
            Part(
                name="demo", vital=False, start=start, run=follow, stop_accepting=leave, close=close
            )
        ]


async def follow_events(hub: Edge, events: asyncio.Queue[tuple[int, str, datetime, str]]) -> None:
    """What just happened, in words, for the customer's page; until cancelled."""
    async for batch in hub.store.subscribe():
        for item in batch:
            words = told(item.fact)
            if words is not None and not events.full():
                events.put_nowait((item.seq, item.type, item.at, words))


async def serve_demo(
    settings: Settings,
    *,
    core: Spawned | None = None,
    on_ready: Callable[[Edge], None] | None = None,
) -> int:
    """A hub with the demo around it, until it is asked to stop; the exit code."""
    database = Database(_own_folder(settings).database).path
    if database is not None and database.is_file():
        with sole_hub(database):  # say so before anything of it is looked at
            pass
    stage = await open_stage(settings)
    return await serve(
        stage.settings, stage.parts, core=core, on_ready=on_ready, beside=stage.beside
    )


async def open_stage(settings: Settings) -> Stage:
    """See that the company is in the database, its past played once, and start the stand-ins."""
    settings = _own_folder(settings)
    company = script(SystemClock().now())
    mailbox = Mailbox(source=OUTSIDE)
    key = asyncio.create_task(asyncio.to_thread(mailbox.published_key))
    await _make(settings, company)  # first: where it fails, no stand-in is left behind
    carrier = Carrier(
        [
            CarrierAccount(
                sid=account.account_sid,
                auth_token=account.auth_token,
                numbers=account.numbers,
                sms_url=f"{settings.base_url}/hooks/twilio/sms",
            )
            for account in company.sms_accounts
        ]
        + [  # of the configuration file: they may be tried out beside the demo's own
            CarrierAccount(
                sid=account.account_sid,
                auth_token=account.auth_token.get_secret_value(),
                numbers=account.numbers,
                sms_url=f"{settings.base_url}/hooks/twilio/sms",
            )
            for account in settings.seed.sms.accounts
        ],
        plan=_TEXT,
        whatsapp_plan=_WHATSAPP,
    )
    await carrier.start()
    await mailbox.start()
    events: asyncio.Queue[tuple[int, str, datetime, str]] = asyncio.Queue(1000)
    page = CustomerPage(phone=carrier, post=mailbox, events=_drained(events))
    carrier.on_message = page.on_message
    mailbox.on_mail = page.on_mail
    settings = settings.model_copy(
        update={
            "twilio_api_url": carrier.url,
            "relay_url": SecretStr(mailbox.relay_url),
            "trusted_peers": INSIDE,
        }
    )
    parts = Parts(
        demo=True,
        demo_logins=tuple(
            {
                "login": user.login,
                "password": user.password,
                "name": user.name,
                "role": user.role,
            }
            for user in company.users
        ),
        look_up=await key,
        routes=page.routes(),
    )
    return Stage(
        settings=settings,
        company=company,
        carrier=carrier,
        mailbox=mailbox,
        page=page,
        parts=parts,
        _events=events,
    )


def _own_folder(settings: Settings) -> Settings:
    """The demo's database is its own, unless a place was named."""
    if settings.database_url is not None or settings.data_dir != Path("data"):
        return settings
    return settings.model_copy(update={"data_dir": settings.data_dir / "demo"})


async def _drained(
    events: asyncio.Queue[tuple[int, str, datetime, str]],
) -> AsyncIterator[tuple[int, str, datetime, str]]:
    while True:
        yield await events.get()


async def _make(settings: Settings, company: Company) -> None:
    """The company's database, whole or not at all: made aside, then given its name.

    One on PostgreSQL is made in place.
    """
    make_data_folder(settings)
    database = Database(settings.database).path
    if database is None or database.is_file():
        await asyncio.to_thread(migrate, settings)
        await _put_company(settings, company)
        return
    aside = database.with_name(f".{database.name}.making")
    for left in aside.parent.glob(f"{aside.name}*"):  # by a start that was cut
        left.unlink()
    made = settings.model_copy(update={"database_url": SecretStr(f"sqlite:///{aside}")})
    await asyncio.to_thread(migrate, made)
    await _put_company(made, company)
    aside.rename(database)


async def _put_company(settings: Settings, company: Company) -> None:
    clock = ManualClock(company.steps[0].at)
    ids = RandomIds(clock)
    store = open_store(settings, clock=clock, ids=ids)
    await store.start()
    parsers, transport = ParserPool(1), Transport(settings.twilio_api_url)
    proof = SenderProof(ProofSettings(verify_dkim=False))
    try:
        if await store.read(lambda reader: reader.head()) > 0:
            return
        hashed = await asyncio.to_thread(admin.hash_password, company.users[0].password)
        await store.write(partial(_configure, company=company, hashed=hashed))
        replies = ReplyAddresses(store.kit.vault.derive("reply"))
        proof = SenderProof(_trusting())
        email = EmailChannel(parser=parsers, proof=proof, replies=replies, relay=NoRelay())
        texts = {
            name: SmsChannel(transport, public_url=settings.base_url, name=name)
            for name in ("sms", "whatsapp")
        }
        await play(
            company,
            Doors(
                clock=clock,
                store=store,
                inbox=store,
                resolver=Resolver({"email": email, **texts}, ids),
                email=email,
                replies=replies,
            ),
        )
    finally:
        await store.stop()
        await parsers.close()
        await transport.close()
        proof.close()


def _trusting() -> ProofSettings:
    from ipaddress import ip_network

    return ProofSettings(
        trusted_peers=tuple(ip_network(network) for network in INSIDE), verify_dkim=False
    )


def _configure(tx: Transaction, *, company: Company, hashed: str) -> None:
    """Queues, accounts and people of the company. One password for all, so one hash."""
    admin.configure_hub(
        tx,
        name=company.name,
        timezone=company.timezone,
        default_region=company.region,
        language="en",
    )
    names = {queue.key: queue.name for queue in company.queues}
    for queue in company.queues:
        admin.put_queue(
            tx,
            name=queue.name,
            sla_seconds=queue.sla_seconds,
            offer_seconds=queue.offer_seconds,
            managed_by=MANAGED_BY,
        )
    for mailbox in company.mail_accounts:
        put_account(
            tx,
            AccountSpec(
                channel="email",
                name=mailbox.name,
                addresses=mailbox.addresses,
                queue=names[mailbox.queue],
            ),
            managed_by=MANAGED_BY,
        )
    for number in company.sms_accounts:
        for channel in ("sms", "whatsapp"):
            put_account(
                tx,
                AccountSpec(
                    channel=channel,
                    name=number.name,
                    addresses=number.numbers,
                    queue=names[number.queue],
                    options={"account_sid": number.account_sid},
                    secrets={"auth_token": number.auth_token},
                ),
                managed_by=MANAGED_BY,
            )
    for user in company.users:
        admin.put_user(
            tx,
            UserSpec(
                login=user.login,
                name=user.name,
                role=user.role,
                language="zh-CN" if user.language == "zh" else "en",
                queues=tuple(names[key] for key in user.queues),
                password_hash=hashed,
                capacity=CAPACITY,
            ),
            managed_by=MANAGED_BY,
        )

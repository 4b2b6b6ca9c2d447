"""The hub's own parts on a clock in the past, as the demo is played through them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import cast

from channels.email.adapter import EmailChannel
from channels.email.compose import ComposedMail
from channels.email.parse.worker import ParserPool
from channels.email.proof import ProofSettings, SenderProof
from channels.email.reply_address import ReplyAddresses
from channels.sms.channel import SmsChannel
from channels.sms.transport import Transport
from router.resolve.step import Resolver
from storage.engine import Database
from storage.files import ContentFiles
from storage.schema import migrate
from storage.store import Store
from storage.streams.memory import MemoryStream
from storage.tail import Tail
from storage.vault import Vault
from triggerhub.demo.company import Company
from triggerhub.demo.player import Doors
from triggerhub.domain import events as ev
from triggerhub.domain.clock import ManualClock, RandomIds
from triggerhub.domain.events import Fact
from triggerhub.domain.model.message import SendOutcome
from triggerhub.domain.ports import Channel
from triggerhub.domain.work import Work


class _NoRelay:
    async def send(self, mail: ComposedMail) -> SendOutcome:
        raise AssertionError("nothing leaves while the past is played")


def settings_of(company: Company) -> list[Fact]:
    """What configures the company, as the seed does it; keys serve as ids."""
    facts: list[Fact] = [
        ev.HubConfigured(
            name=company.name,
            timezone=company.timezone,
            default_region=company.region,
            language="en",
        )
    ]
    facts += [
        ev.QueueConfigured(
            queue_id=queue.key,
            name=queue.name,
            sla_seconds=queue.sla_seconds,
            offer_seconds=queue.offer_seconds,
            auto_accept=False,
            managed_by="demo",
        )
        for queue in company.queues
    ]
    facts += [
        ev.UserConfigured(
            user_id=f"us_{person.login}",
            login=person.login,
            name=person.name,
            role=person.role,
            language=person.language,
            queue_ids=person.queues,
            managed_by="demo",
        )
        for person in company.users
    ]
    accounts = [(a.key, "email", a.name, a.addresses, a.queue) for a in company.mail_accounts]
    accounts += [
        (f"{a.key}-{channel}", channel, a.name, a.numbers, a.queue)
        for a in company.sms_accounts
        for channel in ("sms", "whatsapp")
    ]
    facts += [
        ev.AccountConfigured(
            account_id=key,
            channel=channel,
            name=name,
            addresses=addresses,
            queue_id=queue,
            options={},
            secret_content=None,
            managed_by="demo",
        )
        for key, channel, name, addresses, queue in accounts
    ]
    return facts


@asynccontextmanager
async def past_hub(company: Company, folder: Path) -> AsyncIterator[tuple[Doors, Store]]:
    """Everything but the network: SQLite, the router moved by hand, mails read under guard."""
    clock = ManualClock(datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    clock.set(company.steps[0].at - timedelta(days=2))
    vault = Vault(b"a key for the demo's test")
    ids = RandomIds(clock)
    tail = Tail(MemoryStream())
    store = Store(
        Database(f"sqlite:///{folder / 'hub.db'}"),
        clock=clock,
        ids=ids,
        vault=vault,
        files=ContentFiles(folder / "content"),
        tail=tail,
    )
    await asyncio.to_thread(migrate, store.database, backups=folder, now=clock.now())
    await store.start()

    def configure(work: Work) -> None:
        work.append(*settings_of(company), actor="system:seed")

    await store.run(configure)
    replies = ReplyAddresses(hashlib.sha256(b"replies").digest())
    trusted = (ip_network("127.0.0.0/8"),)
    proof = SenderProof(ProofSettings(trusted_peers=trusted, verify_dkim=False))
    async with ParserPool() as parser:
        email = cast(
            "Channel",
            EmailChannel(parser=parser, proof=proof, replies=replies, relay=_NoRelay()),
        )
        texts = {
            name: SmsChannel(cast("Transport", None), public_url="http://localhost", name=name)
            for name in ("sms", "whatsapp")
        }
        resolver = Resolver({"email": email, **texts}, ids)
        try:
            yield (
                Doors(
                    clock=clock,
                    store=store,
                    inbox=store,
                    resolver=resolver,
                    email=email,
                    replies=replies,
                ),
                store,
            )
        finally:
            proof.close()
            await store.stop()

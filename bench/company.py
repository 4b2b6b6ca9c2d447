"""The company that is measured: its accounts, agents and secrets, all invented.

Owns what loader, server and load must agree on; starts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from config.settings import Settings
from storage.store import Store
from storage.transaction import Transaction
from storage.views import SqlViews
from triggerhub import administration as admin
from triggerhub.accounts import AccountSpec, put_account
from triggerhub.administration import UserSpec

PUBLIC_URL = "http://hub.example"
SMS_PATH = "/hooks/twilio/sms"
MASTER_KEY = "benchmark-benchmark-benchmark"
ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "b" * 32
SUPPORT_NUMBER = "+12025550100"  # its queue has all the agents
CROWD_NUMBER = "+12025550101"  # its queue has nobody: messages are resolved and then wait
MAILBOX = "support@hub.example"
HISTORIAN = "history"  # the agent who answered everything in the loaded past
# Nobody signs in by password here, so the hash needs no password behind it.
_NO_PASSWORD = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$bm9ib2R5a25vd3N0aGlzcGFzc3dvcmQ"
MARK = "7777777"  # stands for a customer's number in the loaded past, see bench.history
PHONE = "+9990000"  # a country code that the ITU keeps in reserve, and the customer's seven digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One console's sign-in, made beside the password check (which takes a tenth of a second)."""

    number: int

    @property
    def login(self) -> str:
        return f"agent-{self.number:03d}"

    @property
    def session(self) -> str:
        return f"session-of-{self.login}"

    @property
    def csrf(self) -> str:
        return f"csrf-of-{self.login}"

    @property
    def session_hash(self) -> str:
        return sha256(self.session.encode()).hexdigest()


def phone(customer: int) -> str:
    return f"{PHONE}{customer:07d}"


def settings(folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": folder,
            "public_url": PUBLIC_URL,
            "master_key": MASTER_KEY,
            "trusted_peers": ("127.0.0.0/8",),
        }
    )


async def found(store: Store, agents: int) -> None:
    """Put the company into an empty hub."""
    await store.write(lambda tx: _found(tx, agents))


def _found(tx: Transaction, agents: int) -> None:
    admin.configure_hub(tx, name="Bench", timezone="UTC", default_region="US", language="en")
    for queue in ("Support", "Crowd"):
        admin.put_queue(tx, name=queue, offer_seconds=50)  # ends in the minute that it began in
    for number, queue in ((SUPPORT_NUMBER, "Support"), (CROWD_NUMBER, "Crowd")):
        put_account(
            tx,
            AccountSpec(
                channel="sms",
                name=queue,
                addresses=(number,),
                queue=queue,
                options={"account_sid": ACCOUNT_SID},
                secrets={"auth_token": AUTH_TOKEN},
            ),
        )
    put_account(tx, AccountSpec(channel="email", name="Mail", addresses=(MAILBOX,), queue="Crowd"))
    logins = [HISTORIAN, *(Agent(number=number).login for number in range(agents))]
    for login in logins:
        admin.put_user(
            tx,
            UserSpec(
                login=login,
                name=login.title(),
                role="agent",
                queues=("Support",),
                password_hash=_NO_PASSWORD,
            ),
        )


async def sign_in(store: Store, agents: int, until: datetime) -> None:
    """A session for every agent, as a sign-in would have left it."""
    views = SqlViews(store)
    for number in range(agents):
        agent = Agent(number=number)
        found = await views.user_by_login(agent.login)
        assert found is not None
        await views.put_session(agent.session_hash, found[0].id, agent.csrf, until)

"""Facts about what an administrator sets."""

from __future__ import annotations

from dataclasses import field

from triggerhub.domain.events.registry import Fact, fact


@fact("hub.configured")
class HubConfigured(Fact):
    """`presences`: what its agents can be beside what every company's can, as people read it."""

    name: str
    timezone: str
    default_region: str
    language: str
    presences: tuple[str, ...] = ()


@fact("account.configured")
class AccountConfigured(Fact):
    """One mailbox, number, bot or widget. Secrets are beside the log, encrypted."""

    account_id: str
    channel: str
    name: str
    addresses: tuple[str, ...]
    queue_id: str | None
    options: dict[str, str]
    secret_content: str | None
    managed_by: str


@fact("account.removed")
class AccountRemoved(Fact):
    account_id: str


@fact("queue.configured")
class QueueConfigured(Fact):
    queue_id: str
    name: str
    sla_seconds: int
    offer_seconds: int
    auto_accept: bool
    managed_by: str


@fact("queue.removed")
class QueueRemoved(Fact):
    queue_id: str


@fact("user.configured")
class UserConfigured(Fact):
    """A person who can sign in. `name` and `login` are staff data, not a customer's."""

    user_id: str
    login: str
    name: str
    role: str
    language: str
    queue_ids: tuple[str, ...]
    managed_by: str
    disabled: bool = False
    capacity: dict[str, int] = field(default_factory=dict)


@fact("user.password_set")
class UserPasswordSet(Fact):
    user_id: str
    hash_content: str


@fact("token.created")
class TokenCreated(Fact):
    token_id: str
    name: str
    role: str
    hash_content: str


@fact("token.revoked")
class TokenRevoked(Fact):
    token_id: str

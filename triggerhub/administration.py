"""What an administrator does: the company, queues, accounts, users, passwords, tokens.

Each step is a job on the store, so the command line works beside a running hub; whatever is
already as wanted appends nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import orjson
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from storage.lookups import Lookups
from storage.transaction import Transaction
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, Invalid, NotFound
from triggerhub.domain.permissions import ROLES
from triggerhub.domain.work import Json

TOKEN_ROLES = tuple(role for role in ROLES if role != "agent")
ACTOR = "admin:command_line"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """A channel account as it should be. `queue`: the name of its queue."""

    channel: str
    name: str
    addresses: tuple[str, ...]
    queue: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSpec:
    """A person as they should be. `queues`: names. `password_hash`: argon2, or None to keep.

    `language` is the one they begin with: afterwards it is theirs to choose.
    """

    login: str
    name: str
    role: str
    language: str = "en"
    queues: tuple[str, ...] = ()
    password_hash: str | None = field(default=None, repr=False)
    capacity: Mapping[str, int] = field(default_factory=dict)


def hash_password(password: str) -> str:
    """About 100 ms of work."""
    return PasswordHasher().hash(password)


def matches(hashed: str, password: str) -> bool:
    """Whether this is the password behind the hash; about 100 ms of work."""
    try:
        return PasswordHasher().verify(hashed, password)
    except VerificationError:
        return False


def configure_hub(
    tx: Transaction, *, name: str, timezone: str, default_region: str, language: str
) -> None:
    row = tx.connection.one("SELECT name, timezone, default_region, language FROM hub")
    if row is None or tuple(row) != (name, timezone, default_region, language):
        tx.append(
            ev.HubConfigured(
                name=name, timezone=timezone, default_region=default_region, language=language
            ),
            actor=ACTOR,
        )


def put_queue(
    tx: Transaction,
    *,
    name: str,
    sla_seconds: int = 3600,
    offer_seconds: int = 30,
    auto_accept: bool = False,
    managed_by: str = "console",
) -> str:
    """The queue's id."""
    known = next((q for q in tx.queues() if q.name == name), None)
    wanted = (sla_seconds, offer_seconds, auto_accept, managed_by)
    if known is not None and wanted == (
        known.sla_seconds, known.offer_seconds, known.auto_accept, known.managed_by,
    ):  # fmt: skip
        return known.id
    queue_id = known.id if known is not None else tx.new_id("q")
    tx.append(
        ev.QueueConfigured(
            queue_id=queue_id,
            name=name,
            sla_seconds=sla_seconds,
            offer_seconds=offer_seconds,
            auto_accept=auto_accept,
            managed_by=managed_by,
        ),
        actor=ACTOR,
    )
    return queue_id


def _queue_id(tx: Transaction, name: str | None) -> str | None:
    if name is None:
        return None
    for queue in tx.queues():
        if queue.name == name:
            return queue.id
    raise NotFound(f"there is no queue named {name!r}")


def put_account(tx: Transaction, spec: AccountSpec, *, managed_by: str = "console") -> str:
    """The account's id. Raises Conflict where another account has one of its addresses."""
    queue_id = _queue_id(tx, spec.queue)
    known = None
    for account in tx.accounts(secrets=True):
        if account.channel != spec.channel:
            continue
        if account.name == spec.name:
            known = account
        elif taken := set(account.addresses) & set(spec.addresses):
            raise Conflict(f"{min(taken)} belongs to the account {account.name!r} already")
    if known is not None and (
        known.addresses, known.queue_id, dict(known.options), dict(known.secrets),
    ) == (spec.addresses, queue_id, dict(spec.options), dict(spec.secrets)):  # fmt: skip
        return known.id
    account_id = known.id if known is not None else tx.new_id("ac")
    tx.append(
        ev.AccountConfigured(
            account_id=account_id,
            channel=spec.channel,
            name=spec.name,
            addresses=spec.addresses,
            queue_id=queue_id,
            options=dict(spec.options),
            secret_content=tx.put_secret(spec.secrets) if spec.secrets else None,
            managed_by=managed_by,
        ),
        actor=ACTOR,
    )
    return account_id


def put_user(tx: Transaction, spec: UserSpec, *, managed_by: str = "console") -> str:
    """The user's id; a new user needs a password hash."""
    if spec.role not in ("agent", "supervisor", "admin"):
        raise Invalid(f"{spec.role!r} is not a role of a person: agent, supervisor or admin")
    queue_ids = tuple(q for name in spec.queues if (q := _queue_id(tx, name)) is not None)
    user_id = tx.user_by_login(spec.login)
    known = tx.users([user_id])[0] if user_id is not None else None
    if known is None and spec.password_hash is None:
        raise Invalid(f"{spec.login} needs a password")
    wanted = (spec.name, spec.role, queue_ids, dict(spec.capacity), managed_by)
    if known is None or wanted != (
        known.name, known.role, known.queue_ids, dict(known.capacity), known.managed_by,
    ):  # fmt: skip
        user_id = user_id or tx.new_id("user")
        tx.append(
            ev.UserConfigured(
                user_id=user_id,
                login=spec.login,
                name=spec.name,
                role=spec.role,
                language=known.language if known is not None else spec.language,
                queue_ids=queue_ids,
                managed_by=managed_by,
                capacity=dict(spec.capacity),
            ),
            actor=ACTOR,
        )
    assert user_id is not None
    if spec.password_hash is not None and spec.password_hash != password_hash(tx, user_id):
        content_id = tx.put_json("password", {"hash": spec.password_hash})
        tx.append(ev.UserPasswordSet(user_id=user_id, hash_content=content_id), actor=ACTOR)
    return user_id


def password_hash(tx: Transaction, user_id: str) -> str | None:
    row = tx.connection.one("SELECT hash_content FROM users WHERE id = :id", {"id": user_id})
    body = tx.body(row[0]) if row is not None else None
    return orjson.loads(body)["hash"] if body else None


def add_user(tx: Transaction, spec: UserSpec) -> str:
    """A new user. Raises Conflict where the login is taken."""
    if tx.user_by_login(spec.login) is not None:
        raise Conflict(f"the login {spec.login!r} is taken")
    return put_user(tx, spec)


def add_first(tx: Transaction, spec: UserSpec) -> bool:
    """Add the first administrator; False where there is one. Raises Conflict for a login in use."""
    if any(user.role == "admin" for user in tx.users()):
        return False
    add_user(tx, spec)
    return True


def new_token() -> str:
    """A fresh API token: 32 random bytes behind a prefix that secret scanners can know."""
    return f"thub_{secrets.token_urlsafe(32)}"


def create_token(tx: Transaction, *, name: str, role: str, token: str) -> str:
    """The token's id; only the hash of `token` is kept.

    Raises Invalid for an agent's: it would have no queues, and see nothing.
    """
    if role not in TOKEN_ROLES:
        of_agents = "; agents see their queues' work, and a token has none" * (role == "agent")
        raise Invalid(f"{role!r} is not a role of a token: {', '.join(TOKEN_ROLES)}{of_agents}")
    token_id = tx.new_id("tok")
    hashed = sha256(token.encode()).hexdigest()
    content_id = tx.put_json("token", {"hash": hashed})
    tx.append(
        ev.TokenCreated(token_id=token_id, name=name, role=role, hash_content=content_id),
        actor=ACTOR,
    )
    return token_id


def list_tokens(reader: Lookups) -> list[Json]:
    """{id, name, role, revoked} of each token that was ever made, by name."""
    rows = reader.connection.all("SELECT id, name, role, revoked FROM tokens ORDER BY name, id")
    return [{"id": row[0], "name": row[1], "role": row[2], "revoked": bool(row[3])} for row in rows]


def revoke_token(tx: Transaction, which: str) -> str:
    """End one token, named by its id or its name; the id. It is refused from now on, for good.

    Raises NotFound, and Conflict where several tokens in force have that name.
    """
    tokens = list_tokens(tx)
    found = [t["id"] for t in tokens if which in (t["id"], t["name"]) and not t["revoked"]]
    if not found:
        raise NotFound(f"there is no token {which!r} in force")
    if len(found) > 1:
        raise Conflict(f"{len(found)} tokens are named {which!r}; name one by its id")
    tx.append(ev.TokenRevoked(token_id=found[0]), actor=ACTOR)
    return str(found[0])

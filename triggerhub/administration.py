"""What an administrator does: the company, queues, users, passwords, tokens.

Accounts have a module of their own. Each step is a job on the store, so the command line works
beside a running hub; whatever is already as wanted appends nothing.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TypedDict, Unpack

import orjson
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from config.seed import LOGIN, NAME
from storage.lookups import Lookups
from storage.transaction import Transaction
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, Invalid, NotFound
from triggerhub.domain.permissions import ROLES
from triggerhub.domain.rows import QueueRow, UserRow
from triggerhub.domain.work import Json

TOKEN_ROLES = tuple(role for role in ROLES if role != "agent")
LANGUAGES = ("en", "zh-CN")
ACTOR = "admin:command_line"
_LOGIN = re.compile(r"[^\s\x00-\x1f]{1,100}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")


class _Changes(TypedDict, total=False):
    login: str
    name: str
    disabled: bool
    capacity: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSpec:
    """A person as they should be. `queues`: names. `password_hash`: argon2, or None to keep.

    `language` is the one they begin with: afterwards it is theirs to choose. `capacity`: pieces of
    work at a time, by channel; one where it says nothing. It and `disabled`: None to leave them as
    they are.
    """

    login: str
    name: str
    role: str
    language: str = "en"
    queues: tuple[str, ...] = ()
    password_hash: str | None = field(default=None, repr=False)
    capacity: Mapping[str, int] | None = None
    disabled: bool | None = None


def hash_password(password: str) -> str:
    """About 100 ms of work."""
    return PasswordHasher().hash(password)


def matches(hashed: str, password: str) -> bool:
    """Whether this is the password behind the hash; about 100 ms of work."""
    try:
        return PasswordHasher().verify(hashed, password)
    except VerificationError:
        return False


class _Hub(TypedDict, total=False):
    name: str
    timezone: str
    default_region: str
    language: str
    presences: tuple[str, ...]


def configure_hub(tx: Transaction, **changes: Unpack[_Hub]) -> None:
    """What isn't named stays as it is."""
    row = tx.connection.one("SELECT name, timezone, default_region, language FROM hub")
    name, timezone, region, language = row or ("Trigger Center", "UTC", "US", "en")
    known = ev.HubConfigured(
        name=name,
        timezone=timezone,
        default_region=region,
        language=language,
        presences=tx.presences(),
    )
    wanted = replace(known, **changes)
    wanted = replace(wanted, presences=tuple(dict.fromkeys(wanted.presences)))
    if row is None or wanted != known:
        tx.append(wanted, actor=ACTOR)


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


def queue_named(tx: Lookups, name: str) -> QueueRow:
    for queue in tx.queues():
        if queue.name == name:
            return queue
    raise NotFound(f"there is no queue named {name!r}")


def list_queues(reader: Lookups) -> list[Json]:
    """Each queue by name; `open` counts its work that isn't closed."""
    waiting = Counter(row.queue_id for row in reader.open_interactions())
    return [
        {
            "name": queue.name,
            "sla_seconds": queue.sla_seconds,
            "offer_seconds": queue.offer_seconds,
            "auto_accept": queue.auto_accept,
            "open": waiting[queue.id],
            "managed_by": queue.managed_by,
        }
        for queue in sorted(reader.queues(), key=lambda queue: queue.name)
    ]


def rename_queue(tx: Transaction, name: str, new: str) -> QueueRow:
    """The same queue under another name; the row as it was before. Raises Conflict where another
    has that name, Invalid where it can't be one.
    """
    queue = queue_named(tx, name)
    if any(other.name == new and other.id != queue.id for other in tx.queues()):
        raise Conflict(f"there is a queue named {new!r} already")
    if _as_name(new) != queue.name:
        tx.append(
            ev.QueueConfigured(
                queue_id=queue.id,
                name=new,
                sla_seconds=queue.sla_seconds,
                offer_seconds=queue.offer_seconds,
                auto_accept=queue.auto_accept,
                managed_by=queue.managed_by,
            ),
            actor=ACTOR,
        )
    return queue


def remove_queue(tx: Transaction, name: str) -> QueueRow:
    """Raises Conflict where work is in it, or would come into it, which nobody would see then."""
    queue = queue_named(tx, name)
    queues = tx.queues()
    if len(queues) == 1:
        raise Conflict(f"{name!r} is the only queue, and work without a queue is seen by nobody")
    open_work = sum(1 for row in tx.open_interactions() if row.queue_id == queue.id)
    if open_work:
        raise Conflict(
            f"the queue {name!r} has open work ({open_work}): close it or transfer it first"
        )
    # What is for no queue in particular goes to the first.
    first = queue.id == queues[0].id
    for account in tx.accounts():
        if account.queue_id == queue.id or (first and account.queue_id is None):
            raise Conflict(
                f"the work of the account {account.name!r} ({account.channel}) goes to the queue"
                f" {name!r}: give the account another queue, or remove it, first"
            )
    tx.append(ev.QueueRemoved(queue_id=queue.id), actor=ACTOR)
    return queue


def put_user(tx: Transaction, spec: UserSpec, *, managed_by: str = "console") -> str:
    """The user's id; a new user needs a password hash."""
    if not re.fullmatch(LOGIN, spec.login):
        raise Invalid(f"{spec.login!r} is not a login: 1 to 100 characters without spaces")
    if not re.fullmatch(NAME, spec.name):
        raise Invalid(f"{spec.name!r} is not a name: 1 to 100 characters on one line")
    if spec.role not in ("agent", "supervisor", "admin"):
        raise Invalid(f"{spec.role!r} is not a role of a person: agent, supervisor or admin")
    if spec.language not in LANGUAGES:
        raise Invalid(f"{spec.language!r} is not a language of the console: en or zh-CN")
    queue_ids = tuple(queue_named(tx, name).id for name in spec.queues)
    user_id = tx.user_by_login(spec.login)
    known = tx.users([user_id])[0] if user_id is not None else None
    if known is None and spec.password_hash is None:
        raise Invalid(f"{spec.login} needs a password")
    disabled = spec.disabled
    if disabled is None:
        disabled = known is not None and known.disabled
    capacity = spec.capacity
    if capacity is None:
        capacity = known.capacity if known is not None else {}
    wanted = (spec.name, spec.role, queue_ids, dict(capacity), disabled, managed_by)
    if known is None or wanted != (
        known.name, known.role, known.queue_ids, dict(known.capacity), known.disabled,
        known.managed_by,
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
                disabled=disabled,
                capacity=dict(capacity),
            ),
            actor=ACTOR,
        )
    assert user_id is not None
    if disabled:
        _end_sessions(tx, user_id)
    if spec.password_hash is not None and spec.password_hash != password_hash(tx, user_id):
        _put_password(tx, user_id, spec.password_hash)
    return user_id


def _put_password(tx: Transaction, user_id: str, hashed: str) -> None:
    content_id = tx.put_json("password", {"hash": hashed})
    tx.append(ev.UserPasswordSet(user_id=user_id, hash_content=content_id), actor=ACTOR)


def _end_sessions(tx: Transaction, user_id: str) -> None:
    """For good: a session of who is let in again later isn't theirs any more."""
    tx.connection.run("DELETE FROM sessions WHERE user_id = :user", {"user": user_id})


def user_named(tx: Lookups, login: str) -> UserRow:
    user_id = tx.user_by_login(login)
    if user_id is None:
        raise NotFound(f"there is no login {login!r}")
    return tx.users([user_id])[0]


def set_disabled(tx: Transaction, login: str, *, disabled: bool) -> UserRow:
    """Lock a person out, or let them in again; the row as it was before."""
    user = user_named(tx, login)
    _change(tx, user, disabled=disabled)
    if disabled:
        _end_sessions(tx, user.id)
    return user


def set_capacity(tx: Transaction, login: str, capacity: Mapping[str, int]) -> UserRow:
    """Pieces of work at a time on these channels, others as before; the row as it is then."""
    user = user_named(tx, login)
    return _change(tx, user, capacity={**user.capacity, **capacity})


def rename_user(
    tx: Transaction, login: str, *, new: str | None = None, name: str | None = None
) -> UserRow:
    """Another login, another name: the same person; the row as it is then.

    Raises Conflict where somebody else has that login, Invalid where it can't be one.
    """
    user = user_named(tx, login)
    new = user.login if new is None else new.lower()
    if not _LOGIN.fullmatch(new):
        raise Invalid(f"{new!r} can't be a login: 1 to 100 characters without spaces")
    if tx.user_by_login(new) not in (None, user.id):
        raise Conflict(f"the login {new!r} is taken")
    return _change(tx, user, login=new, name=user.name if name is None else _as_name(name))


def _change(tx: Transaction, user: UserRow, **changes: Unpack[_Changes]) -> UserRow:
    wanted = replace(user, **changes)
    if wanted != user:
        tx.append(
            ev.UserConfigured(
                user_id=user.id,
                login=wanted.login,
                name=wanted.name,
                role=user.role,
                language=user.language,
                queue_ids=user.queue_ids,
                managed_by=user.managed_by,
                disabled=wanted.disabled,
                capacity=dict(wanted.capacity),
            ),
            actor=ACTOR,
        )
    return wanted


def _as_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name!r} can't be a name: 1 to 100 characters in one line")
    return name


def set_password(tx: Transaction, login: str, hashed: str) -> UserRow:
    """Another password, by its argon2 hash: sessions of the one before have ended."""
    user = user_named(tx, login)
    _put_password(tx, user.id, hashed)
    return user


def list_users(reader: Lookups) -> list[Json]:
    """Each person by login, with the names of their queues."""
    names = {queue.id: queue.name for queue in reader.queues()}
    return [
        {
            "login": user.login,
            "name": user.name,
            "role": user.role,
            "queues": [names[queue_id] for queue_id in user.queue_ids if queue_id in names],
            "capacity": dict(user.capacity),
            "disabled": user.disabled,
            "managed_by": user.managed_by,
        }
        for user in sorted(reader.users(), key=lambda user: user.login)
    ]


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

    Raises Invalid for an agent's: it would have no queues, and see nothing; and for what is no
    name.
    """
    if role not in TOKEN_ROLES:
        of_agents = "; agents see their queues' work, and a token has none" * (role == "agent")
        raise Invalid(f"{role!r} is not a role of a token: {', '.join(TOKEN_ROLES)}{of_agents}")
    name = _as_name(name)
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

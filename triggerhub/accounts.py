"""The channel accounts of a company: how a declared one is known again, put, listed, removed.

Accounts are known by their names, or else by an address; collisions are looked for in what would
be, not on the way there. Whatever is already as wanted appends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from storage.lookups import Lookups
from storage.transaction import Transaction
from triggerhub.administration import ACTOR, queue_named
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, NotFound
from triggerhub.domain.model.message import Account
from triggerhub.domain.work import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """A channel account as it should be. `queue`: the name of its queue."""

    channel: str
    name: str
    addresses: tuple[str, ...]
    queue: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def known_again(accounts: Iterable[Account], specs: Sequence[AccountSpec]) -> dict[int, Account]:
    """Which account each of `specs` is already, by its place in them; new ones are left out.

    The one of its name, or else the one that has one of its addresses and whose own name stands
    for none of them. Where several could be meant, the address that stands first in an account
    decides: it is the one that answers come from. The order of `specs` decides nothing.
    """
    names = {(account.channel, account.name): account for account in accounts}
    found = {
        place: names.pop((spec.channel, spec.name))
        for place, spec in enumerate(specs)
        if (spec.channel, spec.name) in names
    }
    pairs = sorted(
        (
            account.addresses.index(address),
            spec.addresses.index(address),
            address,
            place,
            account.id,
        )
        for account in names.values()
        for place, spec in enumerate(specs)
        if place not in found and spec.channel == account.channel
        for address in set(account.addresses) & set(spec.addresses)
    )
    free = {account.id: account for account in names.values()}
    for _, _, _, place, account_id in pairs:
        if place not in found and account_id in free:
            found[place] = free.pop(account_id)
    return found


def put_accounts(
    tx: Transaction, specs: Sequence[AccountSpec], *, managed_by: str = "console"
) -> list[str]:
    """The accounts' ids. Raises Conflict where two would have one address in the end."""
    accounts = tx.accounts(secrets=True)
    found = known_again(accounts, specs)
    known_ids = {account.id for account in found.values()}
    _refuse_collisions([a for a in accounts if a.id not in known_ids], specs)
    return [
        _put(tx, spec, found.get(place), managed_by=managed_by) for place, spec in enumerate(specs)
    ]


def put_account(tx: Transaction, spec: AccountSpec, *, managed_by: str = "console") -> str:
    return put_accounts(tx, [spec], managed_by=managed_by)[0]


def _refuse_collisions(others: Iterable[Account], specs: Sequence[AccountSpec]) -> None:
    """`others`: the accounts that stay as they are."""
    taken = {(o.channel, address): o.name for o in others for address in o.addresses}
    declared: dict[tuple[str, str], str] = {}
    for spec in specs:
        for address in spec.addresses:
            key = (spec.channel, address)
            if key in declared:
                raise Conflict(
                    f"{address} is declared for both {declared[key]!r} and {spec.name!r}: leave it"
                    " in one of them"
                )
            if key in taken:
                raise Conflict(
                    f"{address} is declared for {spec.name!r}, but belongs to the {spec.channel}"
                    f" account {taken[key]!r}: declare {taken[key]!r} with other addresses, or"
                    f" remove it with `triggerhub account remove`"
                )
            declared[key] = spec.name


def _put(tx: Transaction, spec: AccountSpec, known: Account | None, *, managed_by: str) -> str:
    queue_id = queue_named(tx, spec.queue).id if spec.queue is not None else None
    if known is not None and (
        known.name, known.addresses, known.queue_id, dict(known.options), dict(known.secrets),
    ) == (spec.name, spec.addresses, queue_id, dict(spec.options), dict(spec.secrets)):  # fmt: skip
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


def list_accounts(reader: Lookups) -> list[Json]:
    """Each account by name and channel, without its secrets."""
    queues = {queue.id: queue.name for queue in reader.queues()}
    rows = reader.connection.all(
        "SELECT name, channel, addresses, queue_id, managed_by, id FROM accounts WHERE removed = 0"
        " ORDER BY name, channel"
    )
    return [
        {
            "name": row[0],
            "channel": row[1],
            "addresses": orjson.loads(row[2]),
            "queue": queues.get(row[3]),
            "managed_by": row[4],
            "id": row[5],
        }
        for row in rows
    ]


def remove_account(
    tx: Transaction, name: str, *, channel: str | None, declared: Sequence[AccountSpec]
) -> Account:
    """From now on it takes nothing in, and what it still has to send fails with `no_account`.

    `declared`: what the seed file makes so at each start, which may not name it. Raises NotFound,
    and Conflict where the file does, or where several channels have that name.
    """
    accounts = tx.accounts()
    found = [a for a in accounts if a.name == name and channel in (None, a.channel)]
    if not found:
        there = f" on {channel}" if channel is not None else ""
        raise NotFound(f"there is no account named {name!r}{there}")
    if len(found) > 1:
        channels = ", ".join(sorted(account.channel for account in found))
        raise Conflict(f"{name!r} is the name of several ({channels}): say which with --channel")
    account = found[0]
    for place, known in known_again(accounts, declared).items():
        if known.id == account.id:
            raise Conflict(
                f"the seed file declares {declared[place].name!r} with this account's name or"
                " address: take it out of the file first"
            )
    tx.append(ev.AccountRemoved(account_id=account.id), actor=ACTOR)
    return account

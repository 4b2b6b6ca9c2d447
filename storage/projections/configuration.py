"""Folds of what an administrator sets: the hub, accounts, queues, users, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from storage.projections.rows import ms, text
from triggerhub.domain import events as ev

if TYPE_CHECKING:
    from storage.transaction import Transaction


def _hub(tx: Transaction, r: ev.Recorded, f: ev.HubConfigured) -> None:
    tx.connection.run(
        "INSERT INTO hub (one, name, timezone, default_region, language, presences)"
        " VALUES (1, :name, :timezone, :region, :language, :presences)"
        " ON CONFLICT (one) DO UPDATE SET name = excluded.name, timezone = excluded.timezone,"
        " default_region = excluded.default_region, language = excluded.language,"
        " presences = excluded.presences",
        {"name": f.name, "timezone": f.timezone, "region": f.default_region,
         "language": f.language, "presences": text(f.presences)},
    )  # fmt: skip


def _account(tx: Transaction, r: ev.Recorded, f: ev.AccountConfigured) -> None:
    tx.connection.run(
        "INSERT INTO accounts (id, channel, name, addresses, queue_id, options, secret_content,"
        " managed_by, removed) VALUES (:id, :channel, :name, :addresses, :queue_id, :options,"
        " :secret, :managed_by, 0)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, addresses = excluded.addresses,"
        " queue_id = excluded.queue_id, options = excluded.options,"
        " secret_content = excluded.secret_content, managed_by = excluded.managed_by, removed = 0",
        {
            "id": f.account_id,
            "channel": f.channel,
            "name": f.name,
            "addresses": text(f.addresses),
            "queue_id": f.queue_id,
            "options": text(f.options),
            "secret": f.secret_content,
            "managed_by": f.managed_by,
        },
    )


def _account_removed(tx: Transaction, r: ev.Recorded, f: ev.AccountRemoved) -> None:
    tx.connection.run("UPDATE accounts SET removed = 1 WHERE id = :id", {"id": f.account_id})


def _queue(tx: Transaction, r: ev.Recorded, f: ev.QueueConfigured) -> None:
    tx.connection.run(
        "INSERT INTO queues (id, name, sla_seconds, offer_seconds, auto_accept, managed_by,"
        " removed) VALUES (:id, :name, :sla, :offer, :auto, :managed_by, 0)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, sla_seconds = excluded.sla_seconds,"
        " offer_seconds = excluded.offer_seconds, auto_accept = excluded.auto_accept,"
        " managed_by = excluded.managed_by, removed = 0",
        {
            "id": f.queue_id,
            "name": f.name,
            "sla": f.sla_seconds,
            "offer": f.offer_seconds,
            "auto": int(f.auto_accept),
            "managed_by": f.managed_by,
        },
    )


def _queue_removed(tx: Transaction, r: ev.Recorded, f: ev.QueueRemoved) -> None:
    tx.connection.run("UPDATE queues SET removed = 1 WHERE id = :id", {"id": f.queue_id})


def _user(tx: Transaction, r: ev.Recorded, f: ev.UserConfigured) -> None:
    tx.connection.run(
        "INSERT INTO users (id, login, name, role, language, queue_ids, capacity, disabled,"
        " managed_by) VALUES (:id, :login, :name, :role, :language, :queues, :capacity, :disabled,"
        " :managed_by)"
        " ON CONFLICT (id) DO UPDATE SET login = excluded.login, name = excluded.name,"
        " role = excluded.role, language = excluded.language, queue_ids = excluded.queue_ids,"
        " capacity = excluded.capacity, disabled = excluded.disabled,"
        " managed_by = excluded.managed_by",
        {
            "id": f.user_id,
            "login": f.login.lower(),
            "name": f.name,
            "role": f.role,
            "language": f.language,
            "queues": text(f.queue_ids),
            "capacity": text(f.capacity),
            "disabled": int(f.disabled),
            "managed_by": f.managed_by,
        },
    )
    tx.connection.run(
        "INSERT INTO agents (id, presence, presence_at, status, status_at)"
        " VALUES (:id, 'offline', :at, 'off_queue', :at) ON CONFLICT (id) DO NOTHING",
        {"id": f.user_id, "at": ms(r.at)},
    )


def _password(tx: Transaction, r: ev.Recorded, f: ev.UserPasswordSet) -> None:
    tx.connection.run(
        "UPDATE users SET hash_content = :content WHERE id = :id",
        {"id": f.user_id, "content": f.hash_content},
    )


def _token(tx: Transaction, r: ev.Recorded, f: ev.TokenCreated) -> None:
    hashed = orjson.loads(tx.body(f.hash_content) or b"{}").get("hash", f.token_id)
    tx.connection.run(
        "INSERT INTO tokens (id, name, role, hash, revoked) VALUES (:id, :name, :role, :hash, 0)",
        {"id": f.token_id, "name": f.name, "role": f.role, "hash": hashed},
    )


def _token_revoked(tx: Transaction, r: ev.Recorded, f: ev.TokenRevoked) -> None:
    tx.connection.run("UPDATE tokens SET revoked = 1 WHERE id = :id", {"id": f.token_id})


HANDLERS = {
    ev.HubConfigured: _hub,
    ev.AccountConfigured: _account,
    ev.AccountRemoved: _account_removed,
    ev.QueueConfigured: _queue,
    ev.QueueRemoved: _queue_removed,
    ev.UserConfigured: _user,
    ev.UserPasswordSet: _password,
    ev.TokenCreated: _token,
    ev.TokenRevoked: _token_revoked,
}

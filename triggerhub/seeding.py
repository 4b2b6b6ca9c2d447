"""Applies the seed of the configuration file: what it declares is made so, at every start."""

from __future__ import annotations

import asyncio
from functools import partial

from channels.email.settings import EmailAccount
from config.seed import Seed, UserSeed
from storage.store import Store
from storage.transaction import Transaction
from triggerhub import administration as admin
from triggerhub.accounts import AccountSpec, put_accounts
from triggerhub.administration import UserSpec
from triggerhub.domain import events as ev

FILE = "file"
FIRST_QUEUE = "General"


async def apply_seed(store: Store, seed: Seed) -> None:
    """Queues, accounts and users as the file has them. What it doesn't name is left alone.

    Where there is no queue at all, one is made.
    """
    users = [await _user(store, user) for user in seed.users]
    await store.write(partial(_apply, seed=seed, users=users))


def _apply(tx: Transaction, seed: Seed, users: list[UserSpec]) -> None:
    if seed.hub is not None:
        given = seed.hub.model_fields_set
        admin.configure_hub(tx, **seed.hub.model_dump(include=given))
    for queue in seed.queues:
        admin.put_queue(
            tx,
            name=queue.name,
            sla_seconds=queue.sla_seconds,
            offer_seconds=queue.offer_seconds,
            auto_accept=queue.auto_accept,
            managed_by=FILE,
        )
    if not tx.queues():
        _put_first_queue(tx)
    put_accounts(tx, accounts(seed), managed_by=FILE)
    for user in users:
        admin.put_user(tx, user, managed_by=FILE)


def _put_first_queue(tx: Transaction) -> None:
    """Work without a queue is seen by nobody: there is always one, which takes it."""
    queue_id = admin.put_queue(tx, name=FIRST_QUEUE)
    for row in tx.open_interactions():
        if row.state == "queued" and not row.queue_id:
            tx.append(
                ev.InteractionQueued(
                    interaction_id=row.id,
                    queue_id=queue_id,
                    enqueued_at=row.enqueued_at or tx.now,
                    first_enqueued_at=row.first_enqueued_at or tx.now,
                    reason="transfer",
                ),
                actor=admin.ACTOR,
            )


def accounts(seed: Seed) -> list[AccountSpec]:
    """The channel accounts of a seed. A Twilio number serves SMS and WhatsApp: an account each.

    Raises Invalid for a mailbox that answers couldn't be sent from.
    """
    specs = []
    for mailbox in seed.email.accounts:
        account = EmailAccount.declared(
            mailbox.name, mailbox.addresses, mailbox.sender_name, mailbox.forms
        )
        specs.append(
            AccountSpec(
                channel="email",
                name=account.name,
                addresses=account.addresses,
                queue=mailbox.queue,
                options=account.options(),
            )
        )
    for number in seed.sms.accounts:
        options = {"account_sid": number.account_sid}
        if number.messaging_service_sid:
            options["messaging_service_sid"] = number.messaging_service_sid
        secrets = {"auth_token": number.auth_token.get_secret_value()}
        if number.previous_auth_token is not None:
            secrets["previous_auth_token"] = number.previous_auth_token.get_secret_value()
        specs += [
            AccountSpec(
                channel=channel,
                name=number.name,
                addresses=number.numbers,
                queue=number.queue,
                options=options,
                secrets=secrets,
            )
            for channel in ("sms", "whatsapp")
        ]
    return specs


async def _user(store: Store, user: UserSeed) -> UserSpec:
    """With a hash only where the password is new: checking costs a tenth of a second a user."""
    hashed = user.password_hash.get_secret_value() if user.password_hash is not None else None
    if user.password is not None:
        password = user.password.get_secret_value()
        kept = await store.write(partial(_kept_hash, login=user.login))
        if kept is None or not await asyncio.to_thread(admin.matches, kept, password):
            hashed = await asyncio.to_thread(admin.hash_password, password)
    return UserSpec(
        login=user.login,
        name=user.name,
        role=user.role,
        language=user.language,
        queues=user.queues,
        password_hash=hashed,
        capacity=user.capacity.by_channel() if user.capacity is not None else None,
        disabled=user.disabled,
    )


def _kept_hash(tx: Transaction, login: str) -> str | None:
    user_id = tx.user_by_login(login)
    return admin.password_hash(tx, user_id) if user_id is not None else None

"""Folds of who people are: customers, identities, and the links between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.projections.rows import Json, ms, profile, text
from triggerhub.domain import events as ev
from triggerhub.domain.model.identity import SETTLED

if TYPE_CHECKING:
    from storage.transaction import Transaction


def _profile_columns(found: Json) -> Json:
    return {
        "name": found.get("name", ""),
        "language": found.get("language", ""),
        "company": found.get("company", ""),
        "tier": found.get("tier", ""),
        "timezone": found.get("timezone", ""),
        "tags": text(found.get("tags", [])),
        "fields": text(found.get("fields", {})),
    }


def make_findable(tx: Transaction, customer_id: str) -> None:
    """Write down anew by what a customer can be found."""
    row = tx.connection.one(
        "SELECT name, company FROM customers WHERE id = :id", {"id": customer_id}
    )
    if row is None:
        return
    addresses = tx.connection.all(
        "SELECT address FROM identities WHERE customer_id = :id ORDER BY learnt_at, id",
        {"id": customer_id},
    )
    parts = [*row, *(address for (address,) in addresses if not address.startswith("erased:"))]
    tx.connection.run(
        "INSERT INTO customer_search (customer_id, text) VALUES (:id, :text)"
        " ON CONFLICT (customer_id) DO UPDATE SET text = excluded.text",
        {"id": customer_id, "text": " ".join(dict.fromkeys(filter(None, parts))).lower()},
    )


def _created(tx: Transaction, r: ev.Recorded, f: ev.CustomerCreated) -> None:
    tx.connection.run(
        "INSERT INTO customers (id, name, language, company, tier, timezone, tags, fields,"
        " provisional, created_at, seq) VALUES (:id, :name, :language, :company, :tier,"
        " :timezone, :tags, :fields, :provisional, :at, :seq)",
        {
            **_profile_columns(profile(tx.body(f.profile_content))),
            "id": f.customer_id,
            "provisional": int(f.provisional),
            "at": ms(r.at),
            "seq": r.seq,
        },
    )
    make_findable(tx, f.customer_id)


def _updated(tx: Transaction, r: ev.Recorded, f: ev.CustomerUpdated) -> None:
    tx.connection.run(
        "UPDATE customers SET name = :name, language = :language, company = :company,"
        " tier = :tier, timezone = :timezone, tags = :tags, fields = :fields"
        " WHERE id = :id",
        {**_profile_columns(profile(tx.body(f.profile_content))), "id": f.customer_id},
    )
    make_findable(tx, f.customer_id)


def _identity(tx: Transaction, r: ev.Recorded, f: ev.IdentityAdded) -> None:
    found = profile(tx.body(f.address_content))
    tx.connection.run(
        "INSERT INTO identities (id, kind, address, name, standing, why, learnt_at)"
        " VALUES (:id, :kind, :address, :name, :standing, :why, :at)",
        {
            "id": f.identity_id,
            "kind": f.kind,
            # An erased address must stay unique, and findable by nobody.
            "address": found.get("address", f"erased:{f.identity_id}"),
            "name": found.get("name", ""),
            "standing": f.standing,
            "why": f.why,
            "at": ms(r.at),
        },
    )


def _linked(tx: Transaction, r: ev.Recorded, f: ev.IdentityLinked) -> None:
    tx.connection.run(
        "UPDATE identities SET customer_id = :customer, previous_customer_id = :previous,"
        " link_why = :why, link_version = :version WHERE id = :id",
        {
            "id": f.identity_id,
            "customer": f.customer_id,
            "previous": f.previous_customer_id,
            "why": f.why,
            "version": f.version,
        },
    )
    if f.why in SETTLED:
        # That is about what was said so far: who claims that address next proves nothing by it,
        # and gets an identity of their own (ADR 3).
        tx.connection.run(
            "UPDATE identities SET ended_at = :at"
            " WHERE id = :id AND standing = 'claimed' AND ended_at IS NULL",
            {"id": f.identity_id, "at": ms(r.at)},
        )
    for customer_id in filter(None, (f.customer_id, f.previous_customer_id)):
        make_findable(tx, customer_id)


def _opted(tx: Transaction, r: ev.Recorded, f: ev.IdentityOptedOut | ev.IdentityOptedIn) -> None:
    row = tx.connection.one(
        "SELECT opted_out FROM identities WHERE id = :id", {"id": f.identity_id}
    )
    if row is None:
        return
    accounts = set(row[0].split()) - {f.account_id}
    if isinstance(f, ev.IdentityOptedOut):
        accounts.add(f.account_id)
    tx.connection.run(
        "UPDATE identities SET opted_out = :accounts WHERE id = :id",
        {"id": f.identity_id, "accounts": " ".join(sorted(accounts))},
    )


HANDLERS = {
    ev.CustomerCreated: _created,
    ev.CustomerUpdated: _updated,
    ev.IdentityAdded: _identity,
    ev.IdentityLinked: _linked,
    ev.IdentityOptedOut: _opted,
    ev.IdentityOptedIn: _opted,
}

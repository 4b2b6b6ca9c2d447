"""Who wrote a message: the sender's identity, and the customer that comes with a new one.

An unproven sender never joins or changes a customer's record (promise 5): it gets an identity of
its own, marked `claimed`, and `likely` says whom it claims to be. Must not know threads or work.
"""

from __future__ import annotations

from typing import NamedTuple

from router.resolve.content import language
from router.resolve.draft import Draft
from router.resolve.known import Delivery
from triggerhub.domain import events as ev
from triggerhub.domain.model.identity import address_shown, unknown
from triggerhub.domain.model.message import Address
from triggerhub.domain.rows import IdentityRow


class Writer(NamedTuple):
    """`likely`: the customer of an unproven one who is at that address, if there is one."""

    identity: IdentityRow
    customer_id: str
    likely: str | None


def sender_of(delivery: Delivery) -> Address:
    """Who wrote. Nobody is known by an absent address, so that each such message has its own."""
    sender = delivery.message.sender
    if sender is not None and sender.address:
        return sender
    name = sender.name if sender is not None else ""
    return Address(kind="email", address=unknown(delivery.message_id), name=name)


def identify(draft: Draft, sender: Address, proof: str, same: str | None) -> Writer:
    """The writer by their address, as far as it is proven.

    A new one comes with its own customer, unless it is known to be the `same` as one we have.
    """
    standing = "verified" if proof else "claimed"
    strong = draft.known.identity(sender, "verified")
    likely = strong.customer_id if strong is not None and not proof else None
    claim = draft.known.identity(sender, "claimed")
    if claim is not None and claim.customer_id == likely:
        _settle(draft, claim)
        claim = None
    identity = strong if proof else claim
    if identity is None:
        customer_id = same or _customer(draft, sender, provisional=not proof)
        identity = _identity(draft, sender, standing, proof, customer_id, linked=same is not None)
    assert identity.customer_id is not None
    if proof and claim is not None and claim.customer_id == identity.customer_id:
        _settle(draft, claim)
    return Writer(identity, identity.customer_id, likely)


def _settle(draft: Draft, claim: IdentityRow) -> None:
    """What was claimed turned out to be true: the same customer has that address proven.

    So the claim ends, as by an agent's word: whoever claims the address next proves nothing by it.
    """
    draft.facts.append(
        ev.IdentityLinked(
            link_id=draft.ids.new("ln"),
            identity_id=claim.id,
            customer_id=claim.customer_id or "",
            version=claim.link_version + 1,
            why="answered",
            previous_customer_id=claim.customer_id,
        )
    )
    draft.known.drop_identity(claim)


def _customer(draft: Draft, sender: Address, *, provisional: bool) -> str:
    message = draft.delivery.message
    customer_id = draft.ids.new("cu")
    profile = {
        # Empty where there is neither: the console has the words for it.
        "name": sender.name or address_shown(sender.address),
        "language": language(message.text or message.subject),
    }
    draft.facts.append(
        ev.CustomerCreated(
            customer_id=customer_id,
            profile_content=draft.keep("profile", profile),
            provisional=provisional,
        )
    )
    return customer_id


def _identity(
    draft: Draft, sender: Address, standing: str, proof: str, customer_id: str, *, linked: bool
) -> IdentityRow:
    """`linked`: to a customer whom we have."""
    identity = IdentityRow(
        id=draft.ids.new("id"),
        kind=sender.kind,
        address=sender.address,
        name=sender.name,
        standing=standing,
        customer_id=customer_id,
        link_version=1,
    )
    address = {
        "kind": sender.kind, "address": sender.address, "name": sender.name, "raw": sender.raw,
    }  # fmt: skip
    draft.facts += (
        ev.IdentityAdded(
            identity_id=identity.id,
            kind=sender.kind,
            address_content=draft.keep("address", address),
            standing=standing,
            why=proof or "not_proven",
        ),
        ev.IdentityLinked(
            link_id=draft.ids.new("ln"),
            identity_id=identity.id,
            customer_id=customer_id,
            version=identity.link_version,
            why="reply_address" if linked else "first_contact",
            previous_customer_id=None,
        ),
    )
    draft.known.add_identities([identity])
    return identity

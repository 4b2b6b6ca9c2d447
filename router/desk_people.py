"""Commands about who people are: the customer's card, whose an address is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from router import grant
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, Invalid, NotFound
from triggerhub.domain.model.identity import address_shown, link_can_be_undone
from triggerhub.domain.permissions import Actor
from triggerhub.domain.rows import IdentityRow
from triggerhub.domain.work import Work

if TYPE_CHECKING:
    from router.desk import Options

Json = dict[str, Any]


def update_customer(
    work: Work, actor: Actor, command: cmd.UpdateCustomer, options: Options
) -> Json:
    grant.customer(work, actor, command.customer_id, "customer.write")
    profile = work.profile(command.customer_id)
    assert profile is not None
    for key in ("name", "language", "company", "tier"):
        value = getattr(command, key)
        if value is not None:
            profile[key] = value.strip()
    if command.tags is not None:
        profile["tags"] = list(dict.fromkeys(tag.strip() for tag in command.tags if tag.strip()))
    if not profile["name"]:
        raise Invalid("a customer needs a name", code="missing_field")
    work.append(
        ev.CustomerUpdated(
            customer_id=command.customer_id, profile_content=work.put_json("profile", profile)
        ),
        actor=actor.id,
    )
    return {}


def confirm_identity(
    work: Work, actor: Actor, command: cmd.ConfirmIdentity, options: Options
) -> Json:
    """An agent's word that a claimed address is this customer's: the link moves, nothing else."""
    # Each side by itself: the claim must be in hand, whose it is said to be must be in view.
    identity = _in_hand(work, actor, command.identity_id)
    grant.customer(work, actor, command.customer_id, "customer.read")
    if identity.standing != "claimed":
        raise Conflict("this address is proven already", code="already_proven")
    if identity.customer_id == command.customer_id:
        raise Conflict("it is linked to this customer already", code="already_linked")
    _link(work, actor, identity, command.customer_id, "agent")
    return {}


def undo_link(work: Work, actor: Actor, command: cmd.UndoLink, options: Options) -> Json:
    """Take back how an address came to its customer: the link moves to where it was before.

    Who was linked at first sight (`reply_address`) was nowhere before, and gets a customer of
    their own. What followed from an agent's word goes with it: the address as proven by an answer
    to the reply. What was undone can be undone. `version`: the link that the actor saw; of two
    people who undo the same one, the second is refused.
    """
    identity = _in_hand(work, actor, command.identity_id)
    if identity.link_version != command.version:
        raise Conflict("the address was linked anew meanwhile")
    if not link_can_be_undone(identity.link_why):
        raise Conflict("it has belonged to this customer from the start", code="nothing_to_undo")
    before = identity.previous_customer_id
    known = before is not None and work.has_identities(before)
    if before is not None and known:
        # It opens a record that others stand in: as with a word, that must be in view.
        grant.customer(work, actor, before, "customer.read")
    followed = [
        other
        for other in work.identities([identity.address])
        if other.customer_id == identity.customer_id
        and link_can_be_undone(other.link_why)
        and other.previous_customer_id in (None, before)
        and work.first_wrote_to(other.id) == identity.id
    ]
    if before is None or not (known or (work.profile(before) or {}).get("name")):
        before = _own_customer(work, actor, identity)  # nobody was, or they were erased since
    for moved in (identity, *followed):
        # To put a claim into somebody's record is to give one's word for it.
        word = known and moved.standing == "claimed"
        _link(work, actor, moved, before, "agent" if word else "undone")
    return {"customer_id": before}


def _in_hand(work: Work, actor: Actor, identity_id: str) -> IdentityRow:
    identity = work.identity(identity_id)
    if identity is None or identity.customer_id is None:
        raise NotFound("there is no such address")
    grant.customer(work, actor, identity.customer_id, "identity.confirm")
    return identity


def _own_customer(work: Work, actor: Actor, identity: IdentityRow) -> str:
    customer_id = work.new_id("cu")
    profile = {"name": identity.name or address_shown(identity.address), "language": ""}
    work.append(
        ev.CustomerCreated(
            customer_id=customer_id,
            profile_content=work.put_json("profile", profile),
            provisional=identity.standing == "claimed",
        ),
        actor=actor.id,
    )
    return customer_id


def _link(work: Work, actor: Actor, identity: IdentityRow, customer_id: str, why: str) -> None:
    work.append(
        ev.IdentityLinked(
            link_id=work.new_id("ln"),
            identity_id=identity.id,
            customer_id=customer_id,
            version=identity.link_version + 1,
            why=why,
            previous_customer_id=identity.customer_id,
        ),
        actor=actor.id,
    )

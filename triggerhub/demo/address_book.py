"""The address book that the demo company brings along when its hub is new.

Owns the facts by which a company's known customers get into the log before anybody writes; must not
know what is said later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from triggerhub.demo.cast import Customer
from triggerhub.domain import events as ev
from triggerhub.domain.work import Work

IMPORT = "system:import"
Json = dict[str, Any]


def import_customers(work: Work, people: Sequence[Customer]) -> None:
    """Everyone with a card, a mailbox and a number that the company has proven long ago."""
    for person in people:
        customer_id = work.new_id("cu")
        profile: Json = {
            "name": person.name,
            "language": "zh-CN" if person.language == "zh" else "en",
            "company": person.company,
            "tier": person.tier,
            "timezone": person.timezone,
            "tags": list(person.tags),
        }
        created = ev.CustomerCreated(
            customer_id=customer_id,
            profile_content=work.put_json("profile", profile),
            provisional=False,
        )
        work.append(created, actor=IMPORT)
        for kind, address in (("email", person.email), ("phone", person.phone)):
            _import_address(work, customer_id, kind, address, person.name)


def _import_address(work: Work, customer: str, kind: str, address: str, name: str) -> None:
    identity_id = work.new_id("id")
    kept = {"kind": kind, "address": address, "name": name, "raw": address}
    work.append(
        ev.IdentityAdded(
            identity_id=identity_id,
            kind=kind,
            address_content=work.put_json("address", kept),
            standing="verified",
            why="import",
        ),
        ev.IdentityLinked(
            link_id=work.new_id("ln"),
            identity_id=identity_id,
            customer_id=customer,
            version=1,
            why="import",
            previous_customer_id=None,
        ),
        actor=IMPORT,
    )

"""Facts about who people are: customers, identities, links, erasure."""

from __future__ import annotations

from triggerhub.domain.events.registry import Fact, fact


@fact("customer.created")
class CustomerCreated(Fact):
    """`provisional`: known only by an unproven address."""

    customer_id: str
    profile_content: str
    provisional: bool


@fact("customer.updated")
class CustomerUpdated(Fact):
    """The whole new profile, beside the log."""

    customer_id: str
    profile_content: str


@fact("identity.added")
class IdentityAdded(Fact):
    """`standing` is `verified` or `claimed`; `why` names the proof or its absence."""

    identity_id: str
    kind: str
    address_content: str
    standing: str
    why: str


@fact("identity.linked")
class IdentityLinked(Fact):
    link_id: str
    identity_id: str
    customer_id: str
    version: int
    why: str
    previous_customer_id: str | None


@fact("identity.opted_out")
class IdentityOptedOut(Fact):
    """The address takes no messages of this account any more.

    `why`: `stop` (its holder asked for it), `carrier` (which refuses to send there).
    """

    identity_id: str
    customer_id: str
    account_id: str
    why: str


@fact("identity.opted_in")
class IdentityOptedIn(Fact):
    """It takes them again; `why`: `start` (its holder asked for it)."""

    identity_id: str
    customer_id: str
    account_id: str
    why: str


@fact("erasure.done")
class ErasureDone(Fact):
    """A person's content was removed; `contents` says how many pieces.

    `former_customer_ids`: whom addresses of theirs had belonged to.
    """

    customer_id: str
    contents: int
    former_customer_ids: tuple[str, ...] = ()

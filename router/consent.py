"""Whether an address takes the messages of an account, and what changes that.

Its holder's word does, if it is proven, and the provider's, who keeps count of such words too and
may have been told where we weren't. It is about one account: who wants no more of one number may
well write to another. Must not know by which words or codes it is said.
"""

from __future__ import annotations

from triggerhub.domain import events as ev
from triggerhub.domain.rows import IdentityRow, OutboxRow
from triggerhub.domain.work import Reading

Changed = ev.IdentityOptedOut | ev.IdentityOptedIn


def asked(identity: IdentityRow, account_id: str, wish: str) -> Changed | None:
    """What follows from its holder's wish, `stop` or `start`; None where it is so already."""
    wanted = wish == "stop"
    if identity.customer_id is None or (account_id in identity.opted_out) == wanted:
        return None
    made = ev.IdentityOptedOut if wanted else ev.IdentityOptedIn
    return made(
        identity_id=identity.id,
        customer_id=identity.customer_id,
        account_id=account_id,
        why=wish,
    )


def refused(reading: Reading, row: OutboxRow) -> list[ev.IdentityOptedOut]:
    """What follows where the provider sends nothing there because its holder wants nothing."""
    identity = reading.identity(row.identity_id)
    if identity is None or identity.customer_id is None or row.account_id in identity.opted_out:
        return []
    return [
        ev.IdentityOptedOut(
            identity_id=identity.id,
            customer_id=identity.customer_id,
            account_id=row.account_id,
            why="carrier",
        )
    ]

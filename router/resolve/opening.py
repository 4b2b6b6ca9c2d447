"""What is said of a conversation that begins, whoever begins it: a customer or an agent."""

from __future__ import annotations

from collections.abc import Callable

from triggerhub.domain.events import ConversationOpened
from triggerhub.domain.rows import IdentityRow


def opened(
    new_id: Callable[[str], str],
    identity: IdentityRow,
    *,
    channel: str,
    account_id: str,
    subject_content: str | None,
    related: str | None,
    likely: str | None = None,
) -> ConversationOpened:
    """A conversation of its own, with the token by which answers find it.

    `identity`: whose it is, which belongs to a customer. `related`: the conversation that it comes
    from. `likely`: the customer whom an unproven sender claims to be.
    """
    assert identity.customer_id is not None
    return ConversationOpened(
        conversation_id=new_id("cv"),
        channel=channel,
        account_id=account_id,
        identity_id=identity.id,
        customer_id=identity.customer_id,
        likely_customer_id=likely,
        subject_content=subject_content,
        reply_token=new_id("t")[2:],
        related_to=related,
    )

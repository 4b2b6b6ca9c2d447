"""Whose a message would be if it came now: the same load and decision, and nothing appended.

It must not know how an address was written, nor a rule of its own: what `resolve` decides is read
off its facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from router.resolve import content
from router.resolve.decide import resolve
from router.resolve.known import Delivery, Known, load
from triggerhub.domain import events as ev
from triggerhub.domain.clock import CountedIds
from triggerhub.domain.model.message import Account, Address, InboundMessage
from triggerhub.domain.rows import ConversationRow, IdentityRow
from triggerhub.domain.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """`identity`, `conversation`: None where the message would make new ones.

    `interaction_id`: the work that it would join, which is in the conversation's
    `interaction_state`; None where it would be a new piece.
    """

    rule: str
    identity: IdentityRow | None
    likely_customer_id: str | None
    conversation: ConversationRow | None
    interaction_id: str | None


def foresee(
    reading: Reading,
    accounts: Mapping[str, Account],
    *,
    channel: str,
    sender: Address,
    proof: str,
    now: datetime,
) -> dict[str, Foreseen]:
    """By account id, of each account of the channel; under "" where it has none.

    Of a message that answers nothing: with a reply address or references it may belong elsewhere.
    """
    message = InboundMessage(key="", external_id="", sender=sender, proof=proof)
    delivery = Delivery(
        message_id="",
        channel=channel,
        account_id="",
        raw_content="",
        parsed_content="",
        message=content.storable(message),
    )
    known = load(reading, accounts, [delivery])
    at = [account.id for account in accounts.values() if account.channel == channel]
    return {
        account_id: _foresee(replace(delivery, account_id=account_id), known, now)
        for account_id in at or [""]
    }


def _foresee(delivery: Delivery, known: Known, now: datetime) -> Foreseen:
    # Deciding changes what is known, for the next of a batch; here each is the first.
    own = replace(
        known,
        identities=dict(known.identities),
        by_token=dict(known.by_token),
        by_reference=dict(known.by_reference),
        conversations=dict(known.conversations),
        newest=dict(known.newest),
    )
    facts = resolve(delivery, own, CountedIds(), now, None)
    made = {type(fact) for fact in facts}
    resolved = next(fact for fact in facts if isinstance(fact, ev.MessageResolved))
    identities = {identity.id: identity for identity in known.identities.values()}
    return Foreseen(
        rule=resolved.rule,
        identity=None if ev.IdentityAdded in made else identities[resolved.identity_id],
        likely_customer_id=resolved.likely_customer_id,
        conversation=None
        if ev.ConversationOpened in made
        else known.conversations[resolved.conversation_id],
        interaction_id=None if ev.InteractionCreated in made else resolved.interaction_id,
    )

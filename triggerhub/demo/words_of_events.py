"""What an event means, in a few words, for the customer's page. Says nothing personal."""

from __future__ import annotations

from triggerhub.domain import events as ev
from triggerhub.domain.events import Fact


def told(fact: Fact) -> str | None:
    """The words, or None for what a customer needn't see."""
    match fact:
        case ev.MessageReceived():
            return f"{fact.channel}, kept before we said ok"
        case ev.MessageUnparseable():
            return "can't be read; under “needs attention”"
        case ev.MessageResolved():
            proven = f"sender proven: {fact.proof}" if fact.proof else "sender not proven"
            return f"{proven} · by {fact.rule.replace('_', ' ')}"
        case ev.MessageSetAside():
            return fact.rule.replace("_", " ")
        case ev.CustomerCreated():
            return "somebody new"
        case ev.InteractionQueued():
            return f"waits for an agent ({fact.reason})"
        case ev.OfferMade():
            return "offered to an agent, longest idle first"
        case ev.OfferAccepted():
            return "an agent has accepted"
        case ev.OfferDeclined() | ev.OfferTimedOut() | ev.OfferRescinded():
            return "back to the queue, with its age"
        case ev.MessageQueued():
            return "an answer, can be undone for 5 s"
        case ev.MessageSending() | ev.MessageSent() | ev.MessageDelivered() | ev.MessageRead():
            return "the answer is on its way" if isinstance(fact, ev.MessageSending) else "answer"
        case ev.MessageFailed() | ev.MessageUnknown():
            return fact.reason
        case ev.InteractionClosed():
            return f"closed: {fact.how}"
        case _:
            return None

"""Which rows a committed event may have changed: a pure function of the event.

Every event type stands in the table below; a test holds the table to the list of all types. What
an event changes in rows that it doesn't name (whose work it is, which customer) is found by the
hub in the rows themselves: such interactions are noted as `moved`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from triggerhub.domain import events as e
from triggerhub.domain.events import Fact, Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMark:
    """An offer that was made (`reason` None), or how it ended."""

    offer_id: str
    interaction_id: str
    agent_id: str
    reason: str | None
    made: Recorded | None = None


@dataclass(slots=True)
class Touched:
    """Row keys by kind.

    `moved`: interactions whose holder, state or queue may have changed, and so what a card says
    of them. `legs`: those whose agents' rows changed. `came`: those that began or got a message →
    their customer. `turned`: those that somebody may have been given, or lost. `entries`: entry
    id → its customer where the event names one; a card counts them itself, by the entries it is
    sent. `told`: entry id → the interaction that left its agent by what it tells of. `renamed`:
    customers whose open interactions show something else now, and the cards of those who claim to
    be them. `retold`: customers whose timeline became another one: whoever shows it takes a new
    snapshot. `users`: viewers whose own rights or name changed. `figures`: numbers of queues,
    accounts or attention. `everyone`: only a new snapshot will do.
    """

    agents: set[str] = field(default_factory=set)
    interactions: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    legs: set[str] = field(default_factory=set)
    came: dict[str, str] = field(default_factory=dict)
    turned: set[str] = field(default_factory=set)
    offers: dict[str, OfferMark] = field(default_factory=dict)
    entries: dict[str, str | None] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    cards: set[str] = field(default_factory=set)
    renamed: set[str] = field(default_factory=set)
    retold: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    figures: bool = False
    everyone: bool = False

    def waits(self, interaction_id: str) -> None:
        self.interactions.add(interaction_id)
        self.moved.add(interaction_id)
        self.figures = True

    def work(self, interaction_id: str) -> None:
        self.waits(interaction_id)
        self.turned.add(interaction_id)


Touch = Callable[[Touched, Recorded, Any], None]


def touched(batch: Iterable[Recorded]) -> Touched:
    keys = Touched()
    for recorded in batch:
        _TOUCHES[type(recorded.fact)](keys, recorded, recorded.fact)
    return keys


def covered() -> frozenset[type[Fact]]:
    """The event types that this table knows."""
    return frozenset(_TOUCHES)


def _nothing(keys: Touched, recorded: Recorded, fact: Fact) -> None:
    """Changes nothing that a console shows."""


def _figures(keys: Touched, recorded: Recorded, fact: Fact) -> None:
    keys.figures = True


def _resolved(keys: Touched, recorded: Recorded, fact: e.MessageResolved) -> None:
    keys.entries[fact.message_id] = fact.customer_id
    keys.interactions.add(fact.interaction_id)
    keys.came[fact.interaction_id] = fact.customer_id
    keys.figures = True


def _queued(keys: Touched, recorded: Recorded, fact: e.MessageQueued) -> None:
    keys.entries[fact.message_id] = fact.customer_id
    if fact.interaction_id is not None:
        keys.interactions.add(fact.interaction_id)
    if fact.retry_of is not None:
        keys.entries.setdefault(fact.retry_of, fact.customer_id)


def _progress(keys: Touched, recorded: Recorded, fact: Any) -> None:
    keys.entries.setdefault(fact.message_id, None)


def _turn(keys: Touched, recorded: Recorded, fact: Any) -> None:
    """What an account or what needs attention shows changed with it."""
    _progress(keys, recorded, fact)
    keys.figures = True


def _not_answered(keys: Touched, recorded: Recorded, fact: Any) -> None:
    """What never left was no answer."""
    _turn(keys, recorded, fact)
    if fact.interaction_id is not None:
        keys.interactions.add(fact.interaction_id)


def _note(keys: Touched, recorded: Recorded, fact: e.NoteAdded) -> None:
    keys.entries[fact.note_id] = fact.customer_id
    if fact.interaction_id is not None:
        keys.interactions.add(fact.interaction_id)


def _card(keys: Touched, recorded: Recorded, fact: Any) -> None:
    keys.cards.add(fact.customer_id)


def _customer_updated(keys: Touched, recorded: Recorded, fact: e.CustomerUpdated) -> None:
    keys.cards.add(fact.customer_id)
    keys.renamed.add(fact.customer_id)


def _linked(keys: Touched, recorded: Recorded, fact: e.IdentityLinked) -> None:
    if fact.previous_customer_id is None:
        keys.cards.add(fact.customer_id)
    else:
        both = fact.customer_id, fact.previous_customer_id
        keys.renamed.update(both)
        keys.retold.update(both)


def _conversation(keys: Touched, recorded: Recorded, fact: e.ConversationOpened) -> None:
    keys.cards.add(fact.customer_id)
    if fact.likely_customer_id is not None:
        keys.retold.add(fact.customer_id)


def _created(keys: Touched, recorded: Recorded, fact: e.InteractionCreated) -> None:
    keys.waits(fact.interaction_id)
    keys.came[fact.interaction_id] = fact.customer_id
    keys.cards.add(fact.customer_id)


def _waits(keys: Touched, recorded: Recorded, fact: Any) -> None:
    keys.waits(fact.interaction_id)


def _in_hand(keys: Touched, recorded: Recorded, fact: Any) -> None:
    """Whoever has it in hand shows it otherwise now, or is free for other work."""
    keys.work(fact.interaction_id)
    keys.legs.add(fact.interaction_id)


def _told(keys: Touched, recorded: Recorded, fact: Any) -> None:
    """Also told in the timeline, by an entry that has the event's id."""
    keys.work(fact.interaction_id)
    keys.told[recorded.id] = fact.interaction_id


def _transferred(keys: Touched, recorded: Recorded, fact: e.InteractionTransferred) -> None:
    _told(keys, recorded, fact)
    keys.agents.update(filter(None, (fact.from_agent_id, fact.to_agent_id)))


def _seen(keys: Touched, recorded: Recorded, fact: e.InteractionSeen) -> None:
    keys.interactions.add(fact.interaction_id)


def _offer(reason: str | None) -> Touch:
    """Made, or ended by that reason."""

    def touch(keys: Touched, recorded: Recorded, fact: Any) -> None:
        keys.work(fact.interaction_id)
        keys.offers[fact.offer_id] = OfferMark(
            offer_id=fact.offer_id, interaction_id=fact.interaction_id, agent_id=fact.agent_id,
            reason=reason, made=None if reason else recorded,
        )  # fmt: skip

    return touch


def _timed_out(keys: Touched, recorded: Recorded, fact: e.OfferTimedOut) -> None:
    _offer("timed_out")(keys, recorded, fact)
    keys.agents.add(fact.agent_id)  # doesn't respond


def _leg(keys: Touched, recorded: Recorded, fact: Any) -> None:
    keys.work(fact.interaction_id)
    keys.agents.add(fact.agent_id)


def _agent(keys: Touched, recorded: Recorded, fact: Any) -> None:
    keys.agents.add(fact.agent_id)
    keys.figures = True


def _user(keys: Touched, recorded: Recorded, fact: e.UserConfigured) -> None:
    keys.agents.add(fact.user_id)
    keys.users.add(fact.user_id)
    keys.figures = True


def _password(keys: Touched, recorded: Recorded, fact: e.UserPasswordSet) -> None:
    keys.users.add(fact.user_id)


def _everyone(keys: Touched, recorded: Recorded, fact: Fact) -> None:
    keys.everyone = True
    keys.figures = True


_TOUCHES: dict[type[Fact], Touch] = {
    e.MessageReceived: _nothing,
    e.MessageParsed: _nothing,
    e.MessageUnparseable: _figures,
    e.MessageResolved: _resolved,
    e.AttachmentFetched: _progress,
    e.AttachmentDeferred: _nothing,
    e.AttachmentLost: _progress,
    e.MessageSetAside: _nothing,
    e.MessageQueued: _queued,
    e.MessageCancelled: _not_answered,
    e.MessageSending: _turn,
    e.MessageDeferred: _turn,
    e.MessageSent: _turn,
    e.MessageDelivered: _progress,
    e.MessageRead: _progress,
    e.MessageFailed: _not_answered,
    e.MessageUnknown: _turn,
    e.StatusReceived: _nothing,
    e.StatusSetAside: _nothing,
    e.NoteAdded: _note,
    e.CustomerCreated: _nothing,
    e.CustomerUpdated: _customer_updated,
    e.IdentityAdded: _nothing,
    e.IdentityLinked: _linked,
    e.IdentityOptedOut: _card,
    e.IdentityOptedIn: _card,
    e.ConversationOpened: _conversation,
    e.InteractionCreated: _created,
    e.InteractionScheduled: _told,
    e.InteractionQueued: _waits,
    e.InteractionParked: _in_hand,
    e.InteractionResumed: _in_hand,
    e.InteractionClosed: _told,
    e.InteractionTransferred: _transferred,
    e.InteractionSeen: _seen,
    e.OfferMade: _offer(None),
    e.OfferAccepted: _offer("accepted"),
    e.OfferDeclined: _offer("declined"),
    e.OfferTimedOut: _timed_out,
    e.OfferCancelled: _offer("cancelled"),
    e.OfferRescinded: _offer("rescinded"),
    e.AssignmentStarted: _leg,
    e.AssignmentHeld: _in_hand,
    e.AssignmentUnheld: _in_hand,
    e.AssignmentWrapUpStarted: _in_hand,
    e.AssignmentEnded: _leg,
    e.PresenceChanged: _agent,
    e.AgentCleared: _agent,
    e.AgentConnected: _agent,
    e.AgentDisconnected: _agent,
    e.AttentionReplayed: _nothing,
    e.AttentionClosed: _figures,
    e.AttentionRaised: _figures,
    e.HubConfigured: _everyone,
    e.AccountConfigured: _figures,
    e.AccountRemoved: _everyone,
    e.QueueConfigured: _everyone,
    e.QueueRemoved: _everyone,
    e.UserConfigured: _user,
    e.UserPasswordSet: _password,
    e.TokenCreated: _nothing,
    e.TokenRevoked: _nothing,
    e.ErasureDone: _everyone,
}

"""Who may do what: one function for API, feed, search, content and export alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["agent", "supervisor", "admin", "integration", "system"]
ROLES: tuple[Role, ...] = ("agent", "supervisor", "admin", "integration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever acts: a person, an API token, or the system itself. `id` goes into the log."""

    id: str
    role: Role
    queue_ids: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is acted on, as far as a permission can depend on it.

    `queue_ids`: the queues it belongs to (none: it belongs to nobody yet). `holder_ids`: the
    agents who hold work for it. `offered_ids`: the agents who may look at it to know what they
    are about: work for it is offered to them, or they hold or are offered work that only claims
    to be this customer's. `owner_id`: whose very own it is.
    """

    queue_ids: frozenset[str] = field(default_factory=frozenset)
    holder_ids: frozenset[str] = field(default_factory=frozenset)
    offered_ids: frozenset[str] = field(default_factory=frozenset)
    owner_id: str | None = None


NOTHING = Subject()

# What a role may do anywhere.
_ANYWHERE: dict[Role, frozenset[str]] = {
    "agent": frozenset(
        {"session", "feed", "queues.list", "agents.names", "accounts.list", "uploads.add"}
    ),
    "supervisor": frozenset(
        {
            "session", "feed", "queues.list", "agents.names", "accounts.list", "uploads.add",
            "queue.read", "agent.read", "interaction.read", "interaction.act", "customer.read",
            "customer.write", "customers.search", "content.read", "attention.read",
            "attention.act", "agent.steer", "interaction.steer", "metrics.read", "events.read",
            "identity.confirm",
        }
    ),
    "integration": frozenset(
        {
            "queues.list", "queue.read", "agent.read", "agents.names", "accounts.list",
            "interaction.read", "customer.read", "customers.search", "content.read",
            "attention.read", "events.read", "metrics.read",
        }
    ),
}  # fmt: skip

# What an agent may do with what is offered to them: look.
_IN_VIEW = frozenset(
    {"queue.read", "interaction.read", "customer.read", "content.read", "customers.search"}
)
# What an agent may do where the subject is in a queue they serve, or in their own hands.
_IN_REACH = _IN_VIEW | {"customer.write"}
# What an agent may do only with what they hold.
_IN_HAND = frozenset({"interaction.act", "identity.confirm"})
# What people do with what is their very own: presence, offers, their agent row.
_OWN = frozenset({"presence.set", "offer.answer", "agent.read", "work.take"})


def may(actor: Actor, action: str, subject: Subject = NOTHING) -> bool:
    """Whether `actor` may do `action` to `subject`. Unknown actions are refused, even to admins.

    An agent reads what belongs to a queue they serve or is in their hands, and acts only on what
    is in their hands; what is offered to them they read, until they accept it.

    A customer belongs to the queues of their own conversations. Who serves one of these reads the
    customer's card and whole history, other queues' conversations included: history attached to
    the contact is what the hub is for. Whom an unproven sender only claims to be is another
    matter: that opens the customer's card to those who hold or are offered that very work, for
    reading, and not to its queue; else a forged sender would open anybody's record to anybody's
    queue.
    """
    if action not in ACTIONS:
        return False
    if actor.role == "system":
        return True
    if actor.role == "admin":
        # All that a supervisor may, too: to read an agent's row is one's own or to oversee.
        overseen = action not in _OWN or action in _ANYWHERE["supervisor"]
        return overseen or subject.owner_id == actor.id
    if action in _OWN and subject.owner_id == actor.id and actor.role in ("agent", "supervisor"):
        return True
    if action in _ANYWHERE[actor.role]:
        return True
    if actor.role != "agent":
        return False
    if actor.id in subject.holder_ids and action in _IN_REACH | _IN_HAND:
        return True
    if actor.id in subject.offered_ids and action in _IN_VIEW:
        return True
    return action in _IN_REACH and bool(subject.queue_ids & actor.queue_ids)


ACTIONS: frozenset[str] = (
    frozenset().union(*_ANYWHERE.values()) | _IN_REACH | _IN_HAND | _OWN | {"hub.configure"}
)

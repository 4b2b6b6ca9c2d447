"""What a house knows: rows in memory, each event folded into them as it comes.

Owns what an event changes, in the contract's words. Must not know who asks, nor what is shown them.
"""

from __future__ import annotations

from typing import Any

from agent_console.wire import instant
from triggerhub.domain import events as e
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.permissions import Actor, Role
from triggerhub.domain.ports import Json

ENDED: dict[type[Fact], str] = {
    e.OfferAccepted: "accepted",
    e.OfferDeclined: "declined",
    e.OfferTimedOut: "timed_out",
    e.OfferCancelled: "cancelled",
    e.OfferRescinded: "rescinded",
}
WORK_BECOMES: dict[type[Fact], Json] = {
    e.InteractionParked: {"state": "parked"},
    e.InteractionResumed: {"state": "active"},
    e.InteractionSeen: {"unread": 0},
    e.AssignmentHeld: {"assignment_state": "held"},
    e.AssignmentUnheld: {"assignment_state": "connected"},
    e.AssignmentEnded: {"assignment_id": None, "assignment_state": None},
}


class Folded:
    """Rows by id. `entries` are in the order of the log."""

    def __init__(self) -> None:
        self.users: dict[str, Json] = {}
        self.agents: dict[str, Json] = {}
        self.queue_rows: dict[str, Json] = {}
        self.account_rows: dict[str, Json] = {}
        self.presences: tuple[str, ...] = ()
        self.customers_: dict[str, Json] = {}
        self.interaction_rows: dict[str, Json] = {}
        self.offer_rows: dict[str, Json] = {}
        self.entries: dict[str, Json] = {}
        self.open_attention: set[str] = set()

    def fold(self, r: Recorded) -> None:
        fact, at = r.fact, instant(r.at)
        if type(fact) in ENDED:
            self._end_offer(getattr(fact, "offer_id"), ENDED[type(fact)], at)  # noqa: B009
        elif type(fact) in WORK_BECOMES:
            interaction_id = getattr(fact, "interaction_id")  # noqa: B009
            self.interaction_rows[interaction_id] |= WORK_BECOMES[type(fact)]
        else:
            self._company(fact, at)
            self._people(fact, at)
            self._work(r, at)
            self._words(r, at)

    def _company(self, fact: Fact, at: str) -> None:
        match fact:
            case e.HubConfigured():
                self.presences = fact.presences
            case e.QueueConfigured():
                self.queue_rows[fact.queue_id] = {
                    "id": fact.queue_id, "name": fact.name, "sla_seconds": fact.sla_seconds,
                }  # fmt: skip
            case e.QueueRemoved():
                self.queue_rows.pop(fact.queue_id, None)
            case e.AccountConfigured():
                self.account_rows[fact.account_id] = {
                    "id": fact.account_id, "channel": fact.channel, "name": fact.name,
                    "addresses": list(fact.addresses), "queue_id": None, "healthy": True,
                    "detail": None, "last_in_at": None, "last_out_at": None,
                }  # fmt: skip
            case e.AccountRemoved():
                self.account_rows.pop(fact.account_id, None)
            case e.CustomerCreated():
                self.customers_[fact.customer_id] = {
                    "id": fact.customer_id, "name": f"Customer {fact.customer_id}",
                    "created_at": at, "provisional": fact.provisional, "rename": 0,
                }  # fmt: skip
            case e.CustomerUpdated():
                row = self.customers_[fact.customer_id]
                row["rename"] += 1
                row["name"] = f"Customer {fact.customer_id} ({row['rename']})"
                for work in self.interaction_rows.values():
                    if work["customer_id"] == fact.customer_id:
                        work["customer_name"] = row["name"]
            case _:
                pass

    def _people(self, fact: Fact, at: str) -> None:
        match fact:
            case e.UserConfigured(disabled=True):
                self.users.pop(fact.user_id, None)
                self.agents.pop(fact.user_id, None)
            case e.UserConfigured():
                self.users[fact.user_id] = {
                    "id": fact.user_id, "login": fact.login, "name": fact.name, "role": fact.role,
                    "language": fact.language, "queue_ids": sorted(fact.queue_ids),
                }  # fmt: skip
                new = {
                    "id": fact.user_id, "presence": "offline", "next_presence": None,
                    "status": "off_queue", "since": at, "presence_since": at, "connected": False,
                }  # fmt: skip
                row = self.agents.setdefault(fact.user_id, new)
                row |= {
                    "name": fact.name, "role": fact.role, "queue_ids": sorted(fact.queue_ids),
                }  # fmt: skip
            case e.PresenceChanged():
                self.agents[fact.agent_id] |= {
                    "presence": fact.presence, "next_presence": fact.next_presence,
                    "presence_since": at, "status": "idle", "since": at,
                }  # fmt: skip
            case e.AgentCleared():
                self.agents[fact.agent_id] |= {"status": "idle", "since": at}
            case e.AgentConnected():
                self.agents[fact.agent_id]["connected"] = True
            case e.AgentDisconnected():
                self.agents[fact.agent_id]["connected"] = False
            case _:
                pass

    def _work(self, r: Recorded, at: str) -> None:
        fact = r.fact
        match fact:
            case e.InteractionCreated():
                self._created(fact, at)
            case e.InteractionQueued():
                self.interaction_rows[fact.interaction_id] |= {
                    "state": "queued", "queue_id": fact.queue_id, "owner_id": None,
                    "assignment_id": None, "assignment_state": None,
                    "enqueued_at": instant(fact.enqueued_at),
                    "first_enqueued_at": instant(fact.first_enqueued_at),
                }  # fmt: skip
            case e.InteractionClosed():
                row = self.interaction_rows[fact.interaction_id]
                row |= {"state": "closed", "closed_how": fact.how}
                self._entry(r, r.id, row, kind="system", direction="none", state="recorded")
            case e.OfferMade():
                self.interaction_rows[fact.interaction_id]["state"] = "offered"
                self.offer_rows[fact.offer_id] = {
                    "id": fact.offer_id, "interaction_id": fact.interaction_id,
                    "agent_id": fact.agent_id, "queue_id": fact.queue_id, "state": "pending",
                    "made_at": at, "expires_at": instant(fact.expires_at),
                }  # fmt: skip
            case e.AssignmentStarted():
                self.interaction_rows[fact.interaction_id] |= {
                    "state": "active", "owner_id": fact.agent_id,
                    "assignment_id": fact.assignment_id, "assignment_state": "connected",
                    "activated_at": at,
                }  # fmt: skip
            case e.AssignmentWrapUpStarted():
                self.interaction_rows[fact.interaction_id] |= {
                    "assignment_state": "wrap_up", "wrap_up_since": at,
                }  # fmt: skip
            case _:
                pass

    def _created(self, fact: e.InteractionCreated, at: str) -> None:
        row: Json = dict.fromkeys(
            (
                "likely_customer_id", "queue_id", "closed_how", "owner_id", "assignment_id",
                "assignment_state", "enqueued_at", "first_enqueued_at", "activated_at",
                "last_customer_at", "last_agent_at", "wrap_up_since", "parked_until", "due_at",
                "subject", "lang",
            )
        )  # fmt: skip
        self.interaction_rows[fact.interaction_id] = row | {
            "id": fact.interaction_id, "conversation_id": fact.conversation_id,
            "customer_id": fact.customer_id, "identity_id": fact.identity_id,
            "customer_name": self.customers_[fact.customer_id]["name"],
            "address": "+15550100", "channel": fact.channel, "account_id": fact.account_id,
            "state": "new", "priority": fact.priority, "opened_at": at, "preview": "",
            "unread": 0, "proof": fact.proof, "follow_up": False,
        }  # fmt: skip

    def _end_offer(self, offer_id: str, state: str, at: str) -> None:
        offer = self.offer_rows[offer_id]
        offer["state"] = state
        self.interaction_rows[offer["interaction_id"]]["state"] = "queued"
        if state == "timed_out":
            self.agents[offer["agent_id"]] |= {"status": "not_responding", "since": at}

    def _words(self, r: Recorded, at: str) -> None:
        fact = r.fact
        match fact:
            case e.MessageReceived():
                self.account_rows[fact.account_id]["last_in_at"] = at
            case e.MessageResolved():
                row = self.interaction_rows[fact.interaction_id]
                row |= {"unread": row["unread"] + 1, "last_customer_at": at, "preview": fact.rule}
                self._entry(r, fact.message_id, row, kind="message", direction="in")
            case e.MessageQueued():
                assert fact.interaction_id is not None
                row = self.interaction_rows[fact.interaction_id]
                row["last_agent_at"] = at
                self._entry(
                    r, fact.message_id, row, kind="message", direction="out", state="queued"
                )
            case e.MessageSent() | e.MessageDelivered() | e.MessageFailed():
                entry = self.entries[fact.message_id]
                entry |= {"state": fact.TYPE.split(".")[1], "state_at": at}
                if isinstance(fact, e.MessageSent):
                    self.account_rows[entry["account_id"]]["last_out_at"] = at
                if isinstance(fact, e.MessageFailed):
                    self.open_attention.add(fact.attention_id)
            case e.NoteAdded():
                assert fact.interaction_id is not None
                row = self.interaction_rows[fact.interaction_id]
                self._entry(r, fact.note_id, row, kind="note", direction="none", state="recorded")
            case e.MessageUnparseable() | e.AttentionRaised():
                self.open_attention.add(fact.attention_id)
            case e.AttentionClosed():
                self.open_attention.discard(fact.attention_id)
            case _:
                pass

    def _entry(self, r: Recorded, entry_id: str, work: Json, **own: Any) -> None:
        at = instant(r.at)
        self.entries[entry_id] = {
            "id": entry_id, "seq": r.seq, "channel": work["channel"],
            "account_id": work["account_id"], "identity_id": work["identity_id"],
            "customer_id": work["customer_id"], "conversation_id": work["conversation_id"],
            "interaction_id": work["id"], "at": at,
            "from": {"address": "+15550100", "name": None}, "to": [], "author_id": None,
            "author_name": None, "subject": None, "text": f"words of {r.seq}", "quoted": None,
            "has_html": False, "lang": None, "attachments": [], "state": "received",
            "state_at": at, "reason": None, "proof": None, "proof_why": None, "segments": None,
            "erased": False,
        } | own  # fmt: skip

    def actor(self, user_id: str) -> Actor:
        row = self.users[user_id]
        role: Role = row["role"]
        return Actor(id=user_id, role=role, queue_ids=frozenset(row["queue_ids"]))

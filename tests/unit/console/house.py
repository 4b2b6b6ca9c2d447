"""A small hub in memory for the console's tests: log, fold, views, desk, credentials.

It keeps the ports' promises and nothing more: rows have the contract's shapes, the tail gives
committed events in order, a snapshot is exact as of its number.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from agent_console.wire import instant
from triggerhub.domain import events as e
from triggerhub.domain.clock import ManualClock
from triggerhub.domain.commands import Command
from triggerhub.domain.errors import Forbidden, HubError, Invalid, NotFound
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.message import Account
from triggerhub.domain.permissions import Actor, Role, Subject, may
from triggerhub.domain.ports import Json

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ENDED = {
    e.OfferAccepted: "accepted",
    e.OfferDeclined: "declined",
    e.OfferTimedOut: "timed_out",
    e.OfferCancelled: "cancelled",
    e.OfferRescinded: "rescinded",
}


class House:
    """Implements Views, LogTail, Desk, Credentials, AccountDirectory and Presences."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.log: list[Recorded] = []
        self.users: dict[str, Json] = {}
        self.agents: dict[str, Json] = {}
        self.queue_rows: dict[str, Json] = {}
        self.account_rows: dict[str, Json] = {}
        self.customers_: dict[str, Json] = {}
        self.interaction_rows: dict[str, Json] = {}
        self.offer_rows: dict[str, Json] = {}
        self.entries: dict[str, Json] = {}
        self.open_attention: set[str] = set()
        self.contents: dict[str, tuple[Json, bytes]] = {}
        self.htmls: dict[str, tuple[str, dict[str, str]]] = {}
        self.messages: dict[str, Json] = {}
        self.passwords: dict[str, str] = {}
        self.sessions: dict[str, tuple[str, str, datetime]] = {}
        self.tokens: dict[str, Actor] = {}
        self.executed: list[tuple[str, Command, str | None]] = []
        self.presence_calls: list[tuple[str, str]] = []
        self.failing: HubError | None = None
        self._answers: dict[str, Json] = {}
        self._subscribers: set[asyncio.Queue[Sequence[Recorded]]] = set()
        self.yields = 0

    # --- the log ------------------------------------------------------------------------------

    def append(self, *facts: Fact, actor: str = "system") -> int:
        batch: list[Recorded] = []
        for fact in facts:
            self.clock.advance(timedelta(milliseconds=1))
            seq = len(self.log) + 1
            recorded = Recorded(
                seq=seq, id=f"ev_{seq}", at=self.clock.now(), actor=actor, cause=None, fact=fact
            )
            self.log.append(recorded)
            self._fold(recorded)
            batch.append(recorded)
        for subscriber in self._subscribers:
            subscriber.put_nowait(batch)
        return len(self.log)

    async def subscribe(
        self, after: int | None = None, *, of: frozenset[type[Fact]] | None = None
    ) -> AsyncIterator[Sequence[Recorded]]:
        queue: asyncio.Queue[Sequence[Recorded]] = asyncio.Queue()
        at = len(self.log) if after is None else after
        self._subscribers.add(queue)
        try:
            if self.log[at:]:
                yield self.log[at:]
            at = max(at, len(self.log))
            while True:
                batch = [item for item in await queue.get() if item.seq > at]
                if batch and (of is None or any(type(item.fact) in of for item in batch)):
                    at = batch[-1].seq
                    yield batch
        finally:
            self._subscribers.discard(queue)

    async def _breathe(self) -> None:
        """Let others run between a question and its answer, as a database would."""
        if self.failing is not None:
            raise self.failing
        for _ in range(self.yields):
            await asyncio.sleep(0)

    # --- the fold -----------------------------------------------------------------------------

    def _fold(self, r: Recorded) -> None:
        fact, at = r.fact, instant(r.at)
        ended = ENDED.get(type(fact))
        if ended is not None:
            offer = self.offer_rows[getattr(fact, "offer_id")]  # noqa: B009
            offer["state"] = ended
            self.interaction_rows[offer["interaction_id"]]["state"] = "queued"
            if ended == "timed_out":
                self.agents[offer["agent_id"]] |= {"status": "not_responding", "since": at}
            return
        match fact:
            case e.UserConfigured():
                self._user(fact, at)
            case e.QueueConfigured():
                self.queue_rows[fact.queue_id] = {
                    "id": fact.queue_id, "name": fact.name, "sla_seconds": fact.sla_seconds,
                }  # fmt: skip
            case e.QueueRemoved():
                self.queue_rows.pop(fact.queue_id, None)
            case e.AccountConfigured():
                self.account_rows[fact.account_id] = {
                    "id": fact.account_id, "channel": fact.channel, "name": fact.name,
                    "addresses": list(fact.addresses), "healthy": True, "detail": None,
                    "last_in_at": None, "last_out_at": None,
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
            case e.InteractionCreated():
                self._created(fact, at)
            case e.InteractionQueued():
                self.interaction_rows[fact.interaction_id] |= {
                    "state": "queued", "queue_id": fact.queue_id, "owner_id": None,
                    "assignment_id": None, "assignment_state": None,
                    "enqueued_at": instant(fact.enqueued_at),
                    "first_enqueued_at": instant(fact.first_enqueued_at),
                }  # fmt: skip
            case e.InteractionParked():
                self.interaction_rows[fact.interaction_id]["state"] = "parked"
            case e.InteractionResumed():
                self.interaction_rows[fact.interaction_id]["state"] = "active"
            case e.InteractionClosed():
                row = self.interaction_rows[fact.interaction_id]
                row |= {"state": "closed", "closed_how": fact.how}
                self._entry(r, r.id, row, kind="system", direction="none", state="recorded")
            case e.InteractionSeen():
                self.interaction_rows[fact.interaction_id]["unread"] = 0
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
            case e.AssignmentHeld():
                self.interaction_rows[fact.interaction_id]["assignment_state"] = "held"
            case e.AssignmentUnheld():
                self.interaction_rows[fact.interaction_id]["assignment_state"] = "connected"
            case e.AssignmentWrapUpStarted():
                self.interaction_rows[fact.interaction_id] |= {
                    "assignment_state": "wrap_up", "wrap_up_since": at,
                }  # fmt: skip
            case e.AssignmentEnded():
                row = self.interaction_rows[fact.interaction_id]
                row |= {"assignment_id": None, "assignment_state": None}
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
            case e.MessageUnparseable() | e.AttentionRaised():
                self.open_attention.add(fact.attention_id)
            case e.AttentionClosed():
                self.open_attention.discard(fact.attention_id)
            case _:
                pass

    def _user(self, fact: e.UserConfigured, at: str) -> None:
        if fact.disabled:
            self.users.pop(fact.user_id, None)
            self.agents.pop(fact.user_id, None)
            return
        self.users[fact.user_id] = {
            "id": fact.user_id, "login": fact.login, "name": fact.name, "role": fact.role,
            "language": fact.language, "queue_ids": sorted(fact.queue_ids),
        }  # fmt: skip
        new = {
            "id": fact.user_id, "presence": "offline", "next_presence": None,
            "status": "off_queue", "since": at, "presence_since": at, "connected": False,
        }  # fmt: skip
        row = self.agents.setdefault(fact.user_id, new)
        row |= {"name": fact.name, "role": fact.role}

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
            "unread": 0, "proof": fact.proof,
        }  # fmt: skip

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

    # --- rows ---------------------------------------------------------------------------------

    def _agent_row(self, agent_id: str) -> Json:
        holds = [
            {"interaction_id": row["id"], "channel": row["channel"],
             "state": row["assignment_state"] or "connected"}
            for row in self.interaction_rows.values()
            if row["owner_id"] == agent_id and row["state"] != "closed"
        ]  # fmt: skip
        return copy.deepcopy(self.agents[agent_id]) | {"holds": holds}

    def _queue_row(self, queue_id: str) -> Json:
        work = [r for r in self.interaction_rows.values() if r["queue_id"] == queue_id]
        waiting = [r["enqueued_at"] for r in work if r["state"] in ("queued", "offered")]
        members = [u["id"] for u in self.users.values() if queue_id in u["queue_ids"]]
        return self.queue_rows[queue_id] | {
            "waiting": len(waiting), "longest_since": min(waiting, default=None),
            "in_work": sum(r["state"] == "active" for r in work), "answered_today": 0,
            "abandoned_today": sum(r["closed_how"] == "abandoned" for r in work),
            "agents_ready": sum(self.agents[m]["presence"] == "available" for m in members),
            "agents_total": len(members),
        }  # fmt: skip

    def _offer_row(self, offer_id: str) -> Json:
        row = self.offer_rows[offer_id]
        work = self.interaction_rows[row["interaction_id"]]
        return copy.deepcopy(row) | {
            "interaction": copy.deepcopy(work),
            "card": self._card(work["customer_id"]),
            "timeline": self._page(work["customer_id"], None, 50),
        }

    def _card(self, customer_id: str) -> Json:
        row = self.customers_[customer_id]
        work = [r for r in self.interaction_rows.values() if r["customer_id"] == customer_id]
        likely = next((r["likely_customer_id"] for r in work if r["likely_customer_id"]), None)
        entries = [x for x in self.entries.values() if x["customer_id"] == customer_id]
        return {
            "customer": {
                "id": customer_id, "name": row["name"], "language": None, "tier": None,
                "company": None, "timezone": None, "tags": [], "created_at": row["created_at"],
                "provisional": row["provisional"], "fields": {},
            },
            "identities": [],
            "likely": likely and {"customer_id": likely, "name": "Likely", "why": "address"},
            "interactions": [
                {"id": r["id"], "channel": r["channel"], "subject": None, "state": r["state"],
                 "closed_how": r["closed_how"], "queue_id": r["queue_id"],
                 "opened_at": r["opened_at"], "closed_at": None}
                for r in work[-10:]
            ],
            "reply_ways": [],
            "counts": {"entries": len(entries), "conversations": len(work)},
            "seq": max((x["seq"] for x in entries), default=0),
            "first_at": None,
            "last_at": next((x["at"] for x in reversed(entries) if x["direction"] == "in"), None),
        }  # fmt: skip

    def _page(self, customer_id: str, before: int | None, limit: int) -> Json:
        found = [
            row
            for row in sorted(self.entries.values(), key=lambda row: row["seq"])
            if row["customer_id"] == customer_id and (before is None or row["seq"] < before)
        ]
        items = copy.deepcopy(found[-limit:])
        return {"items": items, "before": items[0]["seq"] if len(found) > limit else None}

    def _pending(self) -> list[str]:
        return [key for key, row in self.offer_rows.items() if row["state"] == "pending"]

    # --- Views --------------------------------------------------------------------------------

    async def head(self) -> int:
        await self._breathe()
        return len(self.log)

    async def me(self, user_id: str) -> Json:
        return copy.deepcopy(self.users[user_id])

    async def snapshot(self, viewer: Actor) -> tuple[int, Json]:
        """Everything there is: what may not be seen is for the console to take out."""
        await self._breathe()
        taken = len(self.log), self.now()
        taken[1]["me"] = await self.me(viewer.id)
        await self._breathe()
        return taken

    def now(self) -> Json:
        return {
            "agents": {key: self._agent_row(key) for key in self.agents},
            "queues": {key: self._queue_row(key) for key in self.queue_rows},
            "interactions": {
                key: copy.deepcopy(row)
                for key, row in self.interaction_rows.items()
                if row["state"] != "closed"
            },
            "offers": {key: self._offer_row(key) for key in self._pending()},
            "accounts": copy.deepcopy(self.account_rows),
            "attention": {"count": len(self.open_attention)},
        }

    async def rows(self, keys: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Json]]:
        await self._breathe()
        makers = {
            "agents": (self.agents, self._agent_row),
            "queues": (self.queue_rows, self._queue_row),
            "interactions": (
                self.interaction_rows, lambda key: copy.deepcopy(self.interaction_rows[key]),
            ),
            "offers": (self.offer_rows, self._offer_row),
            "entries": (self.entries, lambda key: copy.deepcopy(self.entries[key])),
            "cards": (self.customers_, self._card),
            "accounts": (self.account_rows, lambda key: dict(self.account_rows[key])),
        }  # fmt: skip
        found: dict[str, dict[str, Json]] = {}
        for kind, wanted in keys.items():
            table, make = makers[kind]
            found[kind] = {key: make(key) for key in wanted if key in table}
        await self._breathe()
        return found

    async def listed(self, kind: str) -> list[Json]:
        await self._breathe()
        return list({"queues": {k: self._queue_row(k) for k in self.queue_rows},
                     "agents": {k: self._agent_row(k) for k in self.agents},
                     "accounts": copy.deepcopy(self.account_rows)}[kind].values())  # fmt: skip

    async def attention_count(self) -> int:
        await self._breathe()
        return len(self.open_attention)

    async def card(self, customer_id: str) -> Json | None:
        return self._card(customer_id) if customer_id in self.customers_ else None

    async def timeline(
        self, customer_id: str, *, before: int | None, limit: int, also: str | None = None
    ) -> Json:
        await self._breathe()
        return self._page(customer_id, before, limit)

    async def customers(self, query: str, *, viewer: Actor, after: str | None, limit: int) -> Json:
        items = [
            {"id": key, "name": row["name"], "company": None, "language": None, "addresses": [],
             "last_at": None, "last_text": None}
            for key, row in self.customers_.items()
            if query in row["name"]
            and may(viewer, "customer.read", await self.reach(key))
        ]  # fmt: skip
        return {"items": items[:limit], "after": None}

    async def interactions(
        self, wanted: Mapping[str, str], *, viewer: Actor, after: str | None, limit: int
    ) -> Json:
        named = {"queue": "queue_id", "state": "state", "owner": "owner_id",
                 "customer": "customer_id"}  # fmt: skip
        items = [
            copy.deepcopy(row)
            for row in self.interaction_rows.values()
            if all(row[named[key]] == value for key, value in wanted.items() if key in named)
        ]
        return {"items": items[:limit], "after": None}

    async def conversation(self, conversation_id: str) -> Json | None:
        work = [
            row for row in self.interaction_rows.values()
            if row["conversation_id"] == conversation_id
        ]  # fmt: skip
        if not work:
            return None
        return {
            "id": conversation_id, "channel": work[0]["channel"], "subject": None,
            "customer_id": work[0]["customer_id"], "interaction_ids": [row["id"] for row in work],
            "entries": self._page(work[0]["customer_id"], None, 50),
        }  # fmt: skip

    async def attention(self, *, state: str, after: str | None, limit: int) -> Json:
        items = [
            {"id": key, "kind": "unparseable", "at": instant(START), "channel": "email",
             "account_id": None, "reason": "not a mail", "message_id": None, "size": 3,
             "state": "open"}
            for key in sorted(self.open_attention)
        ]  # fmt: skip
        return {"items": items, "after": None}

    async def message(self, message_id: str) -> Json | None:
        return self.messages.get(message_id)

    async def html(self, message_id: str) -> tuple[str, Mapping[str, str]] | None:
        return self.htmls.get(message_id)

    async def content(self, content_id: str) -> tuple[Json, bytes] | None:
        return self.contents.get(content_id)

    async def put_upload(self, filename: str, media_type: str, data: bytes, by: str) -> Json:
        key = f"up_{len(self.contents)}"
        facts = {"kind": "upload", "media_type": media_type, "filename": filename,
                 "customer_id": None, "queue_id": None}  # fmt: skip
        self.contents[key] = (facts, data)
        return {"id": key, "filename": filename, "content_type": media_type, "size": len(data)}

    async def events(self, after: int, limit: int) -> list[tuple[Recorded, Json]]:
        extras = {"external_id": "SM1", "from": "+15550100"}
        return [
            (item, extras if item.type == "message.received" else {})
            for item in await self.facts(after, limit)
        ]

    async def facts(self, after: int, limit: int) -> list[Recorded]:
        await self._breathe()
        return self.log[after : after + limit]

    async def why_no_work(self, agent_id: str, now: datetime) -> Json:
        return {"available": False, "reasons": [{"code": "presence", "params": {}}]}

    async def reach(self, customer_id: str) -> Subject:
        rows = self.interaction_rows
        own = {key: row for key, row in rows.items() if row["customer_id"] == customer_id}
        work = {
            key: row for key, row in rows.items()
            if customer_id in (row["customer_id"], row["likely_customer_id"])
            and row["state"] != "closed"
        }  # fmt: skip
        offered = {
            self.offer_rows[key]["agent_id"]
            for key in self._pending()
            if self.offer_rows[key]["interaction_id"] in work
        }
        owners = {key: row["owner_id"] for key, row in work.items() if row["owner_id"]}
        return Subject(
            queue_ids=frozenset(row["queue_id"] for row in own.values() if row["queue_id"]),
            holder_ids=frozenset(owner for key, owner in owners.items() if key in own),
            offered_ids=frozenset(owner for key, owner in owners.items() if key not in own)
            | offered,
        )

    # --- Desk, Presences, AccountDirectory ----------------------------------------------------

    async def execute(self, actor: Actor, command: Command, *, key: str | None = None) -> Json:
        await self._breathe()
        full = f"{actor.id}:{command.NAME}:{key}"
        if key is not None and not 0 < len(key) <= 200:
            raise Invalid("an idempotency key has 1 to 200 characters", code="wrong_key")
        if key is not None and full in self._answers:
            return self._answers[full]
        if not may(actor, "session"):
            raise Forbidden("not for you")
        values = {spec.name: getattr(command, spec.name) for spec in fields(command)}
        if values.get("offer_id") == "of_none":
            raise NotFound("there is no such offer")
        if command.NAME == "presence.set":
            self.append(
                e.PresenceChanged(
                    agent_id=actor.id, presence=values["presence"], next_presence=None
                )
            )
        self.executed.append((actor.id, command, key))
        answer: Json = {"number": len(self.executed)}
        if key is not None:
            self._answers[full] = answer
        return answer

    async def connected(self, agent_id: str) -> None:
        await self._breathe()
        self.presence_calls.append(("connected", agent_id))

    async def disconnected(self, agent_id: str) -> None:
        await self._breathe()
        self.presence_calls.append(("disconnected", agent_id))

    def by_id(self, account_id: str) -> Account | None:
        row = self.account_rows.get(account_id)
        if row is None:
            return None
        return Account(id=account_id, channel=row["channel"], name=row["name"], addresses=())

    def by_address(self, channel: str, address: str) -> Account | None:
        return None

    def of_channel(self, channel: str) -> Sequence[Account]:
        return ()

    # --- Credentials --------------------------------------------------------------------------

    def actor(self, user_id: str) -> Actor:
        row = self.users[user_id]
        role: Role = row["role"]
        return Actor(id=user_id, role=role, queue_ids=frozenset(row["queue_ids"]))

    async def user_by_login(self, login: str) -> tuple[Actor, str] | None:
        for user in self.users.values():
            if user["login"].casefold() == login.casefold() and user["id"] in self.passwords:
                return self.actor(user["id"]), self.passwords[user["id"]]
        return None

    async def put_session(
        self, session_hash: str, user_id: str, csrf: str, expires_at: datetime
    ) -> None:
        self.sessions[session_hash] = (user_id, csrf, expires_at)

    async def extend_session(self, session_hash: str, expires_at: datetime) -> None:
        user_id, csrf, _ = self.sessions[session_hash]
        self.sessions[session_hash] = (user_id, csrf, expires_at)

    async def session(self, session_hash: str, now: datetime) -> tuple[str, Actor] | None:
        found = self.sessions.get(session_hash)
        if found is None or found[2] <= now or found[0] not in self.users:
            return None
        return found[1], self.actor(found[0])

    async def drop_session(self, session_hash: str) -> None:
        self.sessions.pop(session_hash, None)

    async def token(self, token_hash: str) -> Actor | None:
        return self.tokens.get(token_hash)

    async def set_language(self, user_id: str, language: str) -> None:
        self.users[user_id]["language"] = language


QUEUES = ("qu_sales", "qu_support")
STAFF: tuple[tuple[str, Role, tuple[str, ...]], ...] = (
    ("user_ana", "agent", ("qu_sales",)),
    ("user_bo", "agent", ("qu_support",)),
    ("user_sue", "supervisor", QUEUES),
    ("user_ada", "admin", ()),
)


def furnished() -> House:
    """Two queues, two agents in one each, a supervisor, an admin, an account, three customers."""
    house = House()
    for queue_id in QUEUES:
        house.append(
            e.QueueConfigured(
                queue_id=queue_id, name=queue_id[3:], sla_seconds=60, offer_seconds=20,
                auto_accept=False, managed_by="test",
            )
        )  # fmt: skip
    for user_id, role, queues in STAFF:
        house.append(configured(user_id, role, queues))
    house.append(
        e.AccountConfigured(
            account_id="acc_1", channel="sms", name="Main number", addresses=("+15550199",),
            queue_id="qu_sales", options={}, secret_content=None, managed_by="test",
        )
    )  # fmt: skip
    for number in (1, 2, 3):
        house.append(
            e.CustomerCreated(customer_id=f"cu_{number}", profile_content="ct_p", provisional=False)
        )
    return house


def configured(
    user_id: str, role: str, queues: tuple[str, ...], *, disabled: bool = False
) -> e.UserConfigured:
    return e.UserConfigured(
        user_id=user_id, login=user_id[5:], name=user_id[5:].title(), role=role, language="en",
        queue_ids=queues, managed_by="test", disabled=disabled,
    )  # fmt: skip

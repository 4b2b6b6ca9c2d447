"""A small hub in memory for the console's tests: log, views, desk and who may come in.

It keeps the ports' promises and nothing more: rows have the contract's shapes, the tail gives
committed events in order, a snapshot is exact as of its number.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta

from agent_console.wire import instant
from tests.unit.console.keys import Keys
from tests.unit.console.shown import Shown
from triggerhub.domain import events as e
from triggerhub.domain.clock import ManualClock
from triggerhub.domain.commands import Command
from triggerhub.domain.errors import Forbidden, HubError, Invalid, NotFound
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.message import Account
from triggerhub.domain.permissions import Actor, Subject, may
from triggerhub.domain.ports import Json

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class House(Shown):
    """Implements Views, LogTail, Desk, AccountDirectory and Presences; `keys`: Credentials."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = Keys(self)
        self.clock = ManualClock(START)
        self.log: list[Recorded] = []
        self.contents: dict[str, tuple[Json, bytes]] = {}
        self.htmls: dict[str, tuple[str, dict[str, str]]] = {}
        self.messages: dict[str, Json] = {}
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
            self.fold(recorded)
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

    async def rows(self, keys: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Json]]:
        await self._breathe()
        makers = {
            "agents": (self.agents, self.agent_row),
            "queues": (self.queue_rows, self.queue_row),
            "interactions": (
                self.interaction_rows, lambda key: copy.deepcopy(self.interaction_rows[key]),
            ),
            "offers": (self.offer_rows, self.offer_row),
            "entries": (self.entries, lambda key: copy.deepcopy(self.entries[key])),
            "cards": (self.customers_, self.card_of),
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
        return list({"queues": {k: self.queue_row(k) for k in self.queue_rows},
                     "agents": {k: self.agent_row(k) for k in self.agents},
                     "accounts": copy.deepcopy(self.account_rows)}[kind].values())  # fmt: skip

    async def attention_count(self) -> int:
        await self._breathe()
        return len(self.open_attention)

    async def card(self, customer_id: str) -> Json | None:
        return self.card_of(customer_id) if customer_id in self.customers_ else None

    async def timeline(
        self, customer_id: str, *, before: int | None, limit: int, also: str | None = None
    ) -> Json:
        await self._breathe()
        return self.page_of(customer_id, before, limit)

    async def customers(self, query: str, *, viewer: Actor, after: str | None, limit: int) -> Json:
        items = [
            {"id": key, "name": row["name"], "company": None, "language": None, "addresses": [],
             "provisional": row["provisional"], "last_at": None, "last_text": None}
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
            "customer_id": work[0]["customer_id"], "account_id": work[0]["account_id"],
            "queue_id": work[0]["queue_id"], "interaction_ids": [row["id"] for row in work],
            "entries": self.page_of(work[0]["customer_id"], None, 50),
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
            for key in self.pending()
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

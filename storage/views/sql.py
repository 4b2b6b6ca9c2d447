"""What domain.ports.Views and Credentials read; each call is one consistent read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from storage.lookups.base import surely
from storage.reading import Reader, ReadStore
from storage.transaction import millis
from storage.views import attention, needs, people, rows, search, served, work
from triggerhub.domain.errors import NotFound
from triggerhub.domain.events import Recorded
from triggerhub.domain.model.agent import PRESENCES
from triggerhub.domain.permissions import Actor, Subject, may

Json = dict[str, Any]
FIRST_PAGE = 50  # timeline entries that come with an offer
SHORT = 4 * 64  # rows: what the events that are shown at once can change


class SqlReads:
    def __init__(self, store: ReadStore) -> None:
        self._store = store
        self._clock = store.kit.clock

    async def head(self) -> int:
        return await self._store.read(lambda reader: reader.head())

    async def epoch(self) -> str:
        """Changes when the log is another one (restored from a backup)."""
        return await self._store.read(lambda reader: reader.epoch())

    async def hub(self) -> Json:
        return await self._store.read(rows.hub)

    async def me(self, user_id: str) -> Json:
        return await self._store.read(lambda reader: _me(reader, user_id))

    async def snapshot(self, viewer: Actor) -> tuple[int, Json]:
        now = self._clock.now()

        def look(reader: Reader) -> tuple[int, Json]:
            pending = rows.offers(reader, None)
            mine = {k: o for k, o in pending.items() if o["agent_id"] == viewer.id}
            if may(viewer, "interaction.read"):
                shown = rows.interactions_where(reader, "WHERE i.state <> 'closed'", {})
                opened = {row["id"]: row for row in shown}
                offers = {
                    key: row | {"interaction": opened.get(row["interaction_id"])}
                    for key, row in pending.items()
                }
            else:
                # COALESCE keeps the planner on the index of open work: by owner it would read all
                # that this agent ever had.
                shown = rows.interactions_where(
                    reader,
                    "WHERE i.state <> 'closed' AND COALESCE(i.owner_id, '') = :id",
                    {"id": viewer.id},
                )
                offered = rows.interactions(reader, [o["interaction_id"] for o in mine.values()])
                shown += [row for key, row in offered.items() if row["owner_id"] != viewer.id]
                offers = mine
            offers = {**offers, **_whole_offers(reader, mine, {})}
            return reader.head(), {
                "me": _me(reader, viewer.id),
                "presences": [*PRESENCES, *reader.presences()],
                "agents": rows.agents(reader),
                "queues": rows.queues(reader, now),
                "interactions": {row["id"]: row for row in shown},
                "offers": offers,
                "accounts": rows.accounts(reader),
                "attention": {"count": attention.count(reader)},
            }

        return await self._store.read(look)

    async def rows(self, keys: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Json]]:
        now = self._clock.now()

        def look(reader: Reader) -> dict[str, dict[str, Json]]:
            found: dict[str, dict[str, Json]] = {}
            for kind, ids in keys.items():
                match kind:
                    case "agents":
                        found[kind] = rows.agents(reader, ids)
                    case "queues":
                        found[kind] = rows.queues(reader, now, ids)
                    case "interactions":
                        found[kind] = rows.interactions(reader, ids)
                    case "offers":
                        found[kind] = _whole_offers(
                            reader, rows.offers(reader, ids), found.get("interactions", {})
                        )
                    case "entries":
                        found[kind] = people.entries(reader, ids)
                    case "cards":
                        found[kind] = people.cards(reader, ids)
                    case "accounts":
                        found[kind] = rows.accounts(reader, ids)
                    case _:
                        raise NotFound(f"there are no rows of {kind}")
            return found

        short = sum(map(len, keys.values())) <= SHORT
        return await (self._store.read_warm if short else self._store.read)(look)

    async def listed(self, kind: str) -> list[Json]:
        now = self._clock.now()

        def look(reader: Reader) -> list[Json]:
            match kind:
                case "agents":
                    return list(rows.agents(reader).values())
                case "queues":
                    return list(rows.queues(reader, now).values())
                case "accounts":
                    return list(rows.accounts(reader).values())
                case _:
                    raise NotFound(f"there is no list of {kind}")

        return await self._store.read(look)

    # --- customers ----------------------------------------------------------------------------

    async def card(self, customer_id: str) -> Json | None:
        return await self._store.read(lambda reader: people.card(reader, customer_id))

    async def timeline(
        self, customer_id: str, *, before: int | None, limit: int, also: str | None = None
    ) -> Json:
        ids = [customer_id] if also is None else [customer_id, also]
        return await self._store.read(
            lambda reader: people.timeline(reader, ids, before=before, limit=limit)
        )

    async def customers(self, query: str, *, viewer: Actor, after: str | None, limit: int) -> Json:
        return await self._store.read(
            lambda reader: search.search(reader, query, viewer=viewer, after=after, limit=limit)
        )

    async def conversation(self, conversation_id: str) -> Json | None:
        return await self._store.read(lambda reader: people.conversation(reader, conversation_id))

    async def interactions(
        self, wanted: Mapping[str, str], *, viewer: Actor, after: str | None, limit: int
    ) -> Json:
        return await self._store.read(
            lambda reader: work.interactions(
                reader, wanted, viewer=viewer, after=after, limit=limit
            )
        )

    async def reach(self, customer_id: str) -> Subject:
        return await self._store.read(lambda reader: reader.reach(customer_id))

    # --- attention, content, log --------------------------------------------------------------

    async def attention(self, *, state: str, after: str | None, limit: int) -> Json:
        return await self._store.read(
            lambda reader: attention.page(reader, state=state, after=after, limit=limit)
        )

    async def attention_count(self) -> int:
        return await self._store.read(attention.count)

    async def outbox_states(self) -> dict[str, int]:
        """How many messages are queued or on their way."""
        return await self._store.read(needs.outbox_states)

    async def why_no_work(self, agent_id: str, now: datetime) -> Json:
        return await self._store.read(lambda reader: needs.why_no_work(reader, agent_id, now))

    async def message(self, message_id: str) -> Json | None:
        return await self._store.read(lambda reader: served.message(reader, message_id))

    async def html(self, message_id: str) -> tuple[str, Mapping[str, str]] | None:
        return await self._store.read(lambda reader: served.html(reader, message_id))

    async def content(self, content_id: str) -> tuple[Json, bytes] | None:
        return await self._store.read(lambda reader: served.content(reader, content_id))

    async def events(self, after: int, limit: int) -> list[tuple[Recorded, Json]]:
        return await self._store.read(lambda reader: served.events(reader, after, limit))

    async def facts(self, after: int, limit: int) -> list[Recorded]:
        return await self._store.read(lambda reader: reader.events_after(after, limit))

    # --- Credentials --------------------------------------------------------------------------

    async def user_by_login(self, login: str) -> tuple[Actor, str] | None:
        def look(reader: Reader) -> tuple[Actor, str] | None:
            row = reader.connection.one(
                "SELECT id, role, queue_ids, hash_content FROM users"
                " WHERE login = :login AND disabled = 0",
                {"login": login.lower()},
            )
            body = reader.body(row[3]) if row is not None else None
            if row is None or body is None:
                return None
            return _actor(row), orjson.loads(body)["hash"]

        return await self._store.read(look)

    async def session(self, session_hash: str, now: datetime) -> tuple[str, Actor, datetime] | None:
        def look(reader: Reader) -> tuple[str, Actor, datetime] | None:
            row = reader.connection.one(
                "SELECT u.id, u.role, u.queue_ids, s.csrf, s.expires_at FROM sessions s"
                " JOIN users u ON u.id = s.user_id"
                " WHERE s.hash = :hash AND s.expires_at > :now AND u.disabled = 0"
                " AND COALESCE(u.hash_content, '') = s.password",
                {"hash": session_hash, "now": millis(now)},
            )
            return None if row is None else (row[3], _actor(row), surely(row[4]))

        # Asked before each command of a console.
        return await self._store.read_warm(look)

    async def token(self, token_hash: str) -> Actor | None:
        def look(reader: Reader) -> Actor | None:
            row = reader.connection.one(
                "SELECT id, role FROM tokens WHERE hash = :hash AND revoked = 0",
                {"hash": token_hash},
            )
            return None if row is None else Actor(id=f"token:{row[0]}", role=row[1])

        return await self._store.read(look)


def _actor(row: Sequence[Any]) -> Actor:
    return Actor(id=row[0], role=row[1], queue_ids=frozenset(orjson.loads(row[2])))


def _me(reader: Reader, user_id: str) -> Json:
    found = reader.users([user_id])
    if not found:
        raise NotFound(f"there is no user {user_id}")
    user = found[0]
    return {
        "id": user.id,
        "login": user.login,
        "name": user.name,
        "role": user.role,
        "language": user.language,
        "queue_ids": list(user.queue_ids),
    }


def _whole_offers(
    reader: Reader, found: dict[str, Json], known: dict[str, Json]
) -> dict[str, Json]:
    """With the screen pop: the interaction, the customer's card, the newest of the timeline.

    `known`: interactions that were read already.
    """
    wanted = {o["interaction_id"] for o in found.values()}
    shown = known | rows.interactions(reader, wanted - known.keys())
    cards = people.cards(
        reader, [shown[wanted_id]["customer_id"] for wanted_id in wanted if wanted_id in shown]
    )
    whole = {}
    for offer_id, offer in found.items():
        interaction = shown.get(offer["interaction_id"])
        if interaction is None:
            continue
        ids = [interaction["customer_id"]]
        if interaction["likely_customer_id"]:
            ids.append(interaction["likely_customer_id"])
        whole[offer_id] = {
            **offer,
            "interaction": interaction,
            "card": cards.get(interaction["customer_id"]),
            "timeline": people.timeline(
                reader, ids, before=None, limit=FIRST_PAGE, item=people.ready
            ),
        }
    return whole

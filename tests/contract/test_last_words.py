"""The customers' list by who wrote last, against a plain model of it; how it is looked up."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest

from storage import schema
from storage.reading import Reader
from storage.transaction import Transaction
from storage.views import search
from tests.contract.houses import House
from tests.unit.router.world import SUPERVISOR, World, world_on
from triggerhub.domain import events as ev
from triggerhub.domain.permissions import Actor

AGENT = Actor(id="user_ann", role="agent", queue_ids=frozenset({"q_sales"}))
EVERYTHING = 1 << 40
WINDOWS = (0, 1, 9, 60, EVERYTHING)


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


@dataclass
class Person:
    seq: int
    name: str
    provisional: bool


@dataclass
class Said:
    seq: int
    identity: str
    at: str
    words: str


@dataclass
class Crowd:
    """Random customers, and what is expected of the list."""

    world: World
    chance: random.Random
    people: dict[str, Person] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))

    async def live(self, days: int) -> None:
        for _ in range(4):
            await self.comes()
        for _ in range(days):
            self.world.clock.advance(timedelta(milliseconds=self.chance.randrange(3)))
            steps = (self.comes, self.another_address, self.writes, self.merged,
                     self.is_written_to, self.noted)  # fmt: skip
            [step] = self.chance.choices(steps, (4, 4, 8, 1, 4, 1))
            await step()

    async def comes(self) -> None:
        number, chance = next(self.numbers), self.chance
        name = f"{chance.choice(('Anna', 'Bert', '王小明'))} {number:03}"
        provisional = chance.random() < 0.4
        seq = await self.tell(
            "profile",
            {"name": name},
            lambda content: ev.CustomerCreated(
                customer_id=f"cu_{number}", profile_content=content, provisional=provisional
            ),
        )
        self.people[f"cu_{number}"] = Person(seq, name, provisional)
        if chance.random() < 0.8:
            await self.address(f"cu_{number}")

    async def another_address(self) -> None:
        await self.address(self.chance.choice(list(self.people)))

    async def address(self, customer_id: str) -> None:
        identity = f"id_{next(self.numbers)}"
        await self.tell(
            "address",
            {"address": f"{identity}@customer.example"},
            lambda content: ev.IdentityAdded(
                identity_id=identity, kind="email", address_content=content,
                standing="verified", why="dkim",
            ),
        )  # fmt: skip
        await self.link(identity, customer_id)
        if self.chance.random() < 0.7:
            await self.work(identity, self.chance.choice(("q_sales", "q_help")))

    async def link(self, identity: str, customer_id: str) -> None:
        await self.world.append(
            ev.IdentityLinked(
                link_id=f"li_{next(self.numbers)}", identity_id=identity, customer_id=customer_id,
                previous_customer_id=self.owners.get(identity), version=1, why="agent",
            )
        )  # fmt: skip
        self.owners[identity] = customer_id

    async def work(self, identity: str, queue: str) -> None:
        now = self.world.clock.now()
        await self.world.append(
            ev.ConversationOpened(
                conversation_id=f"cv_{identity}", channel="email", account_id="ac_mail",
                identity_id=identity, customer_id=self.owners[identity], likely_customer_id=None,
                subject_content=None, reply_token=f"token-{identity}", related_to=None,
            ),
            ev.InteractionCreated(
                interaction_id=f"in_{identity}", conversation_id=f"cv_{identity}",
                channel="email", account_id="ac_mail", identity_id=identity,
                customer_id=self.owners[identity], priority=0, proof="verified",
            ),
            ev.InteractionQueued(
                interaction_id=f"in_{identity}", queue_id=queue, enqueued_at=now,
                first_enqueued_at=now, reason="new",
            ),
        )  # fmt: skip
        self.queues[identity] = queue

    async def merged(self) -> None:
        if self.owners:
            identity = self.chance.choice(list(self.owners))
            await self.link(identity, self.chance.choice(list(self.people)))

    async def writes(self) -> None:
        if not self.owners:
            return
        identity, number = self.chance.choice(list(self.owners)), next(self.numbers)
        words, subject = self.chance.choice((f"word {number}", "")), f"subject {number}"
        at = self.world.clock.now().isoformat(timespec="milliseconds")[:-6] + "Z"
        seq = await self.tell(
            "parsed",
            {"text": words, "subject": subject},
            lambda content: ev.MessageResolved(
                message_id=f"msg_{number}", channel="email", account_id="ac_mail",
                raw_content="ct_0", parsed_content=content, conversation_id=f"cv_{identity}",
                interaction_id=f"in_{identity}", customer_id=self.owners[identity],
                identity_id=identity, rule="new", proof="dkim", likely_customer_id=None,
            ),
        )  # fmt: skip
        self.said.append(Said(seq, identity, at, words or subject))

    async def is_written_to(self) -> None:
        if not self.owners:
            return
        identity, number = self.chance.choice(list(self.owners)), next(self.numbers)
        await self.tell(
            "outbound",
            {"text": "Our answer"},
            lambda content: ev.MessageQueued(
                message_id=f"msg_{number}", channel="email", account_id="ac_mail",
                conversation_id=f"cv_{identity}", interaction_id=None,
                customer_id=self.owners[identity], identity_id=identity, content=content,
                author="user_boss", not_before_at=self.world.clock.now(), in_reply_to=None,
                retry_of=None,
            ),
        )  # fmt: skip

    async def noted(self) -> None:
        if not self.owners:
            return
        identity, number = self.chance.choice(list(self.owners)), next(self.numbers)
        await self.tell(
            "note",
            {"text": "A note"},
            lambda content: ev.NoteAdded(
                note_id=f"nt_{number}", conversation_id=f"cv_{identity}", interaction_id=None,
                customer_id=self.owners[identity], identity_id=identity, content=content,
                author="user_boss",
            ),
        )  # fmt: skip

    async def tell(self, kind: str, value: dict[str, Any], fact: Any) -> int:
        [recorded] = await self.world.store.run(
            lambda unit: unit.append(fact(unit.put_json(kind, value)), actor="test")
        )
        return recorded.seq

    def listed(self, query: str, viewer: Actor) -> list[tuple[str, str | None, str]]:
        """(customer, when they last wrote, what), who is first coming first."""
        found = []
        for customer_id, person in self.people.items():
            own = [i for i, owner in self.owners.items() if owner == customer_id]
            text = " ".join((person.name, *(f"{i}@customer.example" for i in own))).lower()
            if (
                (own or not person.provisional)
                and all(word in text for word in query.lower().split())
                and (viewer is SUPERVISOR or "q_sales" in map(self.queues.get, own))
            ):
                last = max((s for s in self.said if s.identity in own), key=lambda s: s.seq,
                           default=Said(person.seq, "", "", ""))  # fmt: skip
                found.append((last.seq, customer_id, last.at or None, last.words))
        return [row[1:] for row in sorted(found, reverse=True)]


async def paged(
    world: World, query: str, viewer: Actor, limit: int
) -> list[tuple[str, str | None, str]]:
    seen: list[tuple[str, str | None, str]] = []
    after = None
    while True:
        page = await world.views.customers(query, viewer=viewer, after=after, limit=limit)
        assert len(page["items"]) <= limit
        seen += [(item["id"], item["last_at"], item["last_text"]) for item in page["items"]]
        after = page["after"]
        if after is None:
            return seen


@pytest.mark.parametrize("seed", range(3))
async def test_both_ways_list_whom_the_model_lists(
    world: World, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd(world, random.Random(seed))
    await crowd.live(160)
    assert len(crowd.listed("", AGENT)) > 3
    for query in ("", "anna", "王小明 customer.example", "bert 00", "nobody"):
        for viewer in (SUPERVISOR, AGENT):
            expected = crowd.listed(query, viewer)
            for window in WINDOWS:
                monkeypatch.setattr(search, "WINDOW", window)
                for limit in (1, 4, 100):
                    assert await paged(world, query, viewer, limit) == expected


async def test_cards_tell_when_somebody_last_wrote(world: World) -> None:
    crowd = Crowd(world, random.Random(7))
    await crowd.live(80)
    for customer_id, at, _ in crowd.listed("", SUPERVISOR):
        card = await world.views.card(customer_id)
        assert card is not None
        assert card["last_at"] == at


def remember(key: str, tx: Transaction) -> None:
    tx.remember(key, {})


async def kept_keys(world: World) -> list[str]:
    return await world.store.read(
        lambda r: sorted(key for (key,) in r.connection.all("SELECT key FROM idempotency"))
    )


async def test_the_schema_before_gets_its_columns_back(world: World) -> None:
    crowd = Crowd(world, random.Random(3))
    await crowd.live(80)
    expected = {customer_id: words for customer_id, _, words in crowd.listed("", SUPERVISOR)}
    keys = {  # under which commands' answers are kept, now and before
        "c1:with:colons:user_1:offer.accept": "user_1:offer.accept:c1:with:colons",
        "k2:token:tok_1:customer.update": "token:tok_1:customer.update:k2",
    }
    for key in keys:
        await world.store.write(partial(remember, key))
    await asyncio.to_thread(schema.downgrade, world.house.database(), "0006")
    assert await kept_keys(world) == sorted(keys.values())
    rows = await world.store.read(lambda r: r.connection.all("SELECT id, last_text FROM customers"))
    assert {row[0]: row[1] for row in rows if row[0] in expected} == expected
    assert {row[0] for row in rows} == crowd.people.keys()
    await asyncio.to_thread(world.house.migrate, without_backup=True)
    assert await kept_keys(world) == sorted(keys)
    assert await paged(world, "", SUPERVISOR, 9) == crowd.listed("", SUPERVISOR)


async def test_a_full_page_is_read_from_the_end_of_what_was_said(world: World) -> None:
    if world.house.database().dialect != "sqlite":
        return
    await Crowd(world, random.Random(1)).live(60)

    def plans(reader: Reader) -> list[str]:
        said: list[str] = []
        reader.connection.raw.set_trace_callback(said.append)
        search.search(reader, "a", viewer=AGENT, after=None, limit=2)
        reader.connection.raw.set_trace_callback(None)
        [sql] = [sql for sql in said if "FROM entries e CROSS JOIN" in sql]
        return [row[3] for row in reader.connection.all(f"EXPLAIN QUERY PLAN {sql}")]

    first, *rest = await world.store.read(plans)
    assert first == "SEARCH e USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
    assert not [line for line in rest if re.match("SCAN|USE TEMP", line)], rest

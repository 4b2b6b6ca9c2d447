"""Old snapshot + frames = new snapshot, for whatever happens, joins, is cut and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.console import scenes
from tests.unit.console.furnished import QUEUES, STAFF, configured, furnished
from tests.unit.console.house import House
from tests.unit.console.screen import Running, Screen
from triggerhub.domain import events as e

AGENTS = ("user_ana", "user_bo", "user_sue")


class Story:
    """Takes arbitrary numbers to the next thing that may lawfully happen."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.works = 0
        self.others = 0

    def _works(self, *states: str) -> list[str]:
        return [
            key[3:] for key, row in self.house.interaction_rows.items() if row["state"] in states
        ]

    def _one(self, n: int, *states: str) -> str | None:
        found = self._works(*states)
        return found[n % len(found)] if found else None

    def _offer(self, n: int) -> tuple[str, str, str, str] | None:
        pending = self.house.pending()
        if not pending:
            return None
        row = self.house.offer_rows[pending[n % len(pending)]]
        return row["interaction_id"][3:], row["id"], row["agent_id"], row["queue_id"]

    def _next(self) -> str:
        self.others += 1
        return str(self.others)

    def new(self, n: int) -> None:
        self.works += 1
        facts = scenes.new_work(self.house, str(self.works), f"cu_{1 + n % 3}", QUEUES[n % 2])
        self.house.append(*facts)

    def offer(self, n: int) -> None:
        number = self._one(n, "queued")
        if number is not None:
            agent_id = AGENTS[n % 3]
            self.house.append(scenes.offered(self.house, number, f"of_{self._next()}", agent_id))

    def accept(self, n: int) -> None:
        found = self._offer(n)
        if found is not None:
            self.house.append(*scenes.accepted(*found))

    def refuse(self, n: int) -> None:
        found = self._offer(n)
        if found is not None:
            kind = (e.OfferDeclined, e.OfferTimedOut)[n % 2]
            number, offer_id, agent_id, _ = found
            self.house.append(
                kind(offer_id=offer_id, interaction_id=f"in_{number}", agent_id=agent_id)
            )

    def close(self, n: int) -> None:
        number = self._one(n, "active", "parked")
        if number is not None:
            owner = self.house.interaction_rows[f"in_{number}"]["owner_id"]
            self.house.append(*scenes.closed(number, owner))

    def transfer(self, n: int) -> None:
        number = self._one(n, "active")
        if number is not None:
            owner = self.house.interaction_rows[f"in_{number}"]["owner_id"]
            self.house.append(*scenes.transferred(self.house, number, owner, QUEUES[n % 2]))

    def rest(self, n: int) -> None:
        number = self._one(n, "active")
        if number is not None:
            self.house.append(e.InteractionParked(interaction_id=f"in_{number}", until_at=None))

    def resume(self, n: int) -> None:
        number = self._one(n, "parked")
        if number is not None:
            self.house.append(e.InteractionResumed(interaction_id=f"in_{number}", reason="due"))

    def hold(self, n: int) -> None:
        number = self._one(n, "active")
        if number is not None:
            fact = (e.AssignmentHeld, e.AssignmentWrapUpStarted)[n % 2]
            self.house.append(fact(assignment_id="as_1", interaction_id=f"in_{number}"))

    def say(self, n: int) -> None:
        number = self._one(n, "queued", "offered", "active", "parked")
        if number is not None:
            customer = self.house.interaction_rows[f"in_{number}"]["customer_id"]
            self.house.append(scenes.resolved(f"mx_{self._next()}", number, customer))

    def answer(self, n: int) -> None:
        number = self._one(n, "active")
        if number is not None:
            customer = self.house.interaction_rows[f"in_{number}"]["customer_id"]
            self.house.append(scenes.sent(number, f"mo_{self._next()}", customer))

    def deliver(self, n: int) -> None:
        out = [key for key, row in self.house.entries.items() if row["direction"] == "out"]
        if out:
            message_id = out[n % len(out)]
            facts = (
                e.MessageSent(message_id=message_id, reference_content=None),
                e.MessageDelivered(message_id=message_id),
                e.MessageFailed(
                    message_id=message_id, code="x", reason="y", attention_id=f"at_{n}"
                ),
            )
            self.house.append(facts[n % 3])

    def note(self, n: int) -> None:
        number = self._one(n, "active", "queued")
        if number is not None:
            customer = self.house.interaction_rows[f"in_{number}"]["customer_id"]
            self.house.append(scenes.note(number, f"no_{self._next()}", customer))

    def rename(self, n: int) -> None:
        self.house.append(e.CustomerUpdated(customer_id=f"cu_{1 + n % 3}", profile_content="ct_p"))

    def presence(self, n: int) -> None:
        word = ("available", "break", "offline")[n % 3]
        agent_id = AGENTS[n // 3 % 3]
        self.house.append(e.PresenceChanged(agent_id=agent_id, presence=word, next_presence=None))

    def connect(self, n: int) -> None:
        self.house.append(e.AgentConnected(agent_id=AGENTS[n % 3]))

    def staff(self, n: int) -> None:
        user_id, role, queues = STAFF[n % 3]
        self.house.append(configured(user_id, role, (queues, QUEUES, ())[n // 3 % 3]))

    def furnish(self, n: int) -> None:
        if n % 3 == 0 and len(self.house.queue_rows) > 2:
            self.house.append(e.QueueRemoved(queue_id="qu_extra"))
        else:
            self.house.append(
                e.QueueConfigured(
                    queue_id="qu_extra", name=f"Extra {n}", sla_seconds=n, offer_seconds=20,
                    auto_accept=False, managed_by="test",
                )
            )  # fmt: skip

    def attend(self, n: int) -> None:
        self.house.append(
            e.AttentionRaised(
                attention_id=f"at_{n}", kind="returned", reason="", interaction_id=None,
                message_id=None,
            )
            if n % 2
            else e.AttentionClosed(attention_id=f"at_{n}", how="dismissed")
        )  # fmt: skip


HAPPENINGS = sorted(name for name in vars(Story) if not name.startswith("_"))
DOINGS = ("open", "open", "cut", "watch", "breathe")
# What work is made of comes more often than what surrounds it.
OFTEN = ("new", "offer", "offer", "accept", "accept", "say", "answer", "deliver", "close")
STEPS = st.lists(
    st.tuples(
        st.sampled_from([*HAPPENINGS, *OFTEN, *DOINGS, *DOINGS]), st.just(0) | st.integers(0, 17)
    ),
    min_size=10,
    max_size=70,
)


async def play(steps: list[tuple[str, int]], yields: int, limit: int, *, alone: int = 0) -> None:
    """`alone`: so many steps before the supervisor may come."""
    house = furnished()
    house.yields = yields
    story = Story(house)
    happen: dict[str, Callable[[int], None]] = {name: getattr(story, name) for name in HAPPENINGS}
    async with Running(house, every=timedelta(0), max_gap=40) as running:
        screens = [Screen(house, running.hub, user_id, limit) for user_id, *_ in STAFF[:3]]
        for screen in screens[:2] if alone else screens:
            await screen.open()
        doing: set[asyncio.Task[None]] = set()
        for at, (name, n) in enumerate(steps):
            screen = screens[n % 3]
            if at < alone and name == "open" and screen is screens[2]:
                continue
            if name in happen:
                happen[name](n)
            elif name == "open" and not screen.live:
                doing.add(asyncio.create_task(screen.open()))
                await asyncio.sleep(0)
            elif name == "cut":
                await asyncio.gather(*doing)
                doing.clear()
                await screen.cut()
            elif name == "watch":
                await asyncio.gather(*doing)
                doing.clear()
                await screen.watch(f"cu_{1 + n % 3}")
            for _ in range(n % 4 if name != "breathe" else n):
                await asyncio.sleep(0)
        await asyncio.gather(*doing)
        await running.settle()
        for _ in range(3):
            for screen in screens:
                if not screen.live:
                    await screen.open()
            await running.settle()
        for screen in screens:
            await refresh(screen)
        await running.settle()
        for screen in screens:
            check(screen)
            await screen.cut()


async def refresh(screen: Screen) -> None:
    """Rights that changed: the socket's task would have the viewer recognised again."""
    viewer = screen.viewer
    assert viewer is not None
    if viewer.refresh.is_set():
        viewer.refresh.clear()
        await screen.hub.join_again(viewer, screen.house.actor(screen.user_id))


def check(screen: Screen) -> None:
    seen, due = screen.seen(), screen.due()
    for kind, rows in due.items():
        assert seen[kind] == rows, (screen.user_id, kind)
    assert screen.viewer is not None
    for customer_id in screen.viewer.watching:
        page = screen.house.page_of(customer_id, None, 50)
        held = screen.state["timelines"][customer_id]["items"]
        assert [x for x in held if x["seq"] >= page["items"][0]["seq"]] == page["items"]
        assert screen.state["cards"][customer_id] == screen.house.card_of(customer_id)
    numbers = [frame["seq"] for frame in screen.frames if frame["type"] != "snapshot"]
    assert all(number >= 0 for number in numbers)


CUT_WHILE_ACCEPTING = [(name, 0) for name in ("new", "offer", "cut", "accept", "open", "close")]
RIGHTS_BEFORE_THE_FIRST_FRAME = [(name, 0) for name in ("cut", "staff", "open", "new", "offer")]
CUT_BEFORE_NEW_RIGHTS = [("staff", 7), ("answer", 11), ("cut", 1)]
QUEUE_GONE_WHILE_AWAY = [("furnish", 11), ("furnish", 6), ("cut", 2)]

WORK_MOVES_BEFORE_NEW_RIGHTS = [
    ("new", 0), ("staff", 0), ("watch", 0), ("offer", 15), ("accept", 0),
]  # fmt: skip

ENTRIES_IN_ONE_BATCH = [
    ("new", 2), ("offer", 0), ("accept", 0), ("watch", 2), *[("say", 0), ("answer", 0)] * 3,
]  # fmt: skip
ENTRIES_CHANGED_WHILE_THEY_WAIT = [
    ("new", 2), ("offer", 0), ("accept", 0), ("watch", 2), ("answer", 1), ("say", 1),
    ("deliver", 1), ("answer", 1), ("deliver", 1),
]  # fmt: skip

OFFERED_AS_IT_COMES = [("new", 0), ("offer", 0)]
BACK_WHILE_IT_COMES = [
    ("new", 1), ("offer", 0), ("accept", 1), ("say", 0), ("cut", 0), ("new", 3), ("open", 0),
]  # fmt: skip

NEWS_WHILE_COMING_BACK = [
    ("new", 0), ("offer", 0), ("accept", 0), ("new", 0), ("watch", 0), ("cut", 1), ("cut", 2),
    ("cut", 0), ("open", 0), ("accept", 1), ("new", 0),
]  # fmt: skip


@pytest.mark.thorough
@settings(max_examples=200, deadline=None)
@example(steps=CUT_WHILE_ACCEPTING, yields=0, limit=25)
@example(steps=RIGHTS_BEFORE_THE_FIRST_FRAME, yields=0, limit=1000)
@example(steps=CUT_BEFORE_NEW_RIGHTS, yields=1, limit=1000)
@example(steps=QUEUE_GONE_WHILE_AWAY, yields=1, limit=1000)
@example(steps=WORK_MOVES_BEFORE_NEW_RIGHTS, yields=0, limit=25)
@example(steps=ENTRIES_IN_ONE_BATCH, yields=0, limit=25)
@example(steps=ENTRIES_CHANGED_WHILE_THEY_WAIT, yields=0, limit=1000)
@example(steps=NEWS_WHILE_COMING_BACK, yields=1, limit=25)
@given(steps=STEPS, yields=st.integers(0, 2), limit=st.sampled_from((25, 1000)))
def test_old_snapshot_and_frames_make_the_new_snapshot(
    steps: list[tuple[str, int]], yields: int, limit: int
) -> None:
    asyncio.run(play(steps, yields, limit))


@pytest.mark.thorough
@settings(max_examples=200, deadline=None)
@example(steps=OFFERED_AS_IT_COMES, yields=0, alone=2)
@example(steps=BACK_WHILE_IT_COMES, yields=2, alone=7)
@given(steps=STEPS, yields=st.integers(0, 2), alone=st.integers(1, 20))
def test_it_does_while_nobody_oversees(
    steps: list[tuple[str, int]], yields: int, alone: int
) -> None:
    asyncio.run(play(steps, yields, 1000, alone=alone))

"""Turns one arc into timed steps: who answers, how long it takes, when people are at work.

Owns the pace of a conversation; must not know the company's calendar of stories.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from triggerhub.demo.cast import (
    USERS,
    ContactChannel,
    Customer,
    User,
    account_key,
)
from triggerhub.demo.steps import (
    AddsNote,
    AgentReplies,
    Closes,
    CustomerWrites,
    Delivered,
    Failed,
    Parks,
    Read,
    Step,
    Takes,
    Transfers,
)
from triggerhub.demo.story import Arc, Telling, Turn
from triggerhub.demo.words import agent_words, words_for

# Opening hours in UTC, Monday to Saturday; the Chinese desk sits in UTC+8.
_DESK = {"en": (time(8, 0), time(18, 30)), "zh": (time(0, 30), time(10, 30))}
# When customers are awake, in UTC.
_AWAKE = {
    "GB": (time(7, 0), time(21, 30)),
    "US": (time(12, 30), time(23, 30)),
    "CN": (time(0, 0), time(14, 0)),
}
_SUNDAY = 6
# How arcs end that are still open.
_OPEN = frozenset({"waiting", "parked"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One arc as it happened to one customer."""

    arc: str
    customer: str
    steps: tuple[Step, ...]

    @property
    def ends_at(self) -> datetime:
        return max(step.at for step in self.steps)


def tell(
    arc: Arc,
    customer: Customer,
    begin_at: datetime,
    rng: random.Random,
    *,
    thread: str,
    around_the_clock: bool = False,
) -> Told:
    """The arc from about `begin_at` on. `around_the_clock`: nobody waits for office hours."""
    pace = _Pace(rng=rng, customer=customer, clock=begin_at, free=around_the_clock)
    teller = _Teller(arc=arc, customer=customer, pace=pace, rng=rng, thread=thread)
    return Told(arc=arc.name, customer=customer.key, steps=teller.run())


@dataclass(slots=True, kw_only=True)
class _Pace:
    """Where the story's time stands, and how it goes on."""

    rng: random.Random
    customer: Customer
    clock: datetime
    free: bool

    def begin(self, *, mail: bool) -> datetime:
        self._shift(*_AWAKE[self.customer.region], days_off=False)
        if not mail:
            # Who is in a hurry writes while somebody is there, and not just before they go.
            opens, closes = _DESK[self.customer.language]
            self._shift(opens, closes.replace(hour=closes.hour - 2), days_off=True)
            self._shift(*_AWAKE[self.customer.region], days_off=False)
        return self.clock

    def customer_turn(self, given: timedelta | None, *, mail: bool) -> datetime:
        low, high = (25, 300) if mail else (1, 14)
        self._pass(given, low, high)
        self._shift(*_AWAKE[self.customer.region], days_off=False)
        return self.clock

    def agent_turn(self, given: timedelta | None, *, mail: bool, first: bool) -> datetime:
        if first:
            low, high = (6, 140) if mail else (1, 9)
        else:
            low, high = (3, 35) if mail else (1, 4)
        self._pass(given, low, high)
        self._shift(*_DESK[self.customer.language], days_off=True)
        return self.clock

    def seconds(self, low: float, high: float) -> datetime:
        self.clock += timedelta(milliseconds=int(self.rng.uniform(low, high) * 1000))
        return self.clock

    def _pass(self, given: timedelta | None, low: float, high: float) -> None:
        if given is None:
            minutes = self.rng.uniform(low, high)
        else:
            minutes = given.total_seconds() / 60 * self.rng.uniform(0.85, 1.15)
        self.clock += timedelta(milliseconds=int(minutes * 60_000))

    def _shift(self, opens: time, closes: time, *, days_off: bool) -> None:
        """On to the next moment at which these people are there."""
        if self.free:
            return
        late = timedelta(milliseconds=int(self.rng.triangular(60, 9_000, 400) * 1000))
        while True:
            start = datetime.combine(self.clock.date(), opens, self.clock.tzinfo)
            if (days_off and self.clock.weekday() == _SUNDAY) or self.clock.time() > closes:
                self.clock = start + timedelta(days=1) + late
            elif self.clock.time() < opens:
                self.clock = start + late
            else:
                return


@dataclass(slots=True, kw_only=True)
class _Teller:
    arc: Arc
    customer: Customer
    pace: _Pace
    rng: random.Random
    thread: str
    steps: list[Step] = field(default_factory=list)
    channel: ContactChannel = "email"
    queue: str = ""
    held: bool = False
    messages: int = 0
    last_theirs: str | None = None
    last_ours: str | None = None
    subjects: list[str] = field(default_factory=list)
    subject: str = ""
    before: str | None = None

    def run(self) -> tuple[Step, ...]:
        arc = self.arc
        self.channel, self.queue = arc.channel, arc.queue
        agent = self._agent()
        first = self.thread
        telling = Telling(self.rng, words_for(self.customer, self.pace.clock, self.rng))
        self.subjects = [telling.tell(subject) for subject in arc.subjects]
        self._open_subject()
        for number, turn in enumerate(arc.turns):
            text = telling.tell(turn.text, agent_words(agent))
            match turn.kind:
                case "customer":
                    after = None if number == 0 else turn.after
                    self._customer(text, after, first=number == 0)
                case "agent":
                    self._take(agent, turn.after)
                    self._reply(agent, text)
                case "note":
                    self._take(agent, turn.after)
                    at = self.pace.seconds(15, 90)
                    self.steps.append(
                        AddsNote(at=at, agent=agent.login, thread=self.thread, text=text)
                    )
                case "failed":
                    self._fail(int(turn.text))
                case "transfer":
                    at = self.pace.seconds(10, 40)
                    self.steps.append(
                        Transfers(at=at, agent=agent.login, thread=self.thread, queue=turn.text)
                    )
                    self.queue, self.held = turn.text, False
                    agent = self._agent(without=agent)
                case "switch":
                    self._switch(agent, turn.text, turn.after)
            following = arc.turns[number + 1 :]
            if not following or following[0].kind in ("customer", "switch"):
                self._pause(agent, turn, last=not following)
        if arc.end not in _OPEN:
            if self.before == first:
                self._close(agent, first)
            self._close(agent, self.thread)
        return tuple(self.steps)

    def _agent(self, without: User | None = None) -> User:
        wanted = [
            person
            for person in USERS
            if person.role == "agent"
            and self.queue in person.queues
            and person != without
            # A mail in English is answered by somebody who signs in English.
            and person.language == self.customer.language
        ]
        return self.rng.choice(wanted)

    def _key(self) -> str:
        self.messages += 1
        return f"{self.thread}.{self.messages}"

    @property
    def _mail(self) -> bool:
        return self.channel == "email"

    def _open_subject(self) -> None:
        self.subject = self.subjects.pop(0) if self._mail and self.subjects else ""

    def _customer(self, text: str, after: timedelta | None, *, first: bool) -> None:
        at = (
            self.pace.begin(mail=self._mail)
            if first
            else self.pace.customer_turn(after, mail=self._mail)
        )
        answer = self._mail and self.last_ours is not None
        key = self._key()
        self.steps.append(
            CustomerWrites(
                at=at,
                key=key,
                thread=self.thread,
                customer=self.customer.key,
                channel=self.channel,
                account=account_key(self.arc.queue, self.channel),
                queue=self.queue,
                text=text,
                subject=_re(self.subject) if answer else self.subject,
                replies_to=self.last_ours if answer else None,
            )
        )
        self.last_theirs = key
        self.held = False

    def _take(self, agent: User, after: timedelta | None) -> None:
        first = not self.held
        at = self.pace.agent_turn(after, mail=self._mail, first=first)
        if first:
            self.steps.append(Takes(at=at, agent=agent.login, thread=self.thread))
            self.pace.seconds(8, 30)
        self.held = True

    def _reply(self, agent: User, text: str) -> None:
        key = self._key()
        at = self.pace.seconds(20, 110)
        self.steps.append(
            AgentReplies(
                at=at,
                key=key,
                thread=self.thread,
                agent=agent.login,
                customer=self.customer.key,
                channel=self.channel,
                account=account_key(self.arc.queue, self.channel),
                text=text,
                subject=_re(self.subject) if self._mail else "",
                replies_to=self.last_theirs if self._mail else None,
            )
        )
        self.last_ours = key
        # The undo time, and then the carrier's.
        at += timedelta(milliseconds=int(self.rng.uniform(6_200, 9_000)))
        if self._mail:
            return
        self.steps.append(Delivered(at=at, message=key))
        if self.channel == "whatsapp":
            at += timedelta(milliseconds=int(self.rng.uniform(3_000, 50_000)))
            self.steps.append(Read(at=at, message=key))

    def _fail(self, code: int) -> None:
        delivered = self.steps.pop()
        assert isinstance(delivered, Delivered)
        self.steps.append(Failed(at=delivered.at, message=delivered.message, code=code))
        self.pace.clock = delivered.at

    def _pause(self, agent: User, turn: Turn, *, last: bool) -> None:
        """Before the customer goes on: the agent reads what came last, and lets go."""
        if turn.kind in ("switch", "transfer") or self.arc.end == "waiting":
            return
        if turn.kind == "customer":
            upcoming = self.arc.turns[self.arc.turns.index(turn) + 1 :]
            if upcoming and upcoming[0].after is None:
                return
            self._take(agent, None)
        if last and self.arc.end not in _OPEN:
            return
        at = self.pace.seconds(12, 40)
        self.steps.append(Parks(at=at, agent=agent.login, thread=self.thread))

    def _switch(self, agent: User, channel: str, after: timedelta | None) -> None:
        assert channel in ("email", "sms", "whatsapp")
        self.before = self.thread
        self.thread += "-" + channel
        self.channel = channel  # type: ignore[assignment]
        self.last_ours = self.last_theirs = None
        self.held = False
        self._open_subject()
        if after is not None:
            self.pace.customer_turn(after, mail=self._mail)

    def _close(self, agent: User, thread: str) -> None:
        at = self.pace.seconds(12, 75)
        code = self.arc.end
        self.steps.append(Closes(at=at, agent=agent.login, thread=thread, code=code))


def _re(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def spoken(steps: Sequence[Step]) -> int:
    """How many entries the steps put onto timelines."""
    return sum(isinstance(step, CustomerWrites | AgentReplies | AddsNote) for step in steps)

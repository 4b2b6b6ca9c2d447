"""The demo company and nine months of what was said to it, as a script of timed steps.

Owns when things happen and who does them; the words come from the stories. Pure: the same `now` and
seed give the same script. Must not know how a step is carried out (that is the player's) nor bytes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle

from triggerhub.demo import cast
from triggerhub.demo.cast import (
    Customer,
    MailAccount,
    Queue,
    SmsAccount,
    User,
)
from triggerhub.demo.steps import CustomerWrites, SendsBroken, Step
from triggerhub.demo.story import Arc, arcs
from triggerhub.demo.thread import Told, tell

PAST = timedelta(days=272)
_STORIES_EACH = (4, 5, 5, 6)
_TODAY = 12
_QUIET = timedelta(minutes=40)
_JUST = timedelta(minutes=1)
# Stories that fit into some hours; the last of today are taken from them.
_SHORT = {
    "descale-light",
    "dy-pause",
    "forgot-voucher",
    "fp-personal",
    "gift-order",
    "hd-voucher",
    "hotel-to-billing",
    "kd-hours",
    "opening-hours",
    "order-status-quick",
    "pause-subscription",
    "wl-locker",
    "wrong-door",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Everything that the demo hub is set up with, and its steps in order of time."""

    name: str
    timezone: str
    region: str
    queues: tuple[Queue, ...]
    users: tuple[User, ...]
    mail_accounts: tuple[MailAccount, ...]
    sms_accounts: tuple[SmsAccount, ...]
    customers: tuple[Customer, ...]
    steps: tuple[Step, ...]


def script(now: datetime, seed: int = 7) -> Company:
    """The company as it stands at `now` (aware): every step lies before it, some work is open."""
    now = now.astimezone(UTC)
    rng = random.Random(seed)  # noqa: S311 (a story, not a secret)
    told: list[Told] = []
    for person in cast.customers():
        told.extend(_history(person, now, rng))
    told.extend(_today(now, rng, told))
    steps = [step for telling in told for step in telling.steps]
    steps.extend(_open(now, rng))
    steps.extend(_trouble(now))
    # Stable: what one thread says within the same millisecond keeps its order.
    steps.sort(key=lambda step: step.at)
    return Company(
        name=cast.NAME,
        timezone="Europe/London",
        region="GB",
        queues=cast.QUEUES,
        users=cast.USERS,
        mail_accounts=cast.MAIL_ACCOUNTS,
        sms_accounts=cast.SMS_ACCOUNTS,
        customers=cast.customers(),
        steps=tuple(steps),
    )


def _stories_for(person: Customer) -> list[Arc]:
    file = "english" if person.language == "en" else "chinese"
    return [arc for arc in arcs(file) if arc.who in (person.kind, "any")]


def _history(person: Customer, now: datetime, rng: random.Random) -> Iterator[Told]:
    """A customer's stories, one after the other over the months, none twice."""
    fitting = _stories_for(person)
    chosen = rng.sample(fitting, k=min(rng.choice(_STORIES_EACH), len(fitting)))
    slot = (PAST - timedelta(days=2)) / len(chosen)
    for number, arc in enumerate(chosen):
        begin = now - PAST + slot * (number + rng.random() * 0.5)
        latest = now - timedelta(days=1.2)
        telling = tell(arc, person, begin, rng, thread=f"{person.key}-{number + 1}")
        while telling.ends_at > latest:
            begin -= telling.ends_at - latest + timedelta(hours=rng.uniform(1, 20))
            telling = tell(arc, person, begin, rng, thread=f"{person.key}-{number + 1}")
        yield telling


def _today(now: datetime, rng: random.Random, before: Sequence[Told]) -> Iterator[Told]:
    """Short stories of the last hours, so that the boards have something to count today."""
    used = {(telling.customer, telling.arc) for telling in before}
    busy = {arc.who for arc in arcs("open")}
    people = [person for person in cast.customers() if person.key not in busy]
    rng.shuffle(people)
    # Every third in Chinese, as the customers are.
    english = cycle([p for p in people if p.language == "en"])
    chinese = cycle([p for p in people if p.language == "zh"])
    for number in range(_TODAY):
        person = next(chinese if number % 3 == 2 else english)
        fitting = [
            arc
            for arc in _stories_for(person)
            if arc.name in _SHORT and (person.key, arc.name) not in used
        ]
        if not fitting:
            continue
        arc = rng.choice(fitting)
        begin = now - timedelta(hours=rng.uniform(2, 7))
        for _ in range(8):
            telling = tell(
                arc, person, begin, rng, thread=f"{person.key}-today", around_the_clock=True
            )
            if telling.ends_at <= now - _QUIET:
                yield telling
                break
            begin -= telling.ends_at - (now - _QUIET)


def _open(now: datetime, rng: random.Random) -> Iterator[Step]:
    """What waits or is parked when the demo begins."""
    for arc in arcs("open"):
        since = arc.turns[0].after
        assert since is not None, arc.name
        person = cast.customer(arc.who)
        begin = now - since
        while True:
            telling = tell(arc, person, begin, rng, thread=arc.name, around_the_clock=True)
            if telling.ends_at < now - _JUST:
                break
            begin -= telling.ends_at - now + 2 * _JUST
        yield from telling.steps


def _trouble(now: datetime) -> Iterator[Step]:
    """A mail that nobody can read, and one that isn't from whom it says."""
    yield SendsBroken(
        at=now - timedelta(minutes=33), key="broken-1", customer="edwin", account="support"
    )
    gareth = cast.customer("gareth")
    yield CustomerWrites(
        at=now - timedelta(minutes=14),
        key="forged-1",
        thread="now-forged",
        customer=gareth.key,
        channel="email",
        account="billing",
        queue="billing",
        subject="Urgent: new bank details for refunds",
        text=(
            "Dear billing team,\n\nplease send all refunds and credit notes of The Alder Hotel to "
            "our new bank account from today, and confirm the last three invoices with amounts by "
            "return. This is urgent, I am in a meeting and can't take calls.\n\n"
            f"{gareth.name}\n{gareth.company}"
        ),
        proven=False,
    )

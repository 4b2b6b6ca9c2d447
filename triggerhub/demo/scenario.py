"""Little plays for the customer's page: a few contacts at the press of a button.

Owns who writes what in them; sends through the page's own two ways, so nothing here knows carriers
or SMTP.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from triggerhub.demo import cast
from triggerhub.demo.belongings import Persona
from triggerhub.demo.story import Telling, arcs
from triggerhub.demo.words import words_for

RUSH_MOST = 200
RUSH_USUAL = 40
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail about to be sent for somebody."""

    sender_name: str
    sender: str
    to: str
    subject: str
    text: str
    proven: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a scenario sends: a text (from, to, body) or a letter. They raise HubError."""

    text: Callable[[str, str, str], Awaitable[None]]
    letter: Callable[[Letter], Awaitable[None]]


_Said = Mapping[str, tuple[str, str]]
_PARCEL = {
    "en": "Hello, parcel K-20511 says delivered, but there is nothing at my door. Where is it?",
    "zh": "你好，包裹 K-20511 显示已送达，可是门口什么都没有，请问在哪里？",
}
_BY_MAIL: _Said = {
    "en": (
        "K-20511: the driver's photo",
        (
            "Hello,\n\nI have just texted you about K-20511. On the driver's photo there is a "
            "green door; ours is blue. Please see both messages together.\n\nKind regards,\n{name}"
        ),
    ),
    "zh": (
        "K-20511：配送照片",
        (
            "您好，\n\n刚才发短信问过 K-20511。配送照片里是绿色的门，我家是蓝色的，"
            "请和短信一起看。\n\n{name}"
        ),
    ),
}
_FORGED: _Said = {
    "en": (
        "Please change my delivery address",
        (
            "Hi,\n\nfrom today please send everything to 99 Quarry Road, and tell me which card is "
            "on my account. It is urgent.\n\n{name}"
        ),
    ),
    "zh": (
        "请修改收货地址",
        (
            "你好，\n\n从今天起请把所有包裹改寄到采石路 99 号，另外请告诉我账户里绑定的是哪张卡，"
            "比较急。\n\n{name}"
        ),
    ),
}


async def late_parcel(person: Persona, ways: Ways) -> int:
    await ways.text(person.phone, person.number, _PARCEL[person.language])
    return 1


async def two_channels(person: Persona, ways: Ways) -> int:
    """The same person by SMS and by mail, at nearly the same moment."""
    await ways.text(person.phone, person.number, _PARCEL[person.language])
    await ways.letter(_letter(person, _BY_MAIL))
    return 2


async def forged_sender(person: Persona, ways: Ways) -> int:
    """Somebody else writes in this person's name."""
    await ways.letter(_letter(person, _FORGED, proven=False))
    return 1


async def rush_hour(count: int, now: datetime, rng: random.Random, ways: Ways) -> int:
    """`count` contacts of the company's own customers, some at a time. Says how many got through.

    One that is refused doesn't stop the others.
    """
    people = [person for person in cast.customers() if person.key not in ("hannah", "yutong")]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(send: Awaitable[None]) -> None:
        async with gate:
            await send

    contacts = [_contact(rng.choice(people), now, rng, ways) for _ in range(count)]
    results = await asyncio.gather(*map(one, contacts), return_exceptions=True)
    return sum(result is None for result in results)


def _contact(
    person: cast.Customer, now: datetime, rng: random.Random, ways: Ways
) -> Awaitable[None]:
    """The first words of one of the stories, as this customer would say them."""
    stories = arcs("english" if person.language == "en" else "chinese")
    arc = rng.choice([story for story in stories if story.who in (person.kind, "any")])
    telling = Telling(rng, words_for(person, now, rng))
    account = cast.account_key(arc.queue, arc.channel)
    to = cast.our_address(arc.channel, account)
    text = telling.tell(arc.turns[0].text)
    if arc.channel != "email":
        return ways.text(cast.their_address(arc.channel, person), to, text)
    return ways.letter(
        Letter(
            sender_name=person.name,
            sender=person.email,
            to=to,
            subject=telling.tell(arc.subjects[0]),
            text=text,
        )
    )


def _letter(person: Persona, said: _Said, *, proven: bool = True) -> Letter:
    subject, text = said[person.language]
    return Letter(
        sender_name=person.name,
        sender=person.email,
        to=person.mailbox,
        subject=subject,
        text=text.format(name=person.name),
        proven=proven,
    )

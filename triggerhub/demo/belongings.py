"""What the people of the customer's page have on their phone and in their mailbox.

Owns those two in memory, bounded, and the frames that tell open pages of each change. Must not know
HTTP, nor how anything is sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from triggerhub.demo import cast
from triggerhub.demo.cast import ContactChannel
from triggerhub.domain.errors import NotFound, TooMany

TEXTS_KEPT = 200
MAILS_KEPT = 100
HAPPENED_KEPT = 60
STREAMS = 32
FRAMES_KEPT = 500

TextState = Literal["sending", "delivered", "refused", "received"]
Frame = dict[str, object]
_Item = TypeVar("_Item", "Text", "Mail")
_LATER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Somebody whom a visitor can be. `mailbox` and `number` are where they usually write to."""

    key: str
    name: str
    phone: str
    email: str
    language: cast.Language
    mailbox: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A message on the phone; `at` is ISO 8601."""

    id: str
    channel: ContactChannel
    mine: bool
    text: str
    at: str
    state: TextState


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail in the mailbox. `id` and `references` are as in its headers, with brackets."""

    id: str
    mine: bool
    sender: str
    sender_name: str
    to: str
    reply_to: str
    subject: str
    text: str
    at: str
    references: tuple[str, ...] = ()
    proven: bool = True
    state: TextState = "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event of the hub. `text`: what it means, in English; the page knows it in Chinese."""

    seq: int
    type: str
    at: str
    text: str


@dataclass(slots=True)
class _Own:
    texts: deque[Text] = field(default_factory=lambda: deque(maxlen=TEXTS_KEPT))
    mails: deque[Mail] = field(default_factory=lambda: deque(maxlen=MAILS_KEPT))


def personas() -> tuple[Persona, ...]:
    """Two people whom the company knows well, and one whom it has never heard of."""
    known = [
        Persona(
            key=person.key,
            name=person.name,
            phone=person.phone,
            email=person.email,
            language=person.language,
            mailbox=cast.our_address("email", "support" if person.language == "en" else "kefu"),
            number=cast.our_address("sms", "uk" if person.language == "en" else "cn"),
        )
        for person in map(cast.customer, ("hannah", "yutong"))
    ]
    stranger = Persona(
        key="stranger",
        name="Sam Quillfeather",
        phone="+447700900994",
        email="sam@quillfeather.example",
        language="en",
        mailbox=cast.our_address("email", "support"),
        number=cast.our_address("sms", "uk"),
    )
    return (*known, stranger)


class Belongings:
    """Phones and mailboxes of the personas, and who is watching them."""

    def __init__(self, people: Sequence[Persona] | None = None) -> None:
        self.people = {person.key: person for person in people or personas()}
        self._things = {key: _Own() for key in self.people}
        self._happened: deque[Happened] = deque(maxlen=HAPPENED_KEPT)
        self._watchers: set[asyncio.Queue[Frame | None]] = set()

    def person(self, key: str) -> Persona:
        """Raises NotFound."""
        try:
            return self.people[key]
        except KeyError:
            raise NotFound(f"there is nobody called {key[:40]!r} here") from None

    def by_phone(self, number: str) -> Persona | None:
        number = number.removeprefix("whatsapp:")
        return next((p for p in self.people.values() if p.phone == number), None)

    def by_mailbox(self, address: str) -> Persona | None:
        address = address.lower()
        return next((p for p in self.people.values() if p.email == address), None)

    def mail(self, key: str, identifier: str) -> Mail:
        """A mail of that person's. Raises NotFound where it isn't there (any more)."""
        found = next((m for m in self._things[key].mails if m.id == identifier), None)
        if found is None:
            raise NotFound("that mail is not in the mailbox any more")
        return found

    # --- changes --------------------------------------------------------------------------------

    def put_text(self, key: str, text: Text) -> None:
        """Adds a message, or replaces the one with the same id."""
        _put(self._things[key].texts, text)
        self._tell({"kind": "text", "person": key, "item": asdict(text)})

    def put_mail(self, key: str, mail: Mail) -> None:
        _put(self._things[key].mails, mail)
        self._tell({"kind": "mail", "person": key, "item": asdict(mail)})

    def happened(self, event: Happened) -> None:
        self._happened.append(event)
        self._tell({"kind": "happened", "item": asdict(event)})

    # --- what a page sees -----------------------------------------------------------------------

    def state(self) -> Frame:
        """Everything, as a frame of its own."""
        return {
            "kind": "state",
            "company": {"name": cast.NAME, "name_zh": cast.NAME_ZH},
            "mailboxes": [account.addresses[0] for account in cast.MAIL_ACCOUNTS],
            "people": [asdict(person) for person in self.people.values()],
            "texts": {key: [asdict(t) for t in own.texts] for key, own in self._things.items()},
            "mails": {key: [asdict(m) for m in own.mails] for key, own in self._things.items()},
            "happened": [asdict(event) for event in self._happened],
        }

    def watch(self) -> asyncio.Queue[Frame | None]:
        """Frames from now on; None is the last. Raises TooMany."""
        if len(self._watchers) >= STREAMS:
            raise TooMany("too many pages are open", retry_after=_LATER)
        queue: asyncio.Queue[Frame | None] = asyncio.Queue(maxsize=FRAMES_KEPT)
        self._watchers.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[Frame | None]) -> None:
        self._watchers.discard(queue)

    def close(self) -> None:
        """Says goodbye to every open page."""
        for queue in tuple(self._watchers):
            self._send_off(queue)

    def _tell(self, frame: Frame) -> None:
        for queue in tuple(self._watchers):
            try:
                queue.put_nowait(frame)
            except asyncio.QueueFull:
                # It will connect again and take the whole state.
                self._send_off(queue)

    def _send_off(self, queue: asyncio.Queue[Frame | None]) -> None:
        self._watchers.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


def _put(kept: deque[_Item], item: _Item) -> None:
    for index, old in enumerate(kept):
        if old.id == item.id:
            kept[index] = item
            return
    kept.append(item)


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

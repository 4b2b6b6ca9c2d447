"""The doors between the rooms: what each package may ask of the others, as Protocols.

Implementations carry their technology in the name; doubles are called Fake….
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from triggerhub.domain.commands import Command
from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.message import (
    Accepted,
    Account,
    Arrival,
    Fetched,
    InboundMessage,
    OutboundMessage,
    SendOutcome,
    StatusReport,
)
from triggerhub.domain.permissions import Actor, Subject

Json = dict[str, Any]


class Inbox(Protocol):
    """Where channels put what arrived. The one way into the log from outside."""

    async def accept(self, arrival: Arrival) -> Accepted:
        """Commit the bytes and one event, durably, then return.

        Raises Invalid for an empty external id, TooLarge, and Unavailable when it can't be
        committed: the caller then says "try again" (451, 503).
        """
        ...


class AccountDirectory(Protocol):
    """The channel accounts in force at this moment."""

    def by_id(self, account_id: str) -> Account | None: ...

    def by_address(self, channel: str, address: str) -> Account | None:
        """`address` normalised: lower-case mailbox, E.164 number."""
        ...

    def of_channel(self, channel: str) -> Sequence[Account]: ...


class Channel(Protocol):
    """One adapter as the router's side of the house sees it."""

    @property
    def name(self) -> str: ...

    def read(
        self, raw: bytes, account: Account | None, envelope: Mapping[str, str]
    ) -> InboundMessage:
        """Parse at once; pure. Raises Rejected for what can't be read. Only INLINE_CHANNELS."""
        ...

    async def parse(
        self, raw: bytes, account: Account | None, envelope: Mapping[str, str]
    ) -> InboundMessage:
        """Parse under guard (time, memory), prove the sender. Raises Rejected."""
        ...

    def read_status(self, raw: bytes, envelope: Mapping[str, str]) -> StatusReport:
        """A provider's status callback; pure. Raises Rejected."""
        ...

    async def send(self, message: OutboundMessage, account: Account) -> SendOutcome:
        """One attempt. Raises Rejected (never again), Unavailable (later), Ambiguous (unknown)."""
        ...

    async def find_sent(self, message: OutboundMessage, account: Account) -> SendOutcome | None:
        """Ask the provider whether an attempt of unknown end got through; None: not to be known."""
        ...


class MediaSource(Protocol):
    """Where the parts of a message lie that did not come with it."""

    async def fetch(self, url: str, account: Account) -> Fetched:
        """Raises Rejected (gone, not allowed, too large) and Unavailable (worth another try)."""
        ...


class LogTail(Protocol):
    """Committed events in order, as they come, on this node."""

    def subscribe(
        self, after: int | None = None, *, of: frozenset[type[Fact]] | None = None
    ) -> AsyncIterator[Sequence[Recorded]]:
        """Batches of events with seq > `after` (None: from now on).

        `of`: live batches without any of these types are passed over.
        """
        ...


class Desk(Protocol):
    """Carries out what people ask for: load, decide, append."""

    async def execute(self, actor: Actor, command: Command, *, key: str | None = None) -> Json:
        """The command's result, once its facts are committed.

        `key`: an idempotency key chosen by the caller; the same again is answered again and not
        carried out twice. Raises Forbidden, NotFound, Conflict, Invalid, Unavailable.
        """
        ...


class Credentials(Protocol):
    """Password hashes, API tokens and sign-in sessions, beside the log. Secrets come hashed."""

    async def user_by_login(self, login: str) -> tuple[Actor, str] | None:
        """(actor, argon2 hash) of a user who isn't disabled; `login` in any case."""
        ...

    async def put_session(
        self, session_hash: str, user_id: str, csrf: str, expires_at: datetime
    ) -> None: ...

    async def extend_session(self, session_hash: str, expires_at: datetime) -> None: ...

    async def session(self, session_hash: str, now: datetime) -> tuple[str, Actor, datetime] | None:
        """(CSRF token, actor as of now, when it expires) of a session that has not."""
        ...

    async def drop_session(self, session_hash: str) -> None: ...

    async def token(self, token_hash: str) -> Actor | None:
        """The holder of an API token that isn't revoked."""
        ...

    async def set_language(self, user_id: str, language: str) -> None: ...


class Views(Protocol):
    """What the console and the API read. Rows have the shapes of docs/console-contract.md."""

    async def head(self) -> int:
        """The sequence number of the newest committed event."""
        ...

    async def me(self, user_id: str) -> Json: ...

    async def snapshot(self, viewer: Actor) -> tuple[int, Json]:
        """(seq, Snapshot without `epoch` and `now`), read in one transaction."""
        ...

    async def rows(self, keys: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Json]]:
        """Current rows by kind (agents, queues, interactions, offers, entries, cards, accounts)
        and id; what no longer exists is absent. An offer row comes with card and timeline."""
        ...

    async def card(self, customer_id: str) -> Json | None: ...

    async def timeline(
        self, customer_id: str, *, before: int | None, limit: int, also: str | None = None
    ) -> Json:
        """Page. `also`: a second customer whose entries are shown in the same scroll."""
        ...

    async def customers(self, query: str, *, viewer: Actor, after: str | None, limit: int) -> Json:
        """A page of those within `viewer`'s reach (an agent: their queues and what they hold)."""
        ...

    async def interactions(
        self, wanted: Mapping[str, str], *, viewer: Actor, after: str | None, limit: int
    ) -> Json:
        """`wanted`: queue, state, owner, customer, answered_since. Within `viewer`'s reach."""
        ...

    async def listed(self, kind: str) -> list[Json]:
        """All rows of `agents`, `queues` or `accounts`."""
        ...

    async def attention_count(self) -> int:
        """How many items are open, as in the snapshot of someone who may read them."""
        ...

    async def html(self, message_id: str) -> tuple[str, Mapping[str, str]] | None:
        """(the message's HTML, attachment id by cid); None without HTML, or once erased."""
        ...

    async def conversation(self, conversation_id: str) -> Json | None: ...

    async def attention(self, *, state: str, after: str | None, limit: int) -> Json: ...

    async def message(self, message_id: str) -> Json | None:
        """{message_id, customer_id, queue_id, raw_content, parsed_content, channel} of it."""
        ...

    async def content(self, content_id: str) -> tuple[Json, bytes] | None:
        """({kind, media_type, filename, customer_id, queue_id}, bytes); None once erased."""
        ...

    async def put_upload(self, filename: str, media_type: str, data: bytes, by: str) -> Json: ...

    async def events(self, after: int, limit: int) -> list[tuple[Recorded, Json]]:
        """Events with what the content adds when served (external_id, from)."""
        ...

    async def facts(self, after: int, limit: int) -> list[Recorded]:
        """Events with seq > `after`, without what content adds."""
        ...

    async def why_no_work(self, agent_id: str, now: datetime) -> Json: ...

    async def reach(self, customer_id: str) -> Subject:
        """A customer as `may` sees them: their queues, who holds or is offered their work."""
        ...


class Presences(Protocol):
    """Told when an agent's first console comes and when the last one is gone, on this node.

    Both may come again for the same state. Raises Unavailable, and is then told again later.
    """

    async def connected(self, agent_id: str) -> None: ...

    async def disconnected(self, agent_id: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreState:
    """How the core is. `position`: how far the router has come, None where another node leads."""

    leading: bool
    following: bool
    position: int | None
    stuck_seconds: float
    """How long nothing could be written though there was something to write."""
    missing: int
    """Mails that wait because this node can't find their large content."""
    stream: bool
    """False where Redis is configured and not reached."""


class CoreFace(Protocol):
    """What the edge asks of the core beside the domain's ports."""

    async def settled(self) -> None:
        """Until the router leads or follows; a router in trouble is waited for two seconds."""
        ...

    async def state(self) -> CoreState: ...

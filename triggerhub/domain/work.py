"""The unit of work, in which a decision loads rows, puts content and appends facts.

Steps of the router and commands of people have one shape: load through `Work`, decide purely,
append the facts. `Store.run` gives a unit of work that commits as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from triggerhub.domain.events import Fact, Recorded
from triggerhub.domain.model.message import Account
from triggerhub.domain.permissions import Subject
from triggerhub.domain.rows import (
    ConsoleRow,
    ConversationRow,
    FetchRow,
    IdentityRow,
    InteractionRow,
    LegRow,
    OfferRow,
    OutboxRow,
    PendingRow,
    QueueRow,
    UserRow,
)

Json = dict[str, Any]
T = TypeVar("T")
NODE = "node:"  # before a node's own name: the lease that it holds for as long as it lives
REST = 9.0  # times as long as what can wait has taken
LONGEST_REST = 3.0  # seconds; with a long step before it still well within the leader's lease


def rest_after(seconds: float) -> float:
    """For how long, in a flood, what took so long lets deliveries go first."""
    return min(REST * seconds, LONGEST_REST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Content on its way to its row. `meta`: JSON. `path`: where its bytes lie, if in a file."""

    id: str
    kind: str
    body: bytes
    media_type: str
    name: str | None = None
    meta: str | None = None
    owner: str | None = None
    path: str | None = None
    digest: bytes | None = None


@dataclass(slots=True, kw_only=True)
class Prepared(Generic[T]):
    """Content whose large bytes are on the disk; `Work.place` writes the rows and gives `value`."""

    value: T
    pieces: tuple[Piece, ...]
    placed: bool = False


class Keeping(Protocol):
    """Where content is put beside the log; both give the id by which facts refer to it."""

    def put(
        self,
        kind: str,
        body: bytes,
        *,
        content_id: str | None = None,
        media_type: str = "application/json",
        name: str | None = None,
        meta: Mapping[str, Any] | None = None,
        owner: str | None = None,
    ) -> str: ...
    def put_json(
        self, kind: str, value: Any, *, content_id: str | None = None, owner: str | None = None
    ) -> str: ...


class Reading(Protocol):
    """Bulk look-ups on one consistent state of the database."""

    def events_after(self, seq: int, limit: int) -> list[Recorded]: ...
    def body(self, content_id: str | None) -> bytes | None: ...
    def bodies(self, content_ids: Iterable[str]) -> dict[str, bytes]: ...
    def raws(self, content_ids: Iterable[str]) -> dict[str, tuple[bytes, dict[str, str]]]: ...
    def envelopes(self, content_ids: Iterable[str]) -> dict[str, dict[str, str]]: ...
    def accounts(self, *, secrets: bool = False) -> list[Account]: ...
    def presences(self) -> tuple[str, ...]: ...
    def queues(self) -> list[QueueRow]: ...
    def users(self, user_ids: Iterable[str] | None = None) -> list[UserRow]: ...
    def consoles(self) -> list[ConsoleRow]: ...
    def user_by_login(self, login: str) -> str | None: ...
    def identities(self, addresses: Iterable[str]) -> list[IdentityRow]: ...
    def identity(self, identity_id: str) -> IdentityRow | None: ...
    def has_identities(self, customer_id: str) -> bool: ...
    def first_wrote_to(self, identity_id: str) -> str | None: ...
    def conversations(self, conversation_ids: Iterable[str]) -> list[ConversationRow]: ...
    def conversations_by_token(self, tokens: Iterable[str]) -> list[ConversationRow]: ...
    def newest_conversations(self, identity_ids: Iterable[str]) -> list[ConversationRow]: ...
    def threads(self, references: Iterable[str]) -> dict[str, tuple[str, str]]: ...
    def profile(self, customer_id: str) -> Json | None: ...
    def reach(self, customer_id: str) -> Subject: ...
    def thread_of(self, conversation_id: str) -> list[str]: ...
    def last_inbound(self, conversation_id: str) -> Json | None: ...
    def interactions(self, interaction_ids: Iterable[str]) -> list[InteractionRow]: ...
    def interaction(self, interaction_id: str) -> InteractionRow | None: ...
    def open_interactions(self) -> list[InteractionRow]: ...
    def legs(self) -> list[LegRow]: ...
    def leg(self, assignment_id: str) -> LegRow | None: ...
    def offer(self, offer_id: str) -> OfferRow | None: ...
    def pending_offers(self) -> list[OfferRow]: ...
    def pending_offer_of(self, interaction_id: str) -> OfferRow | None: ...
    def refused_since(self, since: datetime) -> list[OfferRow]: ...
    def outbox(self, message_id: str) -> OutboxRow | None: ...
    def retried(self, message_id: str) -> bool: ...
    def outbox_by_reference(self, reference: str) -> OutboxRow | None: ...
    def outbox_due(self, now: datetime, limit: int) -> list[OutboxRow]: ...
    def outbox_in(self, state: str, limit: int) -> list[OutboxRow]: ...
    def next_due(self) -> datetime | None: ...
    def pending(self, limit: int) -> list[PendingRow]: ...
    def is_pending(self, message_id: str) -> bool: ...
    def configuration(self) -> int: ...
    def fetches_due(self, now: datetime, limit: int) -> list[FetchRow]: ...
    def attention_item(self, attention_id: str) -> Json | None: ...
    def read_again(self, message_id: str) -> str | None: ...
    def attention_of(self, message_id: str) -> list[str]: ...
    def remembered(self, key: str) -> Json | None: ...
    def uploads(self, content_ids: Sequence[str], owner: str) -> list[Json]: ...
    def position(self, name: str) -> int: ...


class Work(Reading, Keeping, Protocol):
    """A unit of work: what it reads is current, what it appends commits as a whole.

    What may be large is prepared before (`Store.prepared`) and placed here: everyone who writes
    waits for what happens in a unit of work.
    """

    now: datetime

    @property
    def head(self) -> int: ...
    def new_id(self, prefix: str) -> str: ...
    def append(
        self, *facts: Fact, actor: str, cause: str | None = None, at: datetime | None = None
    ) -> list[Recorded]: ...
    def flush(self) -> None:
        """What was appended may be written later than it is said; from here on it is written."""

    def place(self, prepared: Prepared[T]) -> T: ...
    def remember(self, key: str, result: Json) -> None: ...
    def keyed_hash(self, text: str) -> bytes:
        """16 bytes that tell nobody without the master key what the text was."""
        ...

    def hold_lease(self, name: str, holder: str, until: datetime) -> int | None:
        """Take or renew the lease; its fencing number, or None while another holds it."""
        ...

    def release_lease(self, name: str, holder: str) -> None: ...
    def console_came(self, agent_id: str, node: str) -> None: ...
    def console_went(self, agent_id: str, node: str) -> None: ...

    def advance(self, name: str, seq: int, fence: int) -> None:
        """Move a reader's position. Raises Conflict when a higher fence has moved it."""
        ...


class Companion(Protocol):
    """Who settles what others append, in the same unit of work; called from the writer's thread."""

    def join(self, work: Work, recorded: Sequence[Recorded]) -> bool:
        """`recorded` was appended in this unit, in order; whether there was a part to take.

        What this raises undoes only itself.
        """
        ...

    def undone(self) -> None:
        """Of the last unit that was joined it isn't known that it came to be."""
        ...


class Store(Protocol):
    """Gives out units of work and consistent reads."""

    async def run(
        self,
        work: Callable[[Work], T],
        *,
        alone: bool = False,
        undone: Callable[[], None] | None = None,
    ) -> T:
        """Commit what `work` did, durably, and return its result. `work` may be run twice.

        `undone`: called at once, in the writer's thread, where what was run `alone` fails.
        """
        ...

    def accompanied_by(self, companion: Companion | None) -> None:
        """Let it join whatever is run not `alone`, unless more waits than can be settled at once.

        None: nobody any more.
        """
        ...

    def flooded(self) -> bool:
        """Whether more deliveries come than can be settled while they come.

        Somebody outside waits for those to be acknowledged: other work should rest meanwhile.
        """
        ...

    def prepared(self, keep: Callable[[Keeping], T]) -> AbstractAsyncContextManager[Prepared[T]]:
        """Content for one unit of work within; what none placed is removed at the end.

        Raises Unavailable where the disk refuses.
        """
        ...

    async def read(self, look: Callable[[Reading], T]) -> T:
        """One consistent read, beside the writer."""
        ...

"""What a decision reads inside its transaction: bulk look-ups, a row of plain values each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from storage.engine import Connection
from triggerhub.domain.events import Recorded, decode
from triggerhub.domain.model.message import Account
from triggerhub.domain.permissions import Subject
from triggerhub.domain.work import (
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

if TYPE_CHECKING:
    from storage.transaction import Kit

Json = dict[str, Any]


def moment(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


def surely(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


EVENT_COLUMNS = "seq, id, type, version, at, actor, cause, data"


def recorded(row: Sequence[Any]) -> Recorded:
    return Recorded(
        seq=row[0],
        id=row[1],
        at=surely(row[4]),
        actor=row[5],
        cause=row[6],
        fact=decode(row[2], row[3], row[7]),
    )


_INTERACTION = """
SELECT i.id, i.conversation_id, i.identity_id, n.customer_id, i.channel, i.account_id, i.queue_id,
 i.state, i.priority, i.owner_id, i.assignment_id, i.assignment_state, i.enqueued_at,
 i.first_enqueued_at, i.parked_until_at
FROM interactions i JOIN identities n ON n.id = i.identity_id
"""
_CONVERSATION = """
SELECT c.id, c.channel, c.account_id, c.identity_id, n.customer_id, n.address, c.reply_token,
 c.subject, c.interaction_id, i.state, i.owner_id, i.assignment_state, c.queue_id,
 i.enqueued_at, i.first_enqueued_at, c.likely_customer_id
FROM conversations c JOIN identities n ON n.id = c.identity_id
LEFT JOIN interactions i ON i.id = c.interaction_id
"""
_OUTBOX = """
SELECT message_id, channel, account_id, conversation_id, identity_id, content, author, state,
 attempt, next_at, queued_at, in_reply_to, reference FROM outbox
"""


# Written out so that SQLite's planner finds the partial index; the sent lie beside it in millions.
_OPEN_OUTBOX = f"{_OUTBOX} WHERE state IN ('queued','sending')"


class Lookups:
    """Reads on one connection; also the base of a writing transaction."""

    def __init__(self, connection: Connection, kit: Kit) -> None:
        self.connection = connection
        self._kit = kit

    # --- log and content ----------------------------------------------------------------------

    def events_after(self, seq: int, limit: int) -> list[Recorded]:
        rows = self.connection.all(
            f"SELECT {EVENT_COLUMNS} FROM events WHERE seq > :seq ORDER BY seq LIMIT :limit",
            {"seq": seq, "limit": limit},
        )
        return [recorded(row) for row in rows]

    def body(self, content_id: str | None) -> bytes | None:
        if content_id is None:
            return None
        row = self.connection.one(
            "SELECT body, path, erased_at FROM content WHERE id = :id", {"id": content_id}
        )
        if row is None or row[2] is not None:
            return None
        if row[1] is not None:
            return self._kit.files.read(row[1])
        return bytes(row[0])

    def bodies(self, content_ids: Iterable[str]) -> dict[str, bytes]:
        """Many at once; erased ones are absent."""
        rows = self.connection.in_list(
            "SELECT id, body, path FROM content WHERE erased_at IS NULL AND id IN (:ids)",
            content_ids,
        )
        found: dict[str, bytes] = {}
        for content_id, body, path in rows:
            read = self._kit.files.read(path) if path else bytes(body)
            if read is not None:
                found[content_id] = read
        return found

    def envelope(self, content_id: str) -> dict[str, str]:
        row = self.connection.one("SELECT meta FROM content WHERE id = :id", {"id": content_id})
        return orjson.loads(row[0]) if row and row[0] else {}

    def envelopes(self, content_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        rows = self.connection.in_list(
            "SELECT id, meta FROM content WHERE meta IS NOT NULL AND id IN (:ids)", content_ids
        )
        return {row[0]: orjson.loads(row[1]) for row in rows}

    # --- configuration ------------------------------------------------------------------------

    def accounts(self, *, secrets: bool = False) -> list[Account]:
        rows = self.connection.all(
            "SELECT id, channel, name, addresses, queue_id, options, secret_content FROM accounts"
            " WHERE removed = 0 ORDER BY id"
        )
        return [
            Account(
                id=row[0],
                channel=row[1],
                name=row[2],
                addresses=tuple(orjson.loads(row[3])),
                queue_id=row[4],
                options=orjson.loads(row[5]),
                secrets=self.secret(row[6]) if secrets else {},
            )
            for row in rows
        ]

    def secret(self, content_id: str | None) -> dict[str, str]:
        sealed = self.body(content_id)
        return orjson.loads(self._kit.vault.unseal(sealed)) if sealed else {}

    def queues(self) -> list[QueueRow]:
        rows = self.connection.all(
            "SELECT id, name, sla_seconds, offer_seconds, auto_accept, managed_by FROM queues"
            " WHERE removed = 0 ORDER BY id"
        )
        return [
            QueueRow(
                id=row[0],
                name=row[1],
                sla_seconds=row[2],
                offer_seconds=row[3],
                auto_accept=bool(row[4]),
                managed_by=row[5],
            )
            for row in rows
        ]

    def users(self, user_ids: Iterable[str] | None = None) -> list[UserRow]:
        sql = (
            "SELECT u.id, u.login, u.name, u.role, u.language, u.queue_ids, u.capacity,"
            " u.disabled, u.managed_by, a.presence, a.next_presence, a.not_responding,"
            " a.connected, a.grace_until_at, a.status, a.status_at, a.presence_at FROM users u"
            " JOIN agents a ON a.id = u.id"
        )
        if user_ids is None:
            rows = self.connection.all(f"{sql} ORDER BY u.id")
        else:
            rows = self.connection.in_list(f"{sql} WHERE u.id IN (:ids)", user_ids)
        return [
            UserRow(
                id=row[0],
                login=row[1],
                name=row[2],
                role=row[3],
                language=row[4],
                queue_ids=tuple(orjson.loads(row[5])),
                capacity=orjson.loads(row[6]),
                disabled=bool(row[7]),
                managed_by=row[8],
                presence=row[9],
                next_presence=row[10],
                not_responding=bool(row[11]),
                connected=bool(row[12]),
                grace_until=moment(row[13]),
                status=row[14],
                status_at=surely(row[15]),
                presence_at=surely(row[16]),
            )
            for row in rows
        ]

    def user_by_login(self, login: str) -> str | None:
        row = self.connection.one(
            "SELECT id FROM users WHERE login = :login", {"login": login.lower()}
        )
        return row[0] if row else None

    # --- who and where ------------------------------------------------------------------------

    def identities(self, addresses: Iterable[str]) -> list[IdentityRow]:
        """Living identities with one of these normalised addresses, of any kind and standing."""
        return [
            _identity(row)
            for row in self.connection.in_list(
                "SELECT id, kind, address, name, standing, customer_id, link_version, ended_at,"
                " link_why FROM identities WHERE ended_at IS NULL AND address IN (:ids)",
                addresses,
            )
        ]

    def identity(self, identity_id: str) -> IdentityRow | None:
        row = self.connection.one(
            "SELECT id, kind, address, name, standing, customer_id, link_version, ended_at,"
            " link_why FROM identities WHERE id = :id",
            {"id": identity_id},
        )
        return _identity(row) if row else None

    def conversations(self, conversation_ids: Iterable[str]) -> list[ConversationRow]:
        rows = self.connection.in_list(f"{_CONVERSATION} WHERE c.id IN (:ids)", conversation_ids)
        return [_conversation(row) for row in rows]

    def conversations_by_token(self, tokens: Iterable[str]) -> list[ConversationRow]:
        rows = self.connection.in_list(f"{_CONVERSATION} WHERE c.reply_token IN (:ids)", tokens)
        return [_conversation(row) for row in rows]

    def newest_conversations(self, identity_ids: Iterable[str]) -> list[ConversationRow]:
        """The newest conversation of each identity on each account."""
        rows = self.connection.in_list(
            f"{_CONVERSATION} WHERE c.identity_id IN (:ids)"
            " AND c.last_seq = (SELECT MAX(d.last_seq) FROM conversations d"
            " WHERE d.identity_id = c.identity_id"
            " AND d.account_id = c.account_id)",
            identity_ids,
        )
        return [_conversation(row) for row in rows]

    def threads(self, references: Iterable[str]) -> dict[str, tuple[str, str]]:
        """reference → (conversation id, message id), for those known."""
        by_hash = {self._kit.vault.hash(reference): reference for reference in references}
        rows = self.connection.in_list(
            "SELECT ref, conversation_id, message_id FROM threads WHERE ref IN (:ids)", by_hash
        )
        return {by_hash[bytes(row[0])]: (row[1], row[2]) for row in rows}

    def profile(self, customer_id: str) -> Json | None:
        """The customer's profile as it stands; None where there is no such customer."""
        row = self.connection.one(
            "SELECT name, language, company, tier, timezone, tags, fields FROM customers"
            " WHERE id = :id",
            {"id": customer_id},
        )
        if row is None:
            return None
        return {
            "name": row[0],
            "language": row[1],
            "company": row[2],
            "tier": row[3],
            "timezone": row[4],
            "tags": orjson.loads(row[5]),
            "fields": orjson.loads(row[6]),
        }

    def reach(self, customer_id: str) -> Subject:
        """A customer as `may` sees them: their queues, who holds or is offered their work.

        Work that only claims to be theirs lets those look who hold or are offered it, and gives
        its queue nothing (`permissions.may` says why).
        """
        work = (
            " LEFT JOIN interactions i ON i.id = c.interaction_id AND i.state <> 'closed'"
            " LEFT JOIN offers o ON o.interaction_id = i.id AND o.state = 'pending'"
        )
        rows = self.connection.all(
            "SELECT c.queue_id, i.owner_id, i.assignment_state, o.agent_id, 1 FROM identities n"
            f" JOIN conversations c ON c.identity_id = n.id{work} WHERE n.customer_id = :id"
            " UNION ALL SELECT NULL, i.owner_id, i.assignment_state, o.agent_id, 0"
            f" FROM conversations c{work} WHERE c.likely_customer_id = :id",
            {"id": customer_id},
        )
        hold = [(row[1], row[4]) for row in rows if row[1] and row[2] is not None]
        look = {owner for owner, own in hold if not own} | {row[3] for row in rows if row[3]}
        return Subject(
            queue_ids=frozenset(row[0] for row in rows if row[0]),
            holder_ids=frozenset(owner for owner, own in hold if own),
            offered_ids=frozenset(look),
        )

    def thread_of(self, conversation_id: str) -> list[str]:
        """External ids of a conversation's messages, oldest first (for References)."""
        rows = self.connection.all(
            "SELECT t.external_id FROM threads t JOIN entries e ON e.id = t.message_id"
            " WHERE t.conversation_id = :id AND t.external_id NOT LIKE 'key:%' ORDER BY e.seq",
            {"id": conversation_id},
        )
        return [row[0] for row in rows]

    def last_inbound(self, conversation_id: str) -> Json | None:
        """{message_id, external_id, subject, to} of the newest message from the customer."""
        row = self.connection.one(
            "SELECT id, parsed_content FROM entries WHERE conversation_id = :id"
            " AND direction = 'in' ORDER BY seq DESC LIMIT 1",
            {"id": conversation_id},
        )
        if row is None:
            return None
        found = orjson.loads(self.body(row[1]) or b"{}")
        return {
            "message_id": row[0],
            "external_id": found.get("external_id", ""),
            "subject": found.get("subject", ""),
            "to": found.get("to", []),
        }

    # --- work ---------------------------------------------------------------------------------

    def interactions(self, interaction_ids: Iterable[str]) -> list[InteractionRow]:
        rows = self.connection.in_list(f"{_INTERACTION} WHERE i.id IN (:ids)", interaction_ids)
        return [_interaction(row) for row in rows]

    def interaction(self, interaction_id: str) -> InteractionRow | None:
        rows = self.interactions([interaction_id])
        return rows[0] if rows else None

    def open_interactions(self) -> list[InteractionRow]:
        rows = self.connection.all(f"{_INTERACTION} WHERE i.state <> 'closed'")
        return [_interaction(row) for row in rows]

    def legs(self) -> list[LegRow]:
        """Every leg that is not done."""
        rows = self.connection.all(
            "SELECT s.id, s.interaction_id, s.agent_id, s.role, s.state, s.started_at, i.channel,"
            " i.state = 'parked' FROM assignments s JOIN interactions i ON i.id = s.interaction_id"
            " WHERE s.state <> 'done'"
        )
        return [_leg(row) for row in rows]

    def leg(self, assignment_id: str) -> LegRow | None:
        row = self.connection.one(
            "SELECT s.id, s.interaction_id, s.agent_id, s.role, s.state, s.started_at, i.channel,"
            " i.state = 'parked' FROM assignments s JOIN interactions i ON i.id = s.interaction_id"
            " WHERE s.id = :id",
            {"id": assignment_id},
        )
        return _leg(row) if row else None

    def offer(self, offer_id: str) -> OfferRow | None:
        rows = self._offers("WHERE id = :id", {"id": offer_id})
        return rows[0] if rows else None

    def pending_offers(self) -> list[OfferRow]:
        return self._offers("WHERE state = 'pending'", {})

    def pending_offer_of(self, interaction_id: str) -> OfferRow | None:
        rows = self._offers(
            "WHERE interaction_id = :id AND state = 'pending'", {"id": interaction_id}
        )
        return rows[0] if rows else None

    def refused_since(self, since: datetime) -> list[OfferRow]:
        """Offers declined or missed since then."""
        return self._offers(
            # By queue, because the index begins with it.
            "WHERE queue_id IN (SELECT id FROM queues) AND state IN ('declined', 'timed_out')"
            " AND ended_at >= :since",
            {"since": int(since.timestamp() * 1000)},
        )

    def _offers(self, where: str, params: Json) -> list[OfferRow]:
        rows = self.connection.all(
            "SELECT id, interaction_id, queue_id, agent_id, state, made_at, expires_at, ended_at"
            f" FROM offers {where}",
            params,
        )
        return [
            OfferRow(
                id=row[0],
                interaction_id=row[1],
                queue_id=row[2],
                agent_id=row[3],
                state=row[4],
                made_at=surely(row[5]),
                expires_at=surely(row[6]),
                ended_at=moment(row[7]),
            )
            for row in rows
        ]

    # --- outbox, reading, attention -----------------------------------------------------------

    def outbox(self, message_id: str) -> OutboxRow | None:
        row = self.connection.one(f"{_OUTBOX} WHERE message_id = :id", {"id": message_id})
        return _outbox(row) if row else None

    def retried(self, message_id: str) -> bool:
        """Whether its words are on their way again in another message (cancelled ones aren't)."""
        return (
            self.connection.one("SELECT 1 FROM outbox WHERE retry_of = :id", {"id": message_id})
            is not None
        )

    def outbox_by_reference(self, reference: str) -> OutboxRow | None:
        row = self.connection.one(f"{_OUTBOX} WHERE reference = :ref", {"ref": reference})
        return _outbox(row) if row else None

    def outbox_due(self, now: datetime, limit: int) -> list[OutboxRow]:
        rows = self.connection.all(
            f"{_OPEN_OUTBOX} AND state = 'queued' AND next_at <= :now"
            " ORDER BY next_at LIMIT :limit",
            {"now": int(now.timestamp() * 1000), "limit": limit},
        )
        return [_outbox(row) for row in rows]

    def outbox_in(self, state: str, limit: int) -> list[OutboxRow]:
        """`state`: queued or sending."""
        rows = self.connection.all(
            f"{_OPEN_OUTBOX} AND state = :state ORDER BY queued_at LIMIT :limit",
            {"state": state, "limit": limit},
        )
        return [_outbox(row) for row in rows]

    def next_due(self) -> datetime | None:
        """When the next queued message may be sent."""
        row = self.connection.one(
            "SELECT MIN(next_at) FROM outbox WHERE state IN ('queued','sending')"
            " AND state = 'queued'"
        )
        return moment(row[0]) if row else None

    def pending(self, limit: int) -> list[PendingRow]:
        rows = self.connection.all(
            "SELECT message_id, channel, account_id, raw_content, seq FROM pending"
            " ORDER BY seq LIMIT :limit",
            {"limit": limit},
        )
        return [
            PendingRow(
                message_id=row[0], channel=row[1], account_id=row[2], raw_content=row[3], seq=row[4]
            )
            for row in rows
        ]

    def is_pending(self, message_id: str) -> bool:
        row = self.connection.one(
            "SELECT 1 FROM pending WHERE message_id = :id", {"id": message_id}
        )
        return row is not None

    def configuration(self) -> int:
        """The seq of the newest event that set queues or people."""
        row = self.connection.one(
            "SELECT MAX(seq) FROM events WHERE type IN"
            " ('queue.configured', 'queue.removed', 'user.configured')"
        )
        return row[0] or 0 if row else 0

    def fetches_due(self, now: datetime, limit: int) -> list[FetchRow]:
        rows = self.connection.all(
            "SELECT message_id, position, channel, account_id, url, attempts, created_at"
            " FROM fetches WHERE next_at <= :now ORDER BY next_at LIMIT :limit",
            {"now": int(now.timestamp() * 1000), "limit": limit},
        )
        return [
            FetchRow(
                message_id=row[0],
                position=row[1],
                channel=row[2],
                account_id=row[3],
                url=row[4],
                attempts=row[5],
                created_at=surely(row[6]),
            )
            for row in rows
        ]

    def attention_item(self, attention_id: str) -> Json | None:
        row = self.connection.one(
            "SELECT id, kind, state, channel, account_id, message_id, raw_content, interaction_id"
            " FROM attention WHERE id = :id",
            {"id": attention_id},
        )
        if row is None:
            return None
        keys = ("id", "kind", "state", "channel", "account_id", "message_id", "raw_content",
                "interaction_id")  # fmt: skip
        return dict(zip(keys, row, strict=True))

    def attention_of(self, message_id: str) -> list[str]:
        """Open items about one message."""
        rows = self.connection.all(
            "SELECT id FROM attention WHERE message_id = :id AND state = 'open'",
            {"id": message_id},
        )
        return [row[0] for row in rows]

    def remembered(self, key: str) -> Json | None:
        """The result of a command that was carried out under this idempotency key."""
        row = self.connection.one("SELECT result FROM idempotency WHERE key = :key", {"key": key})
        return orjson.loads(row[0]) if row else None

    def uploads(self, content_ids: Sequence[str], owner: str) -> list[Json]:
        """{id, filename, content_type, size} of this person's uploads, in the order asked for."""
        rows = self.connection.in_list(
            "SELECT id, name, media_type, size FROM content WHERE kind = 'upload'"
            " AND owner = :owner AND id IN (:ids)",
            content_ids,
            {"owner": owner},
        )
        found = {
            row[0]: {"id": row[0], "filename": row[1] or "", "content_type": row[2], "size": row[3]}
            for row in rows
        }
        return [found[i] for i in content_ids if i in found]

    def lease(self, name: str) -> tuple[str, int, datetime] | None:
        """(holder, fence, expires at)."""
        row = self.connection.one(
            "SELECT holder, fence, expires_at FROM leases WHERE name = :name", {"name": name}
        )
        return (row[0], row[1], surely(row[2])) if row else None

    def position(self, name: str) -> int:
        row = self.connection.one("SELECT seq FROM positions WHERE name = :name", {"name": name})
        return row[0] if row else 0


def _identity(row: Sequence[Any]) -> IdentityRow:
    return IdentityRow(
        id=row[0],
        kind=row[1],
        address=row[2],
        name=row[3],
        standing=row[4],
        customer_id=row[5],
        link_version=row[6],
        ended=row[7] is not None,
        link_why=row[8],
    )


def _conversation(row: Sequence[Any]) -> ConversationRow:
    return ConversationRow(
        id=row[0],
        channel=row[1],
        account_id=row[2],
        identity_id=row[3],
        customer_id=row[4],
        address=row[5],
        reply_token=row[6],
        subject=row[7],
        interaction_id=row[8],
        interaction_state=row[9],
        owner_id=row[10],
        assignment_state=row[11],
        queue_id=row[12],
        enqueued_at=moment(row[13]),
        first_enqueued_at=moment(row[14]),
        likely_customer_id=row[15],
    )


def _interaction(row: Sequence[Any]) -> InteractionRow:
    return InteractionRow(
        id=row[0],
        conversation_id=row[1],
        identity_id=row[2],
        customer_id=row[3],
        channel=row[4],
        account_id=row[5],
        queue_id=row[6],
        state=row[7],
        priority=row[8],
        owner_id=row[9],
        assignment_id=row[10],
        assignment_state=row[11],
        enqueued_at=moment(row[12]),
        first_enqueued_at=moment(row[13]),
        parked_until=moment(row[14]),
    )


def _leg(row: Sequence[Any]) -> LegRow:
    return LegRow(
        id=row[0],
        interaction_id=row[1],
        agent_id=row[2],
        role=row[3],
        state=row[4],
        started_at=surely(row[5]),
        channel=row[6],
        parked=bool(row[7]),
    )


def _outbox(row: Sequence[Any]) -> OutboxRow:
    return OutboxRow(
        message_id=row[0],
        channel=row[1],
        account_id=row[2],
        conversation_id=row[3],
        identity_id=row[4],
        content=row[5],
        author=row[6],
        state=row[7],
        attempt=row[8],
        next_at=surely(row[9]),
        queued_at=surely(row[10]),
        in_reply_to=row[11],
        reference=row[12],
    )

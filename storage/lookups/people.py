"""Look-ups of who somebody is and where they write: identities, conversations, threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from storage.lookups.base import Json, moment
from storage.lookups.log import LogLookups
from triggerhub.domain.permissions import Subject
from triggerhub.domain.rows import ConversationRow, IdentityRow

_IDENTITY = """
SELECT id, kind, address, name, standing, customer_id, link_version, ended_at, link_why, opted_out,
 previous_customer_id
FROM identities
"""
_CONVERSATION = """
SELECT c.id, c.channel, c.account_id, c.identity_id, n.customer_id, n.address, c.reply_token,
 c.subject, c.interaction_id, i.state, i.owner_id, i.assignment_state, c.queue_id,
 i.enqueued_at, i.first_enqueued_at, c.likely_customer_id
FROM conversations c JOIN identities n ON n.id = c.identity_id
LEFT JOIN interactions i ON i.id = c.interaction_id
"""


class PeopleLookups(LogLookups):
    def identities(self, addresses: Iterable[str]) -> list[IdentityRow]:
        """Living identities with one of these normalised addresses, of any kind and standing."""
        return [
            _identity(row)
            for row in self.connection.in_list(
                f"{_IDENTITY} WHERE ended_at IS NULL AND address IN (:ids)",
                addresses,
            )
        ]

    def identity(self, identity_id: str) -> IdentityRow | None:
        row = self.connection.one(f"{_IDENTITY} WHERE id = :id", {"id": identity_id})
        return _identity(row) if row else None

    def has_identities(self, customer_id: str) -> bool:
        """Whether any address belongs to this customer."""
        row = self.connection.one(
            "SELECT 1 FROM identities WHERE customer_id = :id LIMIT 1", {"id": customer_id}
        )
        return row is not None

    def first_wrote_to(self, identity_id: str) -> str | None:
        """Whose conversation an identity's first message is in; None where it wrote none."""
        row = self.connection.one(
            "SELECT c.identity_id FROM entries e JOIN conversations c ON c.id = e.conversation_id"
            " WHERE e.identity_id = :id AND e.direction = 'in' ORDER BY e.seq LIMIT 1",
            {"id": identity_id},
        )
        return row[0] if row else None

    def conversations(self, conversation_ids: Iterable[str]) -> list[ConversationRow]:
        rows = self.connection.in_list(f"{_CONVERSATION} WHERE c.id IN (:ids)", conversation_ids)
        return [_conversation(row) for row in rows]

    def conversations_by_token(self, tokens: Iterable[str]) -> list[ConversationRow]:
        rows = self.connection.in_list(f"{_CONVERSATION} WHERE c.reply_token IN (:ids)", tokens)
        return [_conversation(row) for row in rows]

    def newest_conversations(self, identity_ids: Iterable[str]) -> list[ConversationRow]:
        """The newest conversation of each identity on each account.

        It is the one in whose work something was said last.
        """
        rows = self.connection.in_list(
            f"{_CONVERSATION} WHERE c.identity_id IN (:ids)"
            " ORDER BY COALESCE(i.last_seq, 0), c.opened_at, c.id",
            identity_ids,
        )
        newest = {(row[3], row[2]): row for row in rows}
        return [_conversation(row) for row in newest.values()]

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
        """External ids of a conversation's messages, oldest first."""
        rows = self.connection.all(
            "SELECT t.external_id FROM threads t JOIN entries e ON e.id = t.message_id"
            " WHERE t.conversation_id = :id AND t.external_id NOT LIKE 'key:%' ORDER BY e.seq",
            {"id": conversation_id},
        )
        return [row[0] for row in rows]

    def last_inbound(self, conversation_id: str) -> Json | None:
        """{message_id, external_id, references, subject, to} of the customer's newest message.

        `references`: the most telling (newest) first.
        """
        row = self.connection.one(
            "SELECT e.id, e.parsed_content FROM conversations c"
            " JOIN entries e ON e.identity_id = c.identity_id"
            " WHERE c.id = :id AND e.conversation_id = c.id AND e.direction = 'in'"
            " ORDER BY e.seq DESC LIMIT 1",
            {"id": conversation_id},
        )
        if row is None:
            return None
        found = orjson.loads(self.body(row[1]) or b"{}")
        return {
            "message_id": row[0],
            "external_id": found.get("external_id", ""),
            "references": found.get("references", []),
            "subject": found.get("subject", ""),
            "to": found.get("to", []),
        }


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
        opted_out=frozenset(row[9].split()),
        previous_customer_id=row[10],
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

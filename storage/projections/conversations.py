"""Folds of threads: conversations, and which message ids lead to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.projections.rows import ms, profile
from triggerhub.domain import events as ev

if TYPE_CHECKING:
    from storage.transaction import Transaction


def _opened(tx: Transaction, r: ev.Recorded, f: ev.ConversationOpened) -> None:
    tx.connection.put(
        "conversations",
        f.conversation_id,
        {
            "id": f.conversation_id,
            "channel": f.channel,
            "account_id": f.account_id,
            "identity_id": f.identity_id,
            "likely_customer_id": f.likely_customer_id,
            "subject": profile(tx.body(f.subject_content)).get("subject", ""),
            "reply_token": f.reply_token,
            "related_to": f.related_to,
            "opened_at": ms(r.at),
        },
    )


def remember_reference(
    tx: Transaction, external_id: str, conversation_id: str, message_id: str
) -> None:
    """From now on an answer that names `external_id` belongs to this conversation."""
    if external_id:
        tx.connection.run(
            "INSERT INTO threads (ref, conversation_id, message_id, external_id)"
            " VALUES (:ref, :conversation, :message, :external) ON CONFLICT (ref) DO NOTHING",
            {
                "ref": tx.keyed_hash(external_id),
                "conversation": conversation_id,
                "message": message_id,
                "external": external_id,
            },
        )


HANDLERS = {ev.ConversationOpened: _opened}

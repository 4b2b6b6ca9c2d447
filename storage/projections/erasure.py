"""The fold of a person's erasure: what the projections had copied from their content is cleared.

What stays is what a fold of the same log gives once the content is gone, row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from storage.projections.customers import make_findable
from storage.projections.rows import Json, text
from triggerhub.domain import events as ev

if TYPE_CHECKING:
    from storage.transaction import Transaction

_BLANK: Json = {
    "from": {"address": "", "name": ""},
    "to": [],
    "author_name": "",
    "subject": "",
    "text": "",
    "quoted": None,
    "has_html": False,
    "lang": "",
    "attachments": [],
    "segments": None,
}
_THEIRS = "(SELECT id FROM identities WHERE customer_id = :id)"
_CONVERSATIONS = f"(SELECT id FROM conversations WHERE identity_id IN {_THEIRS})"
_SAID = "FROM identities n JOIN entries e ON e.identity_id = n.id WHERE n.customer_id = :id"
_MESSAGES = f"(SELECT e.id {_SAID})"
_CUSTOMER = (
    "UPDATE customers SET name = '', language = '', company = '', tier = '' WHERE id = :id",
    "UPDATE customers SET timezone = '', tags = '[]', fields = '{}' WHERE id = :id",
)
_CLEARED = (
    *_CUSTOMER,
    # An erased address must stay unique, and findable by nobody.
    "UPDATE identities SET address = 'erased:' || id, name = '' WHERE customer_id = :id",
    f"UPDATE conversations SET subject = '' WHERE identity_id IN {_THEIRS}",
    # Also of a piece of work that another of the same address had begun.
    (
        f"UPDATE interactions SET preview = '' WHERE identity_id IN {_THEIRS}"
        f" OR id IN (SELECT e.interaction_id {_SAID})"
    ),
    f"UPDATE outbox SET reference = NULL WHERE identity_id IN {_THEIRS}",
    f"UPDATE attention SET reason = '' WHERE message_id IN {_MESSAGES}",
    f"DELETE FROM threads WHERE conversation_id IN {_CONVERSATIONS}",
    (
        f"DELETE FROM threads WHERE conversation_id IN (SELECT e.conversation_id {_SAID})"
        f" AND message_id IN {_MESSAGES}"
    ),
    f"DELETE FROM attachments WHERE entry_id IN {_MESSAGES}",
    f"DELETE FROM fetches WHERE message_id IN {_MESSAGES}",
)


def _erased(tx: Transaction, r: ev.Recorded, f: ev.ErasureDone) -> None:
    whose = {"id": f.customer_id}
    for statement in _CLEARED:
        tx.connection.run(statement, whose)
    make_findable(tx, f.customer_id)
    for customer_id in f.former_customer_ids:
        _former(tx, {"id": customer_id})
    written = tx.connection.all(f"SELECT e.seq, e.body {_SAID} AND e.kind <> 'system'", whose)
    tx.connection.run_many(
        "UPDATE entries SET body = :body, reason = NULL, erased = 1 WHERE seq = :seq",
        [{"seq": row[0], "body": text(_blank(orjson.loads(row[1])))} for row in written],
    )


def _former(tx: Transaction, whose: Json) -> None:
    """Without an address they were nobody but the erased person."""
    if tx.connection.one("SELECT 1 FROM identities WHERE customer_id = :id LIMIT 1", whose) is None:
        for statement in _CUSTOMER:
            tx.connection.run(statement, whose)
        make_findable(tx, whose["id"])


def _blank(shown: Json) -> Json:
    shown.pop("reply_to", None)  # stands only where there was one
    return shown | _BLANK


HANDLERS = {ev.ErasureDone: _erased}

"""What becomes of a log that was brought back from a copy: it is another log than the one it was.

A PostgreSQL database is loaded in one transaction and settled in another: the mark that `begin`
makes, and nobody but a restore goes past, stays until the second has ended. Knows no file and no
folder (triggerhub.backup does).
"""

from __future__ import annotations

import secrets

from storage.engine import Database
from storage.schema import ARRIVING
from storage.transaction import Kit, Transaction
from triggerhub.domain.events import MessageSending, MessageUnknown

REASON = "restored from a backup: whether it was sent since isn't known"
_ALL = 1 << 62


def begin(database: Database, backup: str) -> None:
    """Mark an empty database as one into which `backup` is being brought back."""
    connection = database.connect()
    try:
        connection.begin(write=True)
        connection.run(f"CREATE TABLE {ARRIVING} (backup TEXT NOT NULL)")
        connection.run(f"INSERT INTO {ARRIVING} (backup) VALUES (:backup)", {"backup": backup})
        connection.commit()
    finally:
        connection.close()


def settle(database: Database, kit: Kit, *, actor: str = "system") -> int:
    """Renew the epoch, so that no console goes on with numbers of the log that was lost; take what
    was to be sent for sent, perhaps: a person decides. How many messages those are. From then on it
    may be served.
    """
    connection = database.connect()
    try:
        connection.begin(write=True)
        transaction = Transaction(connection, kit)
        connection.run(
            "UPDATE log_head SET epoch = :epoch WHERE one = 1", {"epoch": secrets.token_hex(8)}
        )
        unsure = [*transaction.outbox_in("queued", _ALL), *transaction.outbox_in("sending", _ALL)]
        for row in unsure:
            if row.state == "queued":
                transaction.append(
                    MessageSending(message_id=row.message_id, attempt=row.attempt + 1), actor=actor
                )
            transaction.append(
                MessageUnknown(
                    message_id=row.message_id,
                    reason=REASON,
                    attention_id=transaction.new_id("at"),
                ),
                actor=actor,
            )
        transaction.finish()
        connection.run(f"DROP TABLE IF EXISTS {ARRIVING}")
        connection.commit()
        if connection.dialect == "sqlite":
            connection.one("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    return len(unsure)

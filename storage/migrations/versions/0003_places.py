"""Entries stand at a whole number, by whose they are and when they came; so do events.

Both were found through a second tree before, and an entry's own tree held its words in all of its
levels. Conversations lose a number that each message had to write.
"""

from __future__ import annotations

from zlib import crc32

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_AT_ONCE = 10_000
_EVENTS = "seq, id, type, version, at, actor, cause, dedupe_scope, dedupe_key, data"
_ENTRIES = (
    "identity_id, seq, id, conversation_id, interaction_id, kind, direction, state, state_at,"
    " reason, raw_content, parsed_content, erased, body"
)
_CONFIGURATION = sa.text("type IN ('queue.configured', 'queue.removed', 'user.configured')")
_ONCE = sa.text("dedupe_scope IS NOT NULL")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.add_column(
        "identities",
        sa.Column("shelf", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    _fill_shelves()
    op.drop_index("entries_conversation", "entries")
    if sqlite:
        _copy_entries(
            sa.Column("place", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint("place"),
            f"INSERT INTO entries (place, {_ENTRIES})"
            f" SELECT n.shelf + e.seq, e.{_ENTRIES.replace(', ', ', e.')}"
            " FROM old_entries e JOIN identities n ON n.id = e.identity_id ORDER BY 1",
        )  # fmt: skip
        _copy_events(sa.Integer())
    else:
        op.add_column("entries", sa.Column("place", sa.BigInteger(), nullable=True))
        op.execute(
            "UPDATE entries SET place = n.shelf + entries.seq FROM identities n"
            " WHERE n.id = entries.identity_id"
        )
        op.alter_column("entries", "place", nullable=False)
        op.drop_constraint("entries_pkey", "entries", type_="primary")
        op.create_primary_key("entries_pkey", "entries", ["place"])
    op.drop_index("conversations_identity", "conversations")
    op.drop_column("conversations", "last_seq")
    op.create_index("conversations_identity", "conversations", ["identity_id", "account_id"])


def downgrade() -> None:
    op.drop_index("conversations_identity", "conversations")
    op.add_column(
        "conversations",
        sa.Column("last_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.execute(
        "UPDATE conversations SET last_seq = COALESCE("
        "(SELECT MAX(e.seq) FROM entries e WHERE e.conversation_id = conversations.id), 0)"
    )
    op.create_index(
        "conversations_identity", "conversations", ["identity_id", "account_id", "last_seq"]
    )
    if op.get_bind().dialect.name == "sqlite":
        _copy_entries(
            None, sa.PrimaryKeyConstraint("identity_id", "seq"),
            f"INSERT INTO entries ({_ENTRIES}) SELECT {_ENTRIES} FROM old_entries ORDER BY 1, 2",
            sqlite_with_rowid=False,
        )  # fmt: skip
        _copy_events(sa.BigInteger())
    else:
        op.drop_constraint("entries_pkey", "entries", type_="primary")
        op.drop_column("entries", "place")
        op.create_primary_key("entries_pkey", "entries", ["identity_id", "seq"])
    op.create_index("entries_conversation", "entries", ["conversation_id", "seq"])
    op.drop_column("identities", "shelf")


def _fill_shelves() -> None:
    """As storage.places has it now: what it may become later doesn't change this step."""
    bind, after = op.get_bind(), ""
    some = sa.text("SELECT id FROM identities WHERE id > :after ORDER BY id LIMIT :most")
    fill = sa.text("UPDATE identities SET shelf = :shelf WHERE id = :id")
    while ids := bind.execute(some, {"after": after, "most": _AT_ONCE}).scalars().all():
        bind.execute(
            fill, [{"id": i, "shelf": (crc32(i.encode()) & (1 << 28) - 1) << 35} for i in ids]
        )
        after = ids[-1]


def _copy_entries(
    place: sa.Column[int] | None, key: sa.PrimaryKeyConstraint, fill: str, **options: bool
) -> None:
    op.drop_index("entries_id", "entries")
    op.rename_table("entries", "old_entries")
    op.create_table(
        "entries",
        *([] if place is None else [place]),
        sa.Column("identity_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("raw_content", sa.Text(), nullable=True),
        sa.Column("parsed_content", sa.Text(), nullable=True),
        sa.Column("erased", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        key,
        **options,
    )
    op.execute(fill)
    op.drop_table("old_entries")
    op.create_index("entries_id", "entries", ["id"], unique=True)


def _copy_events(number: sa.types.TypeEngine[int]) -> None:
    op.drop_index("events_dedupe", "events")
    op.drop_index("events_configuration", "events")
    op.rename_table("events", "old_events")
    op.create_table(
        "events",
        sa.Column("seq", number, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("dedupe_scope", sa.Text(), nullable=True),
        sa.Column("dedupe_key", sa.LargeBinary(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "dedupe_scope IS NULL OR (dedupe_key IS NOT NULL AND length(dedupe_key) > 0)",
            name="events_dedupe_key",
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.execute(f"INSERT INTO events ({_EVENTS}) SELECT {_EVENTS} FROM old_events ORDER BY seq")
    op.drop_table("old_events")
    op.create_index("events_configuration", "events", ["seq"], sqlite_where=_CONFIGURATION)
    op.create_index(
        "events_dedupe", "events", ["dedupe_scope", "dedupe_key"], unique=True, sqlite_where=_ONCE
    )

"""Entries stand in the order in which they were written; an index tells whose they are.

Kept together by whose they are, nearly each of these long rows split a page and changed four.
"""

from __future__ import annotations

from zlib import crc32

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_AT_ONCE = 10_000
_COLUMNS = (
    "seq, identity_id, id, conversation_id, interaction_id, kind, direction, state, state_at,"
    " reason, raw_content, parsed_content, erased, body"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _copy("INSERT INTO entries ({0}) SELECT {0} FROM old_entries ORDER BY seq", "seq")
    else:
        op.drop_constraint("entries_pkey", "entries", type_="primary")
        op.drop_column("entries", "place")
        op.create_primary_key("entries_pkey", "entries", ["seq"])
    op.create_index("entries_identity", "entries", ["identity_id", "seq"])
    op.drop_column("identities", "shelf")


def downgrade() -> None:
    op.add_column(
        "identities",
        sa.Column("shelf", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    _fill_shelves()
    op.drop_index("entries_identity", "entries")
    if op.get_bind().dialect.name == "sqlite":
        _copy(
            "INSERT INTO entries (place, {0}) SELECT n.shelf + e.seq, e.{1} FROM old_entries e"
            " JOIN identities n ON n.id = e.identity_id ORDER BY 1",
            "place",
        )
    else:
        op.add_column("entries", sa.Column("place", sa.BigInteger(), nullable=True))
        op.execute(
            "UPDATE entries SET place = n.shelf + entries.seq FROM identities n"
            " WHERE n.id = entries.identity_id"
        )
        op.alter_column("entries", "place", nullable=False)
        op.drop_constraint("entries_pkey", "entries", type_="primary")
        op.create_primary_key("entries_pkey", "entries", ["place"])


def _fill_shelves() -> None:
    """As the third step has it."""
    bind, after = op.get_bind(), ""
    some = sa.text("SELECT id FROM identities WHERE id > :after ORDER BY id LIMIT :most")
    fill = sa.text("UPDATE identities SET shelf = :shelf WHERE id = :id")
    while ids := bind.execute(some, {"after": after, "most": _AT_ONCE}).scalars().all():
        bind.execute(
            fill, [{"id": i, "shelf": (crc32(i.encode()) & (1 << 28) - 1) << 35} for i in ids]
        )
        after = ids[-1]


def _copy(fill: str, key: str) -> None:
    op.drop_index("entries_id", "entries")
    op.rename_table("entries", "old_entries")
    seq = sa.Column("seq", sa.Integer() if key == "seq" else sa.BigInteger(), nullable=False)
    place = sa.Column("place", sa.Integer(), nullable=False)
    op.create_table(
        "entries",
        *([seq] if key == "seq" else [place, seq]),
        sa.Column("identity_id", sa.Text(), nullable=False),
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
        sa.PrimaryKeyConstraint(key),
    )
    op.execute(fill.format(_COLUMNS, _COLUMNS.replace(", ", ", e.")))
    op.drop_table("old_entries")
    op.create_index("entries_id", "entries", ["id"], unique=True)

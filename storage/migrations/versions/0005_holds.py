"""Agents know how many legs they hold; indexes hold no rows that nobody looks for in them.

Each piece of work wrote into them when it was offered, taken and closed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ABANDONED = sa.text("closed_how = 'abandoned'")
_ENDED = sa.text("ended_at IS NOT NULL")
_COLUMNS = "key, result, created_at"


def upgrade() -> None:
    op.add_column(
        "agents",
        sa.Column("holds", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.execute(
        "UPDATE agents SET holds = (SELECT COUNT(*) FROM assignments s"
        " JOIN interactions i ON i.id = s.interaction_id WHERE s.agent_id = agents.id"
        " AND s.state <> 'done' AND i.state <> 'parked')"
    )
    op.drop_index("interactions_closed", "interactions")
    op.create_index(
        "interactions_abandoned", "interactions", ["closed_at"],
        sqlite_where=_ABANDONED, postgresql_where=_ABANDONED,
    )  # fmt: skip
    op.drop_index("offers_answered", "offers")
    op.create_index(
        "offers_answered", "offers", ["queue_id", "state", "ended_at"],
        sqlite_where=_ENDED, postgresql_where=_ENDED,
    )  # fmt: skip
    if op.get_bind().dialect.name == "sqlite":
        _copy_answers(sqlite_with_rowid=False)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _copy_answers()
    op.drop_index("offers_answered", "offers")
    op.create_index("offers_answered", "offers", ["queue_id", "state", "ended_at"])
    op.drop_index("interactions_abandoned", "interactions")
    op.create_index("interactions_closed", "interactions", ["closed_at", "id"])
    op.drop_column("agents", "holds")


def _copy_answers(**options: bool) -> None:
    op.drop_index("idempotency_created", "idempotency")
    op.rename_table("idempotency", "old_idempotency")
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        **options,
    )
    op.execute(
        f"INSERT INTO idempotency ({_COLUMNS}) SELECT {_COLUMNS} FROM old_idempotency ORDER BY 1"
    )
    op.drop_table("old_idempotency")
    op.create_index("idempotency_created", "idempotency", ["created_at"])

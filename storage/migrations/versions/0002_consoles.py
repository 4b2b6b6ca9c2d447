"""Which node an agent's consoles are on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "consoles",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "node"),
    )


def downgrade() -> None:
    op.drop_table("consoles")

"""How often what could not be read was read again in vain, and when last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("attention", sa.Column("tried_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "attention",
        sa.Column("tries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("attention", "tries")
    op.drop_column("attention", "tried_at")

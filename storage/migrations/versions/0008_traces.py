"""An identity knows whose it was before its newest link; work knows what it follows up.

A company has presences of its own. An account knows when it was written to last. What could not
be read knows how often it was read again in vain, and when last.
"""

from __future__ import annotations

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_SCHEDULED = sa.text("SELECT data FROM events WHERE type = 'interaction.scheduled' ORDER BY seq")
_FOLLOWS = sa.text("UPDATE interactions SET follow_up_of = :of WHERE id = :id")
_LINKS = sa.text("SELECT data FROM events WHERE type = 'identity.linked' ORDER BY seq")
_FILL = sa.text("UPDATE identities SET previous_customer_id = :previous WHERE id = :id")


def upgrade() -> None:
    op.add_column("attention", sa.Column("tried_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "attention",
        sa.Column("tries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "hub", sa.Column("presences", sa.Text(), server_default=sa.text("'[]'"), nullable=False)
    )
    op.add_column("accounts", sa.Column("last_in_at", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE accounts SET last_in_at = (SELECT MAX(i.last_customer_at) FROM interactions i"
        " WHERE i.account_id = accounts.id AND i.state = 'closed')"
    )
    op.add_column("interactions", sa.Column("follow_up_of", sa.Text(), nullable=True))
    op.add_column("identities", sa.Column("previous_customer_id", sa.Text(), nullable=True))
    bind = op.get_bind()
    newest = {}
    for (data,) in bind.execute(_LINKS):
        link = orjson.loads(data)
        if link["previous_customer_id"]:
            newest[link["identity_id"]] = link["previous_customer_id"]
    if newest:
        bind.execute(_FILL, [{"id": key, "previous": value} for key, value in newest.items()])
    for (data,) in bind.execute(_SCHEDULED).all():
        fact = orjson.loads(data)
        of = {"id": fact["interaction_id"], "of": fact.get("follow_up_of")}
        bind.execute(_FOLLOWS, of)


def downgrade() -> None:
    op.drop_column("attention", "tries")
    op.drop_column("attention", "tried_at")
    op.drop_column("hub", "presences")
    op.drop_column("accounts", "last_in_at")
    op.drop_column("interactions", "follow_up_of")
    op.drop_column("identities", "previous_customer_id")

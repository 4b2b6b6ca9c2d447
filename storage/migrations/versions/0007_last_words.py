"""What a customer wrote last is looked up among their entries; no message writes it again.

Nor does a new piece of work stand in an index by conversation, and what a command's key is kept
under begins with that key, so that new ones are neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_AT_ONCE = 10_000
_COLUMNS = "id, name, language, company, tier, timezone, tags, fields, provisional, created_at"
_AT_FULL_WIDTH = re.compile(" (?=[\u3001-\u303f\uff01-\uff60])|(?<=[\u3001-\u303f\uff01-\uff60]) ")
_NEWEST = sa.text(
    "SELECT n.customer_id, e.state_at, e.body FROM identities n JOIN entries e ON e.seq ="
    " (SELECT x.seq FROM entries x WHERE x.identity_id = n.id AND x.direction = 'in'"
    " ORDER BY x.seq DESC LIMIT 1) WHERE n.customer_id > :after AND n.customer_id <= :last"
    " ORDER BY e.seq"
)


def upgrade() -> None:
    op.drop_index("interactions_conversation", "interactions")
    op.drop_index("customers_last", "customers")
    if op.get_bind().dialect.name == "sqlite":
        _copy(
            f"INSERT INTO customers ({_COLUMNS}, seq) SELECT c.{_COLUMNS.replace(', ', ', c.')},"
            " e.seq FROM events e CROSS JOIN old_customers c WHERE e.type = 'customer.created'"
            " AND c.id = json_extract(e.data, '$.customer_id') ORDER BY e.seq",
            sa.Column("seq", sa.BigInteger(), nullable=False),
        )
    else:
        op.add_column("customers", sa.Column("seq", sa.BigInteger(), nullable=True))
        op.execute(
            "UPDATE customers SET seq = e.seq FROM events e WHERE e.type = 'customer.created'"
            " AND customers.id = CAST(e.data AS json) ->> 'customer_id'"
        )
        op.alter_column("customers", "seq", nullable=False)
        op.drop_column("customers", "last_at")
        op.drop_column("customers", "last_text")
    op.create_index("customers_seq", "customers", ["seq"])
    _turn_keys(_key_first)


def downgrade() -> None:
    op.drop_index("customers_seq", "customers")
    if op.get_bind().dialect.name == "sqlite":
        _copy(
            f"INSERT INTO customers ({_COLUMNS}, last_at, last_text)"
            f" SELECT {_COLUMNS}, created_at, '' FROM old_customers ORDER BY seq",
            sa.Column("last_at", sa.BigInteger(), nullable=False),
            sa.Column("last_text", sa.Text(), nullable=False),
        )
    else:
        op.add_column("customers", sa.Column("last_at", sa.BigInteger(), nullable=True))
        op.add_column("customers", sa.Column("last_text", sa.Text(), nullable=True))
        op.execute("UPDATE customers SET last_at = created_at, last_text = ''")
        op.alter_column("customers", "last_at", nullable=False)
        op.alter_column("customers", "last_text", nullable=False)
        op.drop_column("customers", "seq")
    _fill_last()
    op.create_index("customers_last", "customers", ["last_at", "id"])
    op.create_index("interactions_conversation", "interactions", ["conversation_id"])
    _turn_keys(_key_last)


def _turn_keys(turned: Callable[[str], str]) -> None:
    """Those of some days. A reply that is sent again after the update is still known."""
    bind = op.get_bind()
    kept = bind.execute(sa.text("SELECT key FROM idempotency")).scalars().all()
    rename = sa.text("UPDATE idempotency SET key = :new WHERE key = :old")
    if kept:
        bind.execute(rename, [{"old": key, "new": turned(key)} for key in kept])


def _key_first(full: str) -> str:
    """`actor:command:key`; a token's id has a colon in it."""
    actor = 2 if full.startswith("token:") else 1
    parts = full.split(":", actor + 1)
    return ":".join([parts[-1], *parts[:-1]])


def _key_last(full: str) -> str:
    parts = full.split(":")
    actor = 2 if parts[-3:-2] == ["token"] else 1
    return ":".join([*parts[-actor - 1 :], *parts[: -actor - 1]])


def _fill_last() -> None:
    bind, after = op.get_bind(), ""
    some = sa.text("SELECT id FROM customers WHERE id > :after ORDER BY id LIMIT :most")
    fill = sa.text("UPDATE customers SET last_at = :at, last_text = :words WHERE id = :id")
    while ids := bind.execute(some, {"after": after, "most": _AT_ONCE}).scalars().all():
        newest = {
            row[0]: {"id": row[0], "at": row[1], "words": _preview(orjson.loads(row[2]))}
            for row in bind.execute(_NEWEST, {"after": after, "last": ids[-1]})
        }
        if newest:
            bind.execute(fill, list(newest.values()))
        after = ids[-1]


def _preview(shown: dict[str, str]) -> str:
    """As the folds of that time have it."""
    words = shown["text"] or shown["subject"]
    return _AT_FULL_WIDTH.sub("", " ".join(words.split()))[:160]


def _copy(fill: str, *more: sa.Column[int] | sa.Column[str]) -> None:
    op.rename_table("customers", "old_customers")
    op.create_table(
        "customers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("provisional", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *more,
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(fill)
    op.drop_table("old_customers")

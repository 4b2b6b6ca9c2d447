"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:  # noqa: PLR0915 - one statement a table and index
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("addresses", sa.Text(), nullable=False),
        sa.Column("queue_id", sa.Text(), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("secret_content", sa.Text(), nullable=True),
        sa.Column("managed_by", sa.Text(), nullable=False),
        sa.Column(
            "removed",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("last_out_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "agents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("presence", sa.Text(), nullable=False),
        sa.Column("next_presence", sa.Text(), nullable=True),
        sa.Column("presence_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "not_responding",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "connected",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("grace_until_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "assignments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_id", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("held_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column(
            "held_ms",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("wrap_up_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("ended_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("assignments_interaction", "assignments", ["interaction_id"], unique=False)
    op.create_index(
        "assignments_open",
        "assignments",
        ["agent_id"],
        unique=False,
        sqlite_where=sa.text("state <> 'done'"),
        postgresql_where=sa.text("state <> 'done'"),
    )
    op.create_table(
        "attachments",
        sa.Column("content_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("content_id"),
    )
    op.create_index("attachments_entry", "attachments", ["entry_id"], unique=False)
    op.create_table(
        "attention",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("interaction_id", sa.Text(), nullable=True),
        sa.Column("raw_content", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("attention_state", "attention", ["state", "seq"], unique=False)
    op.create_table(
        "content",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("meta", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("erased_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "content_uploads",
        "content",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("kind = 'upload'"),
        postgresql_where=sa.text("kind = 'upload'"),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.Text(), nullable=False),
        sa.Column("likely_customer_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reply_token", sa.Text(), nullable=False),
        sa.Column("related_to", sa.Text(), nullable=True),
        sa.Column("interaction_id", sa.Text(), nullable=True),
        sa.Column("queue_id", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "last_seq",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "conversations_identity",
        "conversations",
        ["identity_id", "account_id", "last_seq"],
        unique=False,
    )
    op.create_index(
        "conversations_likely",
        "conversations",
        ["likely_customer_id"],
        unique=False,
        sqlite_where=sa.text("likely_customer_id IS NOT NULL"),
        postgresql_where=sa.text("likely_customer_id IS NOT NULL"),
    )
    op.create_index("conversations_token", "conversations", ["reply_token"], unique=True)
    op.create_table(
        "customer_search",
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id"),
        sqlite_with_rowid=False,
    )
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
        sa.Column("provisional", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("customers_last", "customers", ["last_at", "id"], unique=False)
    op.create_table(
        "entries",
        sa.Column("identity_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("raw_content", sa.Text(), nullable=True),
        sa.Column("parsed_content", sa.Text(), nullable=True),
        sa.Column(
            "erased",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("entries_conversation", "entries", ["conversation_id", "seq"], unique=False)
    op.create_index("entries_id", "entries", ["id"], unique=True)
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
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
    op.create_index(
        "events_configuration",
        "events",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("type IN ('queue.configured', 'queue.removed', 'user.configured')"),
        postgresql_where=sa.text(
            "type IN ('queue.configured', 'queue.removed', 'user.configured')"
        ),
    )
    op.create_index(
        "events_dedupe",
        "events",
        ["dedupe_scope", "dedupe_key"],
        unique=True,
        sqlite_where=sa.text("dedupe_scope IS NOT NULL"),
        postgresql_where=sa.text("dedupe_scope IS NOT NULL"),
    )
    op.create_table(
        "fetches",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column(
            "attempts",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("next_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "position"),
    )
    op.create_index("fetches_due", "fetches", ["next_at"], unique=False)
    op.create_table(
        "hub",
        sa.Column("one", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("default_region", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("idempotency_created", "idempotency", ["created_at"], unique=False)
    op.create_table(
        "identities",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("link_why", sa.Text(), nullable=True),
        sa.Column(
            "link_version",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("learnt_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ended_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "identities_address",
        "identities",
        ["address", "kind", "standing"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("identities_customer", "identities", ["customer_id"], unique=False)
    op.create_table(
        "interactions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("queue_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_how", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("priority", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=True),
        sa.Column("assignment_id", sa.Text(), nullable=True),
        sa.Column("assignment_state", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enqueued_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("first_enqueued_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("activated_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("last_customer_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("last_agent_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("wrap_up_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("parked_until_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("closed_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("preview", sa.Text(), nullable=False),
        sa.Column(
            "unread",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "last_seq",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("interactions_closed", "interactions", ["closed_at", "id"], unique=False)
    op.create_index("interactions_conversation", "interactions", ["conversation_id"], unique=False)
    op.create_index("interactions_identity", "interactions", ["identity_id"], unique=False)
    op.create_index(
        "interactions_open",
        "interactions",
        ["queue_id", "state"],
        unique=False,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index("interactions_opened", "interactions", ["opened_at", "id"], unique=False)
    op.create_index(
        "interactions_owner",
        "interactions",
        ["owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.create_table(
        "intervals",
        sa.Column("queue_id", sa.Text(), nullable=False),
        sa.Column("start_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "answered",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "abandoned",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "offered",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("queue_id", "start_at"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "log_head",
        sa.Column("one", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("queue_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ended_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("offers_answered", "offers", ["queue_id", "state", "ended_at"], unique=False)
    op.create_index("offers_interaction", "offers", ["interaction_id"], unique=False)
    op.create_index(
        "offers_pending",
        "offers",
        ["agent_id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "attempt",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("next_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("queued_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("in_reply_to", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("retry_of", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index(
        "outbox_open",
        "outbox",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued','sending')"),
        postgresql_where=sa.text("state IN ('queued','sending')"),
    )
    op.create_index("outbox_reference", "outbox", ["reference"], unique=False)
    op.create_index(
        "outbox_retries",
        "outbox",
        ["retry_of"],
        unique=False,
        sqlite_where=sa.text("retry_of IS NOT NULL"),
        postgresql_where=sa.text("retry_of IS NOT NULL"),
    )
    op.create_table(
        "pending",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("raw_content", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_table(
        "positions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "queues",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sla_seconds", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("offer_seconds", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("auto_accept", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("managed_by", sa.Text(), nullable=False),
        sa.Column(
            "removed",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "threads",
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
    )
    op.create_index("threads_conversation", "threads", ["conversation_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column(
            "revoked",
            sa.BigInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("tokens_hash", "tokens", ["hash"], unique=True)
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("queue_ids", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Text(), nullable=False),
        sa.Column("disabled", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("managed_by", sa.Text(), nullable=False),
        sa.Column("hash_content", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("users_login", "users", ["login"], unique=True)


def downgrade() -> None:  # noqa: PLR0915 - the same backwards
    op.drop_index("users_login", table_name="users")
    op.drop_table("users")
    op.drop_index("tokens_hash", table_name="tokens")
    op.drop_table("tokens")
    op.drop_index("threads_conversation", table_name="threads")
    op.drop_table("threads")
    op.drop_table("sessions")
    op.drop_table("queues")
    op.drop_table("positions")
    op.drop_table("pending")
    op.drop_index(
        "outbox_retries",
        table_name="outbox",
        sqlite_where=sa.text("retry_of IS NOT NULL"),
        postgresql_where=sa.text("retry_of IS NOT NULL"),
    )
    op.drop_index("outbox_reference", table_name="outbox")
    op.drop_index(
        "outbox_open",
        table_name="outbox",
        sqlite_where=sa.text("state IN ('queued','sending')"),
        postgresql_where=sa.text("state IN ('queued','sending')"),
    )
    op.drop_table("outbox")
    op.drop_index(
        "offers_pending",
        table_name="offers",
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.drop_index("offers_interaction", table_name="offers")
    op.drop_index("offers_answered", table_name="offers")
    op.drop_table("offers")
    op.drop_table("log_head")
    op.drop_table("leases")
    op.drop_table("intervals")
    op.drop_index(
        "interactions_owner",
        table_name="interactions",
        sqlite_where=sa.text("owner_id IS NOT NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )
    op.drop_index("interactions_opened", table_name="interactions")
    op.drop_index(
        "interactions_open",
        table_name="interactions",
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.drop_index("interactions_identity", table_name="interactions")
    op.drop_index("interactions_conversation", table_name="interactions")
    op.drop_index("interactions_closed", table_name="interactions")
    op.drop_table("interactions")
    op.drop_index("identities_customer", table_name="identities")
    op.drop_index(
        "identities_address",
        table_name="identities",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("identities")
    op.drop_index("idempotency_created", table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_table("hub")
    op.drop_index("fetches_due", table_name="fetches")
    op.drop_table("fetches")
    op.drop_index(
        "events_dedupe",
        table_name="events",
        sqlite_where=sa.text("dedupe_scope IS NOT NULL"),
        postgresql_where=sa.text("dedupe_scope IS NOT NULL"),
    )
    op.drop_index(
        "events_configuration",
        table_name="events",
        sqlite_where=sa.text("type IN ('queue.configured', 'queue.removed', 'user.configured')"),
        postgresql_where=sa.text(
            "type IN ('queue.configured', 'queue.removed', 'user.configured')"
        ),
    )
    op.drop_table("events")
    op.drop_index("entries_id", table_name="entries")
    op.drop_index("entries_conversation", table_name="entries")
    op.drop_table("entries")
    op.drop_index("customers_last", table_name="customers")
    op.drop_table("customers")
    op.drop_table("customer_search")
    op.drop_index("conversations_token", table_name="conversations")
    op.drop_index(
        "conversations_likely",
        table_name="conversations",
        sqlite_where=sa.text("likely_customer_id IS NOT NULL"),
        postgresql_where=sa.text("likely_customer_id IS NOT NULL"),
    )
    op.drop_index("conversations_identity", table_name="conversations")
    op.drop_table("conversations")
    op.drop_index(
        "content_uploads",
        table_name="content",
        sqlite_where=sa.text("kind = 'upload'"),
        postgresql_where=sa.text("kind = 'upload'"),
    )
    op.drop_table("content")
    op.drop_index("attention_state", table_name="attention")
    op.drop_table("attention")
    op.drop_index("attachments_entry", table_name="attachments")
    op.drop_table("attachments")
    op.drop_index(
        "assignments_open",
        table_name="assignments",
        sqlite_where=sa.text("state <> 'done'"),
        postgresql_where=sa.text("state <> 'done'"),
    )
    op.drop_index("assignments_interaction", table_name="assignments")
    op.drop_table("assignments")
    op.drop_table("agents")
    op.drop_table("accounts")

"""The tables, for DDL and migrations. Three column types only: text, 64-bit integer, bytes.

Times are milliseconds since 1970 UTC in columns ending in `_at`; flags are 0 or 1. So the same SQL
text serves both databases and rows need no conversion on the hot path.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

metadata = MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _int(name: str, *, key: bool = False, null: bool = False, zero: bool = False) -> Column[int]:
    default = text("0") if zero else None
    return Column(
        name,
        BigInteger,
        primary_key=key,
        nullable=null,
        autoincrement=False,
        server_default=default,
    )


def _place(name: str) -> Column[int]:
    """The key by which the rows themselves are ordered: SQLite knows such a one as INTEGER only."""
    kind = BigInteger().with_variant(Integer(), "sqlite")
    return Column(name, kind, primary_key=True, autoincrement=False)


# --- the log and what lies beside it ----------------------------------------------------------

events = Table(
    "events",
    metadata,
    _place("seq"),
    _text("id"),
    _text("type"),
    _int("version"),
    _int("at"),
    _text("actor"),
    _text("cause", null=True),
    _text("dedupe_scope", null=True),
    Column("dedupe_key", LargeBinary, nullable=True),
    _text("data"),
    Index(
        "events_dedupe",
        "dedupe_scope",
        "dedupe_key",
        unique=True,
        sqlite_where=text("dedupe_scope IS NOT NULL"),
        postgresql_where=text("dedupe_scope IS NOT NULL"),
    ),
    # Answers which configuration is in force.
    Index(
        "events_configuration",
        "seq",
        sqlite_where=text("type IN ('queue.configured', 'queue.removed', 'user.configured')"),
        postgresql_where=text("type IN ('queue.configured', 'queue.removed', 'user.configured')"),
    ),
    # An empty key would make all keyless deliveries one: the database refuses it.
    CheckConstraint(
        "dedupe_scope IS NULL OR (dedupe_key IS NOT NULL AND length(dedupe_key) > 0)",
        name="events_dedupe_key",
    ),
)

log_head = Table("log_head", metadata, _int("one", key=True), _int("seq"), _text("epoch"))
positions = Table("positions", metadata, _text("name", key=True), _int("seq"), _int("fence"))
leases = Table(
    "leases", metadata, _text("name", key=True), _text("holder"), _int("fence"), _int("expires_at")
)
# Which node an agent's consoles are on, for as long as that node holds the lease of its name.
consoles = Table("consoles", metadata, _text("agent_id", key=True), _text("node", key=True))
content = Table(
    "content",
    metadata,
    _text("id", key=True),
    _text("kind"),
    _text("media_type"),
    _text("name", null=True),
    _text("meta", null=True),
    _int("size"),
    Column("digest", LargeBinary, nullable=True),
    Column("body", LargeBinary, nullable=True),
    _text("path", null=True),
    _text("owner", null=True),
    _int("created_at"),
    _int("erased_at", null=True),
    Index(
        "content_uploads",
        "created_at",
        sqlite_where=text("kind = 'upload'"),
        postgresql_where=text("kind = 'upload'"),
    ),
)
pending = Table(
    "pending", metadata, _text("message_id", key=True), _text("channel"), _text("account_id"),
    _text("raw_content"), _int("seq"),
)  # fmt: skip
idempotency = Table(
    "idempotency", metadata, _text("key", key=True), _text("result"), _int("created_at"),
    Index("idempotency_created", "created_at"), sqlite_with_rowid=False,
)  # fmt: skip
# `password`: the content that the user's password had; with another password it ends.
sessions = Table(
    "sessions", metadata, _text("hash", key=True), _text("user_id"), _text("password"),
    _text("csrf"), _int("expires_at"),
)  # fmt: skip

# --- configuration ----------------------------------------------------------------------------

hub = Table(
    "hub", metadata, _int("one", key=True), _text("name"), _text("timezone"),
    _text("default_region"), _text("language"),
    Column("presences", Text, nullable=False, server_default=text("'[]'")),
)  # fmt: skip
accounts = Table(
    "accounts", metadata, _text("id", key=True), _text("channel"), _text("name"),
    _text("addresses"), _text("queue_id", null=True), _text("options"),
    _text("secret_content", null=True), _text("managed_by"), _int("removed", zero=True),
    _int("last_out_at", null=True),
    # Of work that is closed; open work tells it itself, so that no message writes here.
    _int("last_in_at", null=True),
)  # fmt: skip
queues = Table(
    "queues", metadata, _text("id", key=True), _text("name"), _int("sla_seconds"),
    _int("offer_seconds"), _int("auto_accept"), _text("managed_by"), _int("removed", zero=True),
)  # fmt: skip
users = Table(
    "users", metadata, _text("id", key=True), _text("login"), _text("name"), _text("role"),
    _text("language"), _text("queue_ids"), _text("capacity"), _int("disabled"),
    _text("managed_by"), _text("hash_content", null=True),
    Index("users_login", "login", unique=True),
)  # fmt: skip
tokens = Table(
    "tokens", metadata, _text("id", key=True), _text("name"), _text("role"), _text("hash"),
    _int("revoked", zero=True), Index("tokens_hash", "hash", unique=True),
)  # fmt: skip

# --- customers --------------------------------------------------------------------------------

# `seq`: of the event that made the customer, who has this place in lists until they write.
customers = Table(
    "customers", metadata, _text("id", key=True), _text("name"), _text("language"),
    _text("company"), _text("tier"), _text("timezone"), _text("tags"), _text("fields"),
    _int("provisional"), _int("created_at"), _int("seq"), Index("customers_seq", "seq"),
)  # fmt: skip
# Name, company and addresses in lower case. Apart and narrow: a word that nobody has is found out
# by reading all of it.
customer_search = Table(
    "customer_search", metadata, _text("customer_id", key=True), _text("text"),
    sqlite_with_rowid=False,
)  # fmt: skip
identities = Table(
    "identities", metadata, _text("id", key=True), _text("kind"), _text("address"),
    _text("name"), _text("standing"), _text("why"), _text("customer_id", null=True),
    _text("previous_customer_id", null=True), _text("link_why", null=True),
    _int("link_version", zero=True), _int("learnt_at"), _int("ended_at", null=True),
    # Ids of the accounts whose messages it doesn't take, with spaces between them, in order.
    Column("opted_out", Text, nullable=False, server_default=text("''")),
    Index(
        "identities_address", "address", "kind", "standing", unique=True,
        sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
    ),
    Index("identities_customer", "customer_id"),
)  # fmt: skip

# --- conversations ----------------------------------------------------------------------------

conversations = Table(
    "conversations", metadata, _text("id", key=True), _text("channel"), _text("account_id"),
    _text("identity_id"), _text("likely_customer_id", null=True), _text("subject"),
    _text("reply_token"), _text("related_to", null=True), _text("interaction_id", null=True),
    _text("queue_id", null=True), _int("opened_at"),
    Index("conversations_identity", "identity_id", "account_id"),
    Index(
        "conversations_likely", "likely_customer_id",
        sqlite_where=text("likely_customer_id IS NOT NULL"),
        postgresql_where=text("likely_customer_id IS NOT NULL"),
    ),
    Index("conversations_token", "reply_token", unique=True),
)  # fmt: skip
threads = Table(
    "threads", metadata, Column("ref", LargeBinary, primary_key=True), _text("conversation_id"),
    _text("message_id"), _text("external_id"),
    Index("threads_conversation", "conversation_id"),
)  # fmt: skip
interactions = Table(
    "interactions", metadata, _text("id", key=True), _text("conversation_id"),
    _text("identity_id"), _text("channel"), _text("account_id"), _text("queue_id", null=True),
    _text("state"), _text("closed_how", null=True), _text("code", null=True), _int("priority"),
    _text("proof"), _text("owner_id", null=True), _text("assignment_id", null=True),
    _text("assignment_state", null=True), _int("opened_at"), _int("enqueued_at", null=True),
    _int("first_enqueued_at", null=True), _int("activated_at", null=True),
    _int("last_customer_at", null=True), _int("last_agent_at", null=True),
    _int("wrap_up_at", null=True), _int("parked_until_at", null=True),
    _text("follow_up_of", null=True),
    _int("closed_at", null=True), _text("preview"), _int("unread", zero=True),
    _int("last_seq", zero=True),
    Index("interactions_identity", "identity_id"),
    Index(
        "interactions_open", "queue_id", "state", sqlite_where=text("state <> 'closed'"),
        postgresql_where=text("state <> 'closed'"),
    ),
    Index(
        "interactions_owner", "owner_id", sqlite_where=text("owner_id IS NOT NULL"),
        postgresql_where=text("owner_id IS NOT NULL"),
    ),
    Index(
        "interactions_abandoned", "closed_at", sqlite_where=text("closed_how = 'abandoned'"),
        postgresql_where=text("closed_how = 'abandoned'"),
    ),
    Index("interactions_opened", "opened_at", "id"),
)  # fmt: skip
offers = Table(
    "offers", metadata, _text("id", key=True), _text("interaction_id"), _text("queue_id"),
    _text("agent_id"), _text("state"), _int("made_at"), _int("expires_at"),
    _int("ended_at", null=True), _text("why"),
    Index("offers_interaction", "interaction_id"),
    Index(
        "offers_answered", "queue_id", "state", "ended_at",
        sqlite_where=text("ended_at IS NOT NULL"), postgresql_where=text("ended_at IS NOT NULL"),
    ),
    Index(
        "offers_pending", "agent_id", sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
)  # fmt: skip
assignments = Table(
    "assignments", metadata, _text("id", key=True), _text("interaction_id"), _text("agent_id"),
    _text("role"), _text("state"), _text("previous_id", null=True), _int("started_at"),
    _int("held_at", null=True), _int("held_ms", zero=True), _int("wrap_up_at", null=True),
    _int("ended_at", null=True), _text("reason", null=True),
    Index(
        "assignments_open", "agent_id", sqlite_where=text("state <> 'done'"),
        postgresql_where=text("state <> 'done'"),
    ),
    Index("assignments_interaction", "interaction_id"),
)  # fmt: skip
# In the order in which they were written, so that a new one changes the last page and a leaf of
# each index: kept together by whose they are, nearly every one of these long rows split a page.
entries = Table(
    "entries", metadata, _place("seq"), _text("identity_id"), _text("id"),
    _text("conversation_id"), _text("interaction_id", null=True), _text("kind"),
    _text("direction"), _text("state"), _int("state_at"), _text("reason", null=True),
    _text("raw_content", null=True), _text("parsed_content", null=True), _int("erased", zero=True),
    _text("body"),
    Index("entries_id", "id", unique=True),
    Index("entries_identity", "identity_id", "seq"),
)  # fmt: skip
attachments = Table(
    "attachments", metadata, _text("content_id", key=True), _text("entry_id"),
    Index("attachments_entry", "entry_id"),
)  # fmt: skip
fetches = Table(
    "fetches", metadata, _text("message_id"), _int("position"), _text("channel"),
    _text("account_id"), _text("url"), _int("attempts", zero=True), _int("next_at"),
    _int("created_at"), PrimaryKeyConstraint("message_id", "position"),
    Index("fetches_due", "next_at"),
)  # fmt: skip
outbox = Table(
    "outbox", metadata, _text("message_id", key=True), _text("channel"), _text("account_id"),
    _text("conversation_id"), _text("identity_id"), _text("content"), _text("author"),
    _text("state"), _int("attempt", zero=True), _int("next_at"), _int("queued_at"),
    _text("in_reply_to", null=True), _text("reference", null=True), _text("retry_of", null=True),
    Index(
        "outbox_open", "next_at", sqlite_where=text("state IN ('queued','sending')"),
        postgresql_where=text("state IN ('queued','sending')"),
    ),
    Index("outbox_reference", "reference"),
    Index(
        "outbox_retries", "retry_of", sqlite_where=text("retry_of IS NOT NULL"),
        postgresql_where=text("retry_of IS NOT NULL"),
    ),
)  # fmt: skip

# --- agents, boards, attention ----------------------------------------------------------------

# `holds`: legs that are not done, of work that isn't parked.
agents = Table(
    "agents", metadata, _text("id", key=True), _text("presence"),
    _text("next_presence", null=True), _int("presence_at"), _int("not_responding", zero=True),
    _text("status"), _int("status_at"), _int("connected", zero=True),
    _int("grace_until_at", null=True), _int("holds", zero=True),
)  # fmt: skip
intervals = Table(
    "intervals", metadata, _text("queue_id"), _int("start_at"), _int("answered", zero=True),
    _int("abandoned", zero=True), _int("offered", zero=True),
    PrimaryKeyConstraint("queue_id", "start_at"),
)  # fmt: skip
# `at`: when it first needed somebody; `tries`: how often it was read again in vain since.
attention = Table(
    "attention", metadata, _text("id", key=True), _text("kind"), _text("state"), _int("at"),
    _text("channel"), _text("account_id"), _text("reason"), _text("message_id", null=True),
    _text("interaction_id", null=True), _text("raw_content", null=True), _int("seq"),
    _int("tried_at", null=True), _int("tries", zero=True),
    Index("attention_state", "state", "seq"),
)  # fmt: skip

# What a rebuild empties and folds again. The log, content, sessions and the like are not here.
PROJECTIONS: tuple[Table, ...] = (
    pending, hub, accounts, queues, users, tokens, customers, customer_search, identities,
    conversations, threads, interactions, offers, assignments, entries, attachments, fetches,
    outbox, agents, intervals, attention,
)  # fmt: skip

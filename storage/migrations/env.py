"""Alembic's entry: runs the migrations on the connection that `storage.schema` hands over."""

from __future__ import annotations

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # All or nothing, and under one lock: between two transactions another process would begin
    # with the same migration.
    transaction_per_migration=False,
    transactional_ddl=True,  # also on SQLite, where storage.engine begins the transaction
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

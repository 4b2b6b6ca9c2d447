"""The schema's history, by Alembic; `storage.schema` runs it."""

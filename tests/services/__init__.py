"""Servers that the tests start for themselves: PostgreSQL, Valkey, Chromium; nothing of ours."""

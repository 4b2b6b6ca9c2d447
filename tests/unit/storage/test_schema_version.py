"""The version that the code names is the one that the migrations end with."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

from storage import schema


def test_newest_is_the_head_of_the_migrations() -> None:
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert scripts.get_heads() == [schema.newest()]

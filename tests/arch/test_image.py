"""The container image has what the services beside it need."""

from __future__ import annotations

import re

from tests.arch.packages import ROOT


def _major(name: str, before: str) -> int:
    found = re.search(rf"{before}(\d+)\b", (ROOT / name).read_text("utf-8"))
    assert found, f"{name} names no version of PostgreSQL"
    return int(found[1])


def test_the_tools_for_backups_are_of_the_servers_version() -> None:
    server = _major("compose.yaml", r"image: postgres:")
    assert _major("Dockerfile", r"postgresql-client-") == server
    assert _major("docs/operations.md", r"those of PostgreSQL ") == server

"""Keys for programs: made, listed without the keys, and ended."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent_console.sessions import hash_of
from config import Settings
from storage.views import SqlViews
from tests.unit.cli.test_cli import _surroundings, call
from triggerhub.database import open_store
from triggerhub.domain.permissions import Actor

__all__ = ["_surroundings"]  # a fixture for every test here


def listed() -> list[Any]:
    result = call("token", "list")
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def made(name: str, role: str = "integration") -> str:
    result = call("token", "create", "--name", name, "--role", role)
    assert result.exit_code == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize("name", ["", "two\nlines", "x" * 101])
def test_what_is_no_name_is_refused(name: str) -> None:
    assert call("init").exit_code == 0
    result = call("token", "create", "--name", name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "can't be a name" in result.stderr
    assert listed() == []


def known(token: str, folder: Path) -> Actor | None:
    async def ask() -> Actor | None:
        store = open_store(Settings(data_dir=folder / "data"))
        try:
            return await SqlViews(store).token(hash_of(token))
        finally:
            await store.stop()

    return asyncio.run(ask())


@pytest.mark.parametrize("command", [["token", "list"], ["token", "revoke"]])
def test_help_teaches(command: list[str]) -> None:
    shown = call(*command, "--help")
    assert shown.exit_code == 0
    assert f"triggerhub {' '.join(command)}" in shown.stdout


@pytest.mark.thorough
def test_a_revoked_token_is_refused_and_stays_listed(tmp_path: Path) -> None:
    assert call("token", "list").exit_code == 1, "before init"
    call("init")
    assert listed() == []
    erp, board = made("erp"), made("board", "supervisor")
    rows = listed()
    assert [(r["name"], r["role"], r["revoked"]) for r in rows] == [
        ("board", "supervisor", False),
        ("erp", "integration", False),
    ]
    assert not {erp, board} & {str(value) for row in rows for value in row.values()}
    assert known(erp, tmp_path) is not None

    revoked = call("token", "revoke", "erp")
    assert revoked.exit_code == 0, revoked.stderr
    assert known(erp, tmp_path) is None
    assert known(board, tmp_path) is not None
    assert [r["revoked"] for r in listed()] == [False, True]
    for gone in ("erp", "nobody", "tok_404"):
        refused = call("token", "revoke", gone)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert gone in refused.stderr


@pytest.mark.thorough
def test_a_token_that_would_see_nothing_is_refused() -> None:
    call("init")
    refused = call("token", "create", "--name", "desk", "--role", "agent")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "has none" in refused.stderr
    assert listed() == []


@pytest.mark.thorough
def test_of_two_with_one_name_the_id_decides(tmp_path: Path) -> None:
    call("init")
    first, second = made("erp"), made("erp")
    ambiguous = call("token", "revoke", "erp")
    assert (ambiguous.exit_code, "by its id" in ambiguous.stderr) == (1, True)
    assert call("token", "revoke", listed()[0]["id"]).exit_code == 0
    assert [known(token, tmp_path) is None for token in (first, second)].count(True) == 1
    # The other is the only one of that name now.
    assert call("token", "revoke", "erp").exit_code == 0
    assert known(first, tmp_path) is known(second, tmp_path) is None

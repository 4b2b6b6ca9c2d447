"""Who is locked out, let in again and given a new password, from the command line."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from storage.views import SqlViews
from tests.unit.cli.test_cli import _surroundings, call
from triggerhub.administration import matches
from triggerhub.database import open_store

__all__ = ["_surroundings"]  # a fixture for every test here

COMMANDS = (
    ["user", "list"], ["user", "disable"], ["user", "enable"], ["user", "password"],
    ["account", "list"], ["account", "remove"], ["queue", "list"], ["queue", "remove"],
)  # fmt: skip
SEED = """
[[queues]]
name = "Support"
[[queues]]
name = "Sale"
[[email.accounts]]
name = "Mailbox"
addresses = ["support@shop.example"]
queue = "Support"
[[users]]
login = "ann"
name = "Ann"
password = "open sesame"
queues = ["Support"]
capacity = { email = 3 }
"""


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(SEED)
    assert call("init", "--config", str(path)).exit_code == 0
    return path


def listed(what: str) -> list[Any]:
    result = call(what, "list")
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def ann() -> Any:
    [row] = [row for row in listed("user") if row["login"] == "ann"]
    return row


@pytest.mark.parametrize(
    "odd",
    [
        ["two words"], [""], ["ann\n"], ["a" * 101], ["ann", "--name", "Ann\tTab"],
        ["ann", "--name", ""], ["ann", "--language", "klingon"],
    ],
)  # fmt: skip
def test_what_the_seed_refuses_a_command_refuses_too(odd: list[str]) -> None:
    assert call("init").exit_code == 0
    refused = call("user", "add", "--name", "Ann", *odd)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert [row["login"] for row in listed("user")] == ["admin"]


class Door:
    """The database as the sign-in sees it."""

    def __init__(self, folder: Path) -> None:
        self._settings = Settings(data_dir=folder / "data")

    def hash(self, login: str) -> str | None:
        async def ask() -> str | None:
            store = open_store(self._settings)
            try:
                found = await SqlViews(store).user_by_login(login)
                return found[1] if found is not None else None
            finally:
                await store.stop()

        return asyncio.run(ask())

    def session(self, login: str | None = None) -> bool:
        """Whether the session is in force; with a login, it is opened first."""

        async def ask() -> bool:
            store = open_store(self._settings)
            await store.start()
            try:
                views, now = SqlViews(store), datetime.now(UTC)
                if login is not None:
                    known = await views.user_by_login(login)
                    assert known is not None
                    await views.put_session("s1", known[0].id, "csrf", now + timedelta(hours=1))
                return await views.session("s1", now) is not None
            finally:
                await store.stop()

        return asyncio.run(ask())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches(command: list[str]) -> None:
    shown = call(*command, "--help")
    assert shown.exit_code == 0
    assert "Examples" in shown.stdout
    assert f"triggerhub {' '.join(command)}" in shown.stdout


@pytest.mark.thorough
def test_who_is_locked_out_stays_so_until_let_in(seed: Path, tmp_path: Path) -> None:
    door = Door(tmp_path)
    assert door.session("ann")
    row = {
        "login": "ann", "name": "Ann", "role": "agent", "queues": ["Support"],
        "capacity": {"email": 3}, "disabled": False, "managed_by": "file",
    }  # fmt: skip
    assert ann() == row
    for said in ("'ann' is locked out.", "'ann' is locked out already."):
        done = call("user", "disable", "Ann")
        assert (done.exit_code, done.stdout.strip()) == (0, said), done.stderr
    assert ann() == row | {"disabled": True}
    assert door.hash("ann") is None
    assert not door.session()
    assert call("init", "--config", str(seed)).exit_code == 0
    assert ann()["disabled"], "the file says nothing of it"
    assert call("user", "enable", "ann").exit_code == 0
    assert ann() == row
    assert door.hash("ann") is not None
    assert not door.session(), "a session from before isn't theirs any more"
    unknown = call("user", "disable", "nobody")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert unknown.stderr == "there is no login 'nobody'\n"


@pytest.mark.thorough
def test_the_seed_may_lock_out_and_let_in(seed: Path, tmp_path: Path) -> None:
    door = Door(tmp_path)
    assert door.session("ann")
    seed.write_text(SEED + "disabled = true\n")
    assert call("init", "--config", str(seed)).exit_code == 0
    assert ann()["disabled"]
    assert not door.session()
    warned = call("user", "enable", "ann", "--config", str(seed))
    assert (warned.exit_code, ann()["disabled"]) == (0, False)
    assert "disabled = true" in warned.stderr
    assert call("user", "disable", "ann", "--config", str(seed)).stderr == ""
    seed.write_text(SEED + "disabled = false\n")
    assert call("init", "--config", str(seed)).exit_code == 0
    assert not ann()["disabled"]


@pytest.mark.thorough
def test_a_new_password_ends_the_sessions(seed: Path, tmp_path: Path) -> None:
    door = Door(tmp_path)
    assert door.session("ann")
    made = call("user", "password", "ann", "--config", str(seed))
    assert made.exit_code == 0
    assert "from the next start on" in made.stderr
    assert matches(door.hash("ann") or "", made.stdout.splitlines()[-1])
    assert not door.session()
    given = call("user", "password", "ann", "--password-stdin", stdin="other words\n")
    assert (given.exit_code, "other words" in given.stdout) == (0, False)
    assert matches(door.hash("ann") or "", "other words")
    assert call("user", "password", "ann", "--password-stdin", stdin="\n").exit_code == 1
    assert call("user", "password", "nobody").exit_code == 1


@pytest.mark.thorough
def test_what_the_file_names_or_work_needs_is_not_removed(seed: Path) -> None:
    file = ("--config", str(seed))
    for command in (["account", "remove", "Mailbox", *file], ["queue", "remove", "Sale", *file]):
        refused = call(*command)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "out of the file first" in refused.stderr
    pointed = call("queue", "remove", "Support")
    assert (pointed.exit_code, "'Mailbox' (email)" in pointed.stderr) == (1, True)
    assert call("queue", "remove", "Nope").exit_code == 1
    assert call("account", "remove", "Mailbox", "--channel", "sms").exit_code == 1

    assert call("account", "remove", "Mailbox").exit_code == 0
    assert listed("account") == []
    assert call("account", "remove", "Mailbox").exit_code == 1
    assert call("queue", "remove", "Support").exit_code == 0
    assert [(row["name"], row["open"]) for row in listed("queue")] == [("Sale", 0)]
    assert ann()["queues"] == []
    last = call("queue", "remove", "Sale")
    assert (last.exit_code, "only queue" in last.stderr) == (1, True)

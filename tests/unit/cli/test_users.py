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
    ["user", "rename"], ["user", "capacity"],
    ["account", "list"], ["account", "remove"],
    ["queue", "list"], ["queue", "remove"], ["queue", "rename"],
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
def test_how_much_a_person_has_at_a_time(seed: Path) -> None:
    file = ("--config", str(seed))
    done = call("user", "capacity", "Ann", "--sms", "2", "--whatsapp", "0")
    assert (done.exit_code, done.stdout) == (
        0,
        "'ann' has at a time: email 3, sms 2, whatsapp 0.\n",
    )
    assert "if it says a capacity" in done.stderr
    assert ann()["capacity"] == {"email": 3, "sms": 2, "whatsapp": 0}
    warned = call("user", "capacity", "ann", "--email", "1", *file)
    assert "declares a capacity for 'ann'" in warned.stderr
    seed.write_text(SEED.replace("capacity = { email = 3 }\n", ""))
    assert call("user", "capacity", "ann", "--email", "2", *file).stderr == ""
    assert call("init", *file).exit_code == 0
    assert ann()["capacity"]["email"] == 2, "the file says nothing of it"
    for wrong in (["ann"], ["ann", "--sms", "101"], ["nobody", "--sms", "1"]):
        refused = call("user", "capacity", *wrong)
        assert refused.exit_code != 0
        assert refused.stderr


@pytest.mark.thorough
def test_a_person_takes_another_login_and_stays_the_same(seed: Path, tmp_path: Path) -> None:
    file, door = ("--config", str(seed)), Door(tmp_path)
    assert door.session("ann")
    hashed, before = door.hash("ann"), ann()
    refused = call("user", "rename", "ann", "--login", "anna", *file)
    assert (refused.exit_code, "'anna' there first" in refused.stderr) == (1, True)
    assert call("user", "add", "bob", "--name", "Bob").exit_code == 0
    assert "taken" in call("user", "rename", "ann", "--login", "Bob").stderr
    for wrong in ("a b", ""):
        assert "can't be a login" in call("user", "rename", "bob", "--login", wrong).stderr
    assert "can't be a name" in call("user", "rename", "bob", "--name", "a\nb").stderr
    assert call("user", "rename", "ann").exit_code == 1

    seed.write_text(SEED.replace('"ann"', '"anna"'))
    done = call("user", "rename", "Ann", "--login", "Anna", "--name", "Anna Example", *file)
    assert done.exit_code == 0, done.stderr
    assert (done.stdout, done.stderr) == ("'Ann' is now 'anna', Anna Example.\n", "")
    assert door.hash("ann") is None
    assert door.hash("anna") == hashed
    assert door.session(), "whoever is signed in stays so"
    assert call("init", *file).exit_code == 0
    people = {row["login"]: row for row in listed("user")}
    assert people.keys() == {"admin", "anna", "bob"}
    assert people["anna"] == before | {"login": "anna"}


@pytest.mark.thorough
def test_a_queue_takes_another_name_and_keeps_what_is_its(seed: Path) -> None:
    file = ("--config", str(seed))
    refused = call("queue", "rename", "Support", "Help", *file)
    assert (refused.exit_code, "'Help' there first" in refused.stderr) == (1, True)
    assert "named 'Sale' already" in call("queue", "rename", "Support", "Sale").stderr
    assert "can't be a name" in call("queue", "rename", "Support", "").stderr
    assert call("queue", "rename", "Nope", "Help").exit_code == 1
    blind = call("queue", "rename", "Sale", "Summer")
    assert (blind.exit_code, "makes another queue" in blind.stderr) == (0, True)
    seed.write_text(SEED.replace('"Support"', '"Help"').replace('"Sale"', '"Summer"'))
    done = call("queue", "rename", "Support", "Help", *file)
    assert (done.exit_code, done.stderr) == (0, "")
    assert call("init", *file).exit_code == 0
    assert [row["name"] for row in listed("queue")] == ["Help", "Summer"]
    assert [row["queue"] for row in listed("account")] == ["Help"]
    assert ann()["queues"] == ["Help"]


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

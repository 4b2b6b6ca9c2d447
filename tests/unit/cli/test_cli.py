"""The commands as a person or a script calls them, in this process."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from config import Settings
from storage.engine import Database
from triggerhub import doctor
from triggerhub.cli import app
from triggerhub.database import open_store
from triggerhub.domain.events import MessageUnparseable

COMMANDS = (
    ["serve"], ["init"], ["user", "add"], ["token", "create"], ["inspect"], ["match"],
    ["customers"], ["doctor"], ["backup"], ["restore"], ["rebuild"], ["replay"],
)  # fmt: skip


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TRIGGERHUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIGGERHUB_HTTP_PORT", "0")
    monkeypatch.setenv("TRIGGERHUB_SMTP_PORT", "0")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def call(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches(command: list[str]) -> None:
    shown = call(*command, "--help")
    assert shown.exit_code == 0
    assert "Examples" in shown.stdout
    assert f"triggerhub {' '.join(command)}" in shown.stdout


def test_wrong_settings_are_said_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGGERHUB_HTP_PORT", "1")
    result = call("serve", "--smtp-port", "-5", "--log-level", "loud", "--port", "-1", "--host", "")
    assert result.exit_code == 2
    assert result.stderr.startswith("5 settings are wrong:")
    assert "Traceback" not in result.stderr
    for typed in ("--smtp-port", "--log-level", "--port", "--host"):
        assert f"command line, {typed}: " in result.stderr, "as it was typed"


def test_no_time_for_a_question_is_refused() -> None:
    result = call("doctor", "--timeout", "0")
    assert result.exit_code == 2
    assert "--timeout" in result.stderr


def test_before_init() -> None:
    result = call("token", "create", "--name", "erp")
    assert result.exit_code == 1
    assert "triggerhub init" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["rebuild", "customers", "replay"])
def test_where_only_the_demo_was_run_its_folder_is_named(tmp_path: Path, command: str) -> None:
    demo = tmp_path / "data" / "demo"
    demo.mkdir(parents=True)
    (demo / "hub.sqlite3").touch()
    result = call(command)
    assert result.exit_code == 1
    assert f"--data-dir {demo}`" in result.stderr
    (demo / "hub.sqlite3").unlink()
    assert "--data-dir" not in call(command).stderr


@pytest.mark.thorough
def test_init_user_token(tmp_path: Path) -> None:
    first = call("init")
    assert first.exit_code == 0, first.stderr
    password = first.stdout.splitlines()[-1]
    assert len(password) >= 16
    again = call("init")
    assert again.exit_code == 0
    assert password not in again.stdout
    assert len(again.stdout.splitlines()) == 1
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0

    token = call("token", "create", "--name", "erp", "--role", "integration")
    assert token.exit_code == 0, token.stderr
    assert token.stdout.splitlines() == [token.stdout.strip()]
    assert token.stdout.startswith("thub_")
    assert call("token", "create", "--name", "x", "--role", "boss").exit_code == 1

    added = call("user", "add", "ann", "--name", "Ann", "--password-stdin", stdin="sesame\n")
    assert added.exit_code == 0, added.stderr
    assert "sesame" not in added.stdout
    twice = call("user", "add", "ann", "--name", "Ann")
    assert (twice.exit_code, "is taken" in twice.stderr) == (1, True)
    assert call("user", "add", "bo", "--name", "Bo", "--queue", "Nope").exit_code == 1
    assert call("user", "add", "bo", "--name", "Bo", "--password-stdin", stdin="\n").exit_code == 1
    assert call("customers", "+1 202 555 0100").stdout == ""

    found = doctor.examine(Settings(data_dir=tmp_path / "data", http_port=0, smtp_port=0))
    assert not doctor.broken(found), found
    past = datetime.now(UTC) - timedelta(days=3)
    clock = [f for f in doctor.examine(Settings(data_dir=tmp_path / "data"), now=past)
             if f.check == "clock"]  # fmt: skip
    assert clock[0].state == "broken"
    (tmp_path / "data" / "master.key").unlink()
    lost = call("doctor", "--json")
    assert lost.exit_code == 1
    assert not json.loads(lost.stdout)["ok"]


@pytest.mark.thorough
def test_the_seed_is_applied_once(tmp_path: Path) -> None:
    seed = tmp_path / "hub.toml"
    seed.write_text(
        """
[[queues]]
name = "Support"
[[email.accounts]]
name = "Mailbox"
addresses = ["support@shop.example"]
queue = "Support"
[[users]]
login = "ann"
name = "Ann"
role = "admin"
password = "open sesame"
"""
    )
    first = call("init", "--config", str(seed))
    assert first.exit_code == 0, first.stderr
    # There is an administrator already, so none is made.
    assert len(first.stdout.splitlines()) == 1
    assert call("init", "--config", str(seed)).exit_code == 0
    shown = call("doctor", "--json", "--config", str(seed))
    found = {f["check"]: f["text"] for f in json.loads(shown.stdout)["findings"]}
    assert "shop.example" in found["DNS"]


@pytest.mark.thorough
def test_an_administrator_is_made_beside_seeded_agents(tmp_path: Path) -> None:
    seed = tmp_path / "hub.toml"
    seed.write_text('[[users]]\nlogin = "ann"\nname = "Ann"\npassword = "open sesame"\n')
    taken = call("init", "--config", str(seed), "--admin", "ann")
    assert (taken.exit_code, "'ann' is taken" in taken.stderr) == (1, True)
    first = call("init", "--config", str(seed))
    assert first.exit_code == 0, first.stderr
    assert "'admin'" in first.stdout
    assert len(first.stdout.splitlines()[-1]) >= 16
    assert len(call("init", "--config", str(seed)).stdout.splitlines()) == 1


def epoch(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "hub.sqlite3")) as database:
        return str(database.execute("SELECT epoch FROM log_head").fetchone()[0])


@pytest.mark.thorough
def test_backup_and_restore(tmp_path: Path) -> None:
    assert call("init").exit_code == 0
    large = tmp_path / "data" / "content" / "ab" / "raw_1ab"
    large.parent.mkdir(parents=True)
    large.write_bytes(b"x" * 70_000)
    copy, other = tmp_path / "copy", tmp_path / "other"
    done = call("backup", str(copy))
    assert done.exit_code == 0, done.stderr
    assert copy.stat().st_mode & 0o077 == 0
    assert call("backup", str(copy)).exit_code == 1
    assert "is a database" in call("restore", str(copy)).stderr
    back = call("restore", str(copy), "--data-dir", str(other))
    assert back.exit_code == 0, back.stderr
    assert (other / "content" / "ab" / "raw_1ab").read_bytes() == large.read_bytes()
    assert (other / "master.key").read_bytes() == (tmp_path / "data/master.key").read_bytes()
    assert epoch(other) != epoch(tmp_path / "data"), "consoles of the lost log start anew"
    assert (other / "hub.sqlite3").stat().st_mode & 0o077 == 0
    # Somebody can sign in there already: the log came along, and its keys fit.
    again = call("init", "--data-dir", str(other))
    assert (again.exit_code, len(again.stdout.splitlines())) == (0, 1)
    assert "not a backup" in call("restore", str(tmp_path), "--data-dir", str(other)).stderr
    assert not list(tmp_path.glob(".copy*"))


def test_a_damaged_database_is_said_in_a_line(tmp_path: Path) -> None:
    assert call("init").exit_code == 0
    copy, other = tmp_path / "copy", tmp_path / "other"
    assert call("backup", str(copy)).exit_code == 0
    with (copy / "hub.sqlite3").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 20)
    refused = call("restore", str(copy), "--data-dir", str(other))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "is damaged" in refused.stderr
    assert not list(other.glob("*.sqlite3*"))
    assert not list(other.glob(".*arriving"))
    (copy / "hub.sqlite3").rename(other / "hub.sqlite3")
    checked = call("rebuild", "--check", "--data-dir", str(other))
    assert (checked.exit_code, type(checked.exception)) == (1, SystemExit)
    assert "malformed" in checked.stderr
    again = call("backup", str(tmp_path / "again"), "--data-dir", str(other))
    assert (again.exit_code, "is damaged" in again.stderr) == (1, True)
    (other / "hub.sqlite3").write_text("no database at all, but as long as the head of one" * 80)
    none = call("backup", str(tmp_path / "again"), "--data-dir", str(other))
    assert (none.exit_code, "not a database" in none.stderr) == (1, True), none.stderr
    assert not list(tmp_path.glob("*again*"))


@pytest.mark.thorough
def test_rebuild_finds_everything_as_it_was(tmp_path: Path) -> None:
    assert "triggerhub init" in call("rebuild").stderr
    assert call("init").exit_code == 0
    done = call("rebuild", "--check")
    assert done.exit_code == 0, done.stderr
    assert "users: 1\n" in done.stdout
    assert done.stdout.endswith("everything is as the log says.\n")
    with closing(sqlite3.connect(tmp_path / "data" / "hub.sqlite3")) as database:
        database.execute("UPDATE users SET name = 'Mallory'")
        database.commit()
    wrong = call("rebuild", "--check")
    assert wrong.exit_code == 1
    assert "users: 1 missing, 1 too many" in wrong.stdout
    assert "Mallory" not in wrong.stdout
    assert "replaced" in call("rebuild").stdout
    assert call("rebuild", "--check").exit_code == 0


@pytest.mark.thorough
def test_replay(tmp_path: Path) -> None:
    assert call("init").exit_code == 0
    store = open_store(Settings(data_dir=tmp_path / "data"))
    unread = MessageUnparseable(
        message_id="msg_1", channel="email", account_id="acc_1", raw_content="raw_1",
        attention_id="at_1", reason="too deep",
    )  # fmt: skip

    async def append() -> None:
        await store.start()
        await store.run(lambda work: work.append(unread, actor="test"))
        await store.stop()

    asyncio.run(append())
    listed = call("replay")
    assert listed.exit_code == 0, listed.stderr
    assert json.loads(listed.stdout)["id"] == "at_1"
    asked = call("replay", "at_1", "--wait", "0")
    assert asked.exit_code == 0, asked.stderr
    assert json.loads(asked.stdout).items() >= {"id": "at_1", "outcome": "waiting"}.items()
    assert call("replay").stdout == ""
    twice = call("replay", "at_1")
    assert (twice.exit_code, json.loads(twice.stdout)["outcome"]) == (1, "refused")
    assert "dealt with" in twice.stdout


def test_backup_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no database" in call("backup", str(tmp_path / "copy")).stderr
    monkeypatch.setenv("TRIGGERHUB_DATABASE_URL", "postgresql://db.example/hub")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "there is no pg_dump" in call("backup", str(tmp_path / "copy")).stderr
    assert not (tmp_path / "copy").exists()


@pytest.mark.thorough
def test_inspect_needs_nothing(tmp_path: Path) -> None:
    mail = tmp_path / "m.eml"
    mail.write_bytes(b"From: ann@shop.example\r\nSubject: hi\r\n\r\nhello\r\n")
    done = subprocess.run(
        [sys.executable, "-c", "from triggerhub.cli import main; main()", "inspect",
         str(mail), "missing.eml", "--channel", "email"],
        capture_output=True, check=False, timeout=60,
        env={"PATH": "", "TRIGGERHUB_HTTP_PORT": "no number", "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["ok"], first["subject"], second["ok"]) == (True, "hi", False)
    assert call("inspect", str(mail), "--channel", "fax").exit_code == 2
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from triggerhub.cli import main; main()", "inspect", str(mail)],
            stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr


def test_the_command_line_is_light() -> None:
    """Help and inspect pay for nothing that they don't use."""
    heavy = "{'sqlalchemy', 'aiohttp', 'pydantic', 'structlog', 'config'}"
    code = f"import sys, triggerhub.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, timeout=60, text=True
    )
    assert done.stdout.strip() == "[]"


def test_commands_on_what_is_stored_load_no_hub() -> None:
    """A script that asks for a hundred customers waits for a hundred starts."""
    others = "{'aiohttp', 'agent_console', 'channels', 'router'}"
    code = f"import sys, triggerhub.database; print(sorted({others} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, timeout=60, text=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [["init"], ["serve"], ["serve", "--demo"], ["doctor"]])
@pytest.mark.parametrize("where", ["a file", "below a file", "no place for folders"])
def test_a_data_folder_that_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], where: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    places = {"a file": file, "below a file": file / "data", "no place for folders": "/proc/x"}
    monkeypatch.setenv("TRIGGERHUB_DATA_DIR", str(places[where]))
    said = call(*command)
    assert said.exit_code == 1
    assert isinstance(said.exception, SystemExit), said.exception
    assert str(places[where]) in said.output
    assert "--data-dir" in said.output or (command, where) == (["doctor"], "no place for folders")
    assert "Errno" not in said.output


@pytest.mark.thorough
def test_a_database_of_a_newer_release(tmp_path: Path) -> None:
    call("init")
    path = Database(Settings(data_dir=tmp_path / "data").database).path
    assert path is not None
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for command in (["init"], ["rebuild"], ["token", "create", "--name", "erp"], ["serve"]):
        refused = call(*command)
        assert refused.exit_code == 1, command
        assert "made by a newer release" in refused.stderr, command
        assert "triggerhub init" not in refused.stderr, command

"""Defaults < file < environment < flags, and every fault at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from config import Settings, SettingsError, SettingsFault, load
from config.seed import COMMON_PRESENCES
from triggerhub.domain.model.agent import PRESENCES

GOOD = """
http_port = 9000
smtp_port = 9001
relay_url = "smtp://hub:pass-word@relay.example:587"

[hub]
name = "Kettle & Co"
timezone = "Europe/Berlin"
default_region = "DE"
language = "zh"
presences = [" Coaching ", "外出"]

[[queues]]
name = "Support"
offer_seconds = 20

[[email.accounts]]
name = "Mailbox"
addresses = ["support@kettle.example", "hilfe@kettle.example"]
queue = "Support"

[[sms.accounts]]
name = "Number"
numbers = ["+12025550100"]
account_sid = "AC0123456789abcdef0123456789abcdef"
auth_token = "twelve-and-one"
queue = "Support"

[[users]]
login = "ann"
name = "Ann"
role = "supervisor"
password = "open sesame"
queues = ["Support"]
"""
Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA_DIR", "HTTP_PORT", "DATABASE_URL"):
        monkeypatch.delenv(f"TRIGGERHUB_{name}", raising=False)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "hub.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def faults(path: Path | None = None, **flags: object) -> tuple[SettingsFault, ...]:
    with pytest.raises(SettingsError) as caught:
        load(path, flags)
    assert str(caught.value).count("\n") == len(caught.value.faults)
    return caught.value.faults


def the_one(path: Path | None = None, **flags: object) -> SettingsFault:
    found = faults(path, **flags)
    assert len(found) == 1, found
    return found[0]


def test_nothing_given() -> None:
    settings = load()
    assert settings == Settings()
    assert (settings.http_port, settings.smtp_port) == (8080, 8025)
    assert settings.base_url == "http://localhost:8080"
    assert settings.mail_name == "localhost"
    assert settings.database == f"sqlite:///{Path('data/hub.sqlite3').absolute()}"


def test_each_layer_covers_the_one_below(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(GOOD)
    assert load(path).http_port == 9000
    monkeypatch.setenv("TRIGGERHUB_CONFIG", str(path))
    assert load().http_port == 9000
    monkeypatch.setenv("TRIGGERHUB_HTTP_PORT", "9100")
    assert load().http_port == 9100
    assert load(flags={"http_port": 9200, "smtp_port": None}).http_port == 9200
    assert load().smtp_port == 9001


def test_the_seed(write: Write) -> None:
    seed = load(write(GOOD)).seed
    assert seed.hub is not None
    assert (seed.hub.name, seed.hub.language) == ("Kettle & Co", "zh-CN")
    assert seed.hub.presences == ("Coaching", "外出")
    assert seed.queues[0].offer_seconds == 20
    assert seed.email.accounts[0].addresses == ("support@kettle.example", "hilfe@kettle.example")
    assert seed.sms.accounts[0].auth_token == SecretStr("twelve-and-one")
    assert seed.users[0].queues == ("Support",)
    assert seed.users[0].language == "en"


def test_a_persons_capacity_and_whether_they_are_locked_out(write: Write) -> None:
    [ann] = load(write(GOOD)).seed.users
    assert (ann.capacity, ann.disabled) == (None, None)
    [ann] = load(write(GOOD + "capacity = { sms = 3, email = 0 }\ndisabled = true\n")).seed.users
    assert ann.capacity is not None
    assert ann.capacity.by_channel() == {"email": 0, "sms": 3}
    assert ann.disabled
    for wrong, key, words in (
        ("capacity = { fax = 1 }", "capacity.fax", "one of email, sms, whatsapp"),
        ("capacity = { sms = -1 }", "capacity.sms", "0 to 100"),
        ("capacity = 3", "capacity", "{ sms = 3 }"),
        ("disabled = 3", "disabled", "true or false"),
    ):
        fault = the_one(write(GOOD + wrong + "\n"))
        assert (fault.section, fault.key) == ("[[users]] 1 (ann)", key)
        assert words in str(fault)


def test_secrets_show_nowhere(write: Write) -> None:
    settings = load(write(GOOD))
    shown = repr(settings) + str(settings) + str(settings.model_dump())
    for secret in ("pass-word", "twelve-and-one", "open sesame"):
        assert secret not in shown


def test_lists_and_empty_values_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGGERHUB_TRUSTED_PEERS", "10.0.0.0/8, 127.0.0.1")
    monkeypatch.setenv("TRIGGERHUB_RELAY_URL", "")
    settings = load()
    assert settings.trusted_peers == ("10.0.0.0/8", "127.0.0.1/32")
    assert settings.relay_url is None


def test_the_environment_holds_no_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGGERHUB_SEED", "{not even json")
    fault = the_one()
    assert (fault.section, fault.key) == ("environment", "TRIGGERHUB_SEED")


def test_an_unknown_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGGERHUB_HTP_PORT", "80")
    fault = the_one()
    assert fault.key == "TRIGGERHUB_HTP_PORT"
    assert fault.right == "Did you mean HTTP_PORT?"


def test_every_fault_at_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGGERHUB_MASTER_KEY", "short-secret")
    monkeypatch.setenv("TRIGGERHUB_DATABASE_URL", "mysql://root:hunter2@db/hub")
    path = write(
        """
http_prot = 80
tls_key = "key.pem"
[hub]
nam = "x"
timezone = "Mars/One"
[[queues]]
name = "Support"
offer_seconds = 1
[[email.acounts]]
name = "x"
[[email.accounts]]
name = "Mailbox"
addresses = ["support", "a@b.example", "a+b@b.example", "aaaaaaaaaaaaaaaaaaaaaa@b.example"]
sender_name = "a\\nb"
forms = ["Web+Form@b.example", "form"]
[[sms.accounts]]
name = "Main"
numbers = ["+1 (202) 555-0100", "+12025550100", "12"]
account_sid = "AC1"
queue = "Suport"
smtp_port = 25
[[users]]
login = "ann"
name = "Ann"
role = "boss"
password = "open sesame"
password_hash = "rot13"
"""
    )
    found = faults(path, smtp_port=99999)
    said = {(f.section, f.key): f for f in found}
    assert set(said) == {
        ("settings", "http_prot"),
        ("hub.toml", "tls_key"),
        ("[hub]", "nam"),
        ("[hub]", "timezone"),
        ("[[queues]] 1 (Support)", "offer_seconds"),
        ("[email.acounts]", ""),
        ("[[email.accounts]] 1 (Mailbox)", "addresses[1]"),
        ("[[email.accounts]] 1 (Mailbox)", "addresses[3]"),
        ("[[email.accounts]] 1 (Mailbox)", "addresses[4]"),
        ("[[email.accounts]] 1 (Mailbox)", "sender_name"),
        ("[[email.accounts]] 1 (Mailbox)", "forms[2]"),
        ("[[sms.accounts]] 1 (Main)", "numbers[1]"),
        ("[[sms.accounts]] 1 (Main)", "numbers[3]"),
        ("[[sms.accounts]] 1 (Main)", "account_sid"),
        ("[[sms.accounts]] 1 (Main)", "auth_token"),
        ("[[sms.accounts]] 1 (Main)", "queue"),
        ("[[sms.accounts]] 1 (Main)", "smtp_port"),
        ("[[users]] 1 (ann)", "role"),
        ("[[users]] 1 (ann)", "password"),
        ("[[users]] 1 (ann)", "password_hash"),
        ("environment", "TRIGGERHUB_MASTER_KEY"),
        ("environment", "TRIGGERHUB_DATABASE_URL"),
        ("command line", "--smtp-port"),
    }
    assert all(f.wrong and f.right for f in found)
    assert said["settings", "http_prot"].right == "Did you mean http_port?"
    assert said["[[sms.accounts]] 1 (Main)", "queue"].right == "Did you mean Support?"
    assert "leave out the + part" in said["[[email.accounts]] 1 (Mailbox)", "addresses[3]"].wrong
    assert "at most 21" in said["[[email.accounts]] 1 (Mailbox)", "addresses[4]"].wrong
    assert "above the first" in said["[[sms.accounts]] 1 (Main)", "smtp_port"].right
    text = "\n".join(map(str, found))
    for secret in ("hunter2", "short-secret", "open sesame", "rot13"):
        assert secret not in text


def test_what_no_mailbox_of_ours_can_be_is_told_with_the_rest(write: Write) -> None:
    with pytest.raises(SettingsError) as refused:
        load(
            write(
                "http_port = 'x'\n"
                "[[email.accounts]]\nname = 'A'\n"
                "addresses = ['support@-x.example', 'ok@x.example']\n"
                "[[email.accounts]]\nname = 'B'\n"
                "addresses = ['b@bücher.example', 'B@BÜCHER.example']\n"
            )
        )
    said = {(fault.section, fault.key): fault.wrong for fault in refused.value.faults}
    assert said.keys() == {
        ("hub.toml", "http_port"),
        ("[[email.accounts]] 1 (A)", "addresses[1]"),
        ("[[email.accounts]] 2 (B)", "addresses"),
    }
    assert "write a domain" in said["[[email.accounts]] 1 (A)", "addresses[1]"]
    assert "twice" in said["[[email.accounts]] 2 (B)", "addresses"]


SMS = f"name = 'x'\nauth_token = 'x'\naccount_sid = 'AC{0:032}'\n"


def test_a_short_code_is_a_number_too(write: Write) -> None:
    loaded = load(write(f"[[sms.accounts]]\n{SMS}numbers = ['12345']"))
    assert loaded.seed.sms.accounts[0].numbers == ("12345",)


@pytest.mark.parametrize(
    ("text", "place", "wrong"),
    [
        ("http_port = ", "hub.toml", "not TOML"),
        ('config = "other.toml"', "settings", "no such setting"),
        ("http_port = 80.5", "hub.toml, http_port", "not a whole number"),
        ("http_port = -1", "hub.toml, http_port", "too small"),
        ('public_url = "hub.example"', "hub.toml, public_url", "scheme"),
        ('public_url = "https://hub.example/?a=1"', "hub.toml, public_url", "query"),
        ('relay_url = "smtp://relay.example:port"', "hub.toml, relay_url", "ort"),
        ('log_level = "loud"', "hub.toml, log_level", "no such choice"),
        ("queues = 3", "settings, queues", "not a list"),
        ("[queues]\nname = 'Support'", "[queues]", "Right would be: [[queues]] in two brackets"),
        ("[sms.accounts]\nname = 'x'", "[sms.accounts]", "[[sms.accounts]] in two brackets"),
        (f"[[sms.accounts]]\n{SMS}numbers = ['12']", "numbers", "or short codes"),
        ("hub = 3", "settings, hub", "not a section"),
        ("[email]\naccounts = 3", "[email], accounts", "not a list"),
        ("[[queues]]\nname = 7", "[[queues]] 1, name", "not text"),
        ("[[queues]]\nname = ''", "[[queues]] 1, name", "empty"),
        ("[[queue]]\nname = 'x'", "[queue]", "no such section"),
        ("[hub]\npresences = ['Available']", "[hub], presences[1]: 'Available'", "has it already"),
        ('[hub]\npresences = ["Coaching", "a\\nb"]', "[hub], presences[2]", "another form"),
        (f"[hub]\npresences = ['{41 * 'a'}']", "[hub], presences[1]", "too long"),
        ("[hub]\npresences = [' ']", "[hub], presences[1]", "it is empty"),
    ],
)
def test_single_faults(write: Write, text: str, place: str, wrong: str) -> None:
    said = str(the_one(write(text)))
    assert place in said
    assert wrong in said
    assert "pydantic" not in said


def test_what_every_company_can_be_is_known_here_too() -> None:
    assert COMMON_PRESENCES == PRESENCES


def test_doubles(write: Write) -> None:
    path = write(GOOD + "\n[[queues]]\nname = 'support'\n" + GOOD[GOOD.index("[[users]]") :])
    assert [(f.section, f.key) for f in faults(path)] == [
        ("[[queues]] 2 (support)", "name"),
        ("[[users]] 2 (ann)", "login"),
    ]


def test_a_queue_without_a_name_is_not_proposed(write: Write) -> None:
    path = write(
        "[[queues]]\nname = ''\n[[queues]]\nname = 'A'\n" + GOOD[GOOD.index("[[users]]") :]
    )
    assert {f.key: f.right for f in faults(path)}["queues"] == "one of A"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "no such file" in the_one(tmp_path / "missing.toml").wrong
    assert the_one(tmp_path).wrong == "is a directory"
    (tmp_path / "latin.toml").write_bytes(b"a = '\xe9'")
    assert "UTF-8" in the_one(tmp_path / "latin.toml").wrong


def test_constructing_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGGERHUB_HTTP_PORT", "9100")
    assert Settings().http_port == 8080

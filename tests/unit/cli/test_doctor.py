"""Each check finds what it is for, and says how to mend it."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from channels.email.receive_key import delivery_key
from config import Seed, Settings
from config.seed import EmailAccountSeed, EmailSeed
from triggerhub import doctor
from triggerhub.database import migrate, open_store
from triggerhub.doctor import Finding, database, domains, machine, network, nodes
from triggerhub.domain.model.message import Arrival

NOW = datetime(2030, 1, 5, 9, tzinfo=UTC)


def only(findings: Iterator[Finding]) -> Finding:
    (found,) = findings
    return found


@contextmanager
def listener(
    greeting: bytes, replies: Mapping[bytes, bytes] = MappingProxyType({})
) -> Iterator[int]:
    """Somebody on a port of 127.0.0.1 who says one thing to each caller, then only the `replies`
    to lines that begin so."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer, peer.makefile("rb") as lines:
                    peer.sendall(greeting)
                    for line in lines if replies else ():
                        peer.sendall(replies.get(line[:4], b"250 ok\r\n"))

        threading.Thread(target=greet, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


# --- ports ------------------------------------------------------------------------------------


def test_a_free_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    found = only(network.port("HTTP port", "127.0.0.1", number, "http_port", b"GET /healthz "))
    assert found.state == "good"
    assert only(network.port("HTTP port", "127.0.0.1", 0, "http_port", b"")).state == "skipped"


@pytest.mark.parametrize(
    ("greeting", "asks", "state"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"GET /healthz ", "good"),
        (b"220 hub.example ESMTP\r\n", b"", "good"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", b"GET /healthz ", "broken"),
        (b"SSH-2.0-kettle\r\n", b"", "broken"),
        (b"220 ftp.example ready\r\n", b"", "broken"),
    ],
)
def test_a_port_in_use(greeting: bytes, asks: bytes, state: str) -> None:
    with listener(greeting) as number:
        found = only(network.port("port", "127.0.0.1", number, "http_port", asks))
    assert found.state == state
    assert bool(found.mend) == (state == "broken")


def test_an_address_of_another_machine() -> None:
    found = only(network.port("HTTP port", "192.0.2.1", 8999, "http_port", b"GET / "))
    assert (found.state, "can't be opened" in found.text) == ("broken", True)


# --- folders and disk -------------------------------------------------------------------------


def test_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings = Settings(data_dir=folder)
    assert only(machine.folders(settings)).mend == "triggerhub init"
    folder.mkdir(mode=0o700)
    assert only(machine.folders(settings)).state == "good"
    folder.chmod(0o755)
    assert only(machine.folders(settings)).mend == f"chmod 700 {folder}"
    folder.chmod(0o700)
    key = folder / "master.key"
    key.write_text("secret")
    key.chmod(0o640)
    assert [f.state for f in machine.folders(settings)] == ["good", "broken"]
    key.chmod(0o600)
    assert [f.state for f in machine.folders(settings)] == ["good", "good"]


def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"good": 50, "warning": 0.9, "broken": 0.1}
    for state, free in sizes.items():
        usage = type("Usage", (), {"free": int(free * 1024**3), "total": 60 * 1024**3})
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        assert only(machine.disk(tmp_path / "not" / "yet")).state == state


# --- certificate ------------------------------------------------------------------------------


def certificate(folder: Path, until: datetime) -> Settings:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(until - timedelta(days=90))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return Settings(tls_certificate=folder / "cert.pem", tls_key=folder / "key.pem")


@pytest.mark.parametrize(
    ("days", "state"), [(60, "good"), (5, "warning"), (-1, "broken"), (200, "broken")]
)
def test_certificates_end(tmp_path: Path, days: int, state: str) -> None:
    settings = certificate(tmp_path, NOW + timedelta(days=days))
    assert only(network.certificate(settings, NOW)).state == state


def test_certificates_that_cannot_be_used(tmp_path: Path) -> None:
    settings = certificate(tmp_path, NOW + timedelta(days=60))
    kept = (tmp_path / "key.pem").read_bytes()
    certificate(tmp_path, NOW + timedelta(days=60))
    (tmp_path / "key.pem").write_bytes(kept)
    assert (
        next(network.certificate(settings, NOW)).text == "certificate and key don't belong together"
    )
    (tmp_path / "cert.pem").write_text("no certificate")
    assert only(network.certificate(settings, NOW)).state == "broken"
    assert only(network.certificate(Settings(), NOW)).state == "skipped"


# --- DNS --------------------------------------------------------------------------------------


class FakeResolver:
    def __init__(self, zone: dict[str, list[str]]) -> None:
        self.zone = zone
        self.timeouts: set[float] = set()

    def __call__(self, name: str, timeout: float) -> Sequence[str] | None:
        self.timeouts.add(timeout)
        if name == "slow.org":
            raise OSError("LifetimeTimeout")
        return self.zone.get(name)


@pytest.mark.parametrize(
    ("domain", "states"),
    [
        ("good.org", [("SPF", "good"), ("DKIM", "good")]),
        ("bare.org", [("SPF", "warning"), ("DKIM", "warning")]),
        ("double.org", [("SPF", "broken"), ("DKIM", "warning")]),
        ("slow.org", [("DNS", "warning")]),
        ("shop.example", [("DNS", "skipped")]),
        ("mail.example.org", [("DNS", "skipped")]),
        ("goodexample.com", [("SPF", "warning"), ("DKIM", "warning")]),  # somebody's own
    ],
)
def test_names_of_sending_domains(domain: str, states: list[tuple[str, str]]) -> None:
    resolver = FakeResolver(
        {
            "good.org": ["google-site-verification=x", "v=spf1 mx -all"],
            "_domainkey.good.org": [],
            "bare.org": [],
            "double.org": ["v=spf1 mx -all", "V=SPF1 a -all"],
        }
    )
    found = list(domains.names([domain], resolver, 0.5))
    assert [(f.check, f.state) for f in found] == states
    assert all(f.mend for f in found if f.state in ("warning", "broken"))
    assert resolver.timeouts <= {0.5}


# --- the whole --------------------------------------------------------------------------------


def test_a_foreign_package_of_our_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    owners = {"config": ["config", "triggerhub"], "router": ["triggerhub"], "other": ["x"]}
    monkeypatch.setattr(importlib.metadata, "packages_distributions", lambda: owners)
    found = only(machine.packages())
    assert found.state == "broken"
    assert found.mend.startswith("pip uninstall config")


def test_nobody_owns_our_names_here() -> None:
    assert only(machine.packages()).state == "good"


def test_before_init_nothing_is_written(tmp_path: Path) -> None:
    mailbox = EmailAccountSeed(name="Mailbox", addresses=("support@shop.example",))
    settings = Settings(
        data_dir=tmp_path / "data",
        http_port=0,
        smtp_port=0,
        seed=Seed(email=EmailSeed(accounts=(mailbox,))),
    )
    found = doctor.examine(settings, now=NOW, resolver=FakeResolver({}))
    assert not doctor.broken(found)
    assert not (tmp_path / "data").exists()
    assert {f.check for f in found} >= {"schema", "data folder", "disk", "DNS", "outgoing mail"}
    body = json.loads(doctor.as_json(found))
    assert body["ok"] is True
    assert set(body["findings"][0]) == {"check", "state", "text", "mend"}


def test_a_database_that_cannot_be_reached() -> None:
    settings = Settings(database_url="postgresql://hub:s3cret@127.0.0.1:1/hub")
    found = only(database.database(settings, NOW, set()))
    assert found.state == "broken"
    assert "s3cret" not in found.text


# --- what is beside the database --------------------------------------------------------------


async def _taken_in(settings: Settings, *arrivals: Arrival) -> None:
    await asyncio.to_thread(migrate, settings)
    store = open_store(settings)
    await store.start()
    try:
        for arrival in arrivals:
            await store.accept(arrival)
    finally:
        await store.stop()


def _arrival(channel: str, raw: bytes, key: str, **envelope: str) -> Arrival:
    return Arrival(
        kind="message",
        channel=channel,
        account_id="ac_1",
        external_id=key,
        raw=raw,
        media_type="message/rfc822",
        envelope=envelope,
    )


MAIL = b"From: a@shop.example\r\nMessage-ID: <1@shop.example>\r\n\r\nWords\r\n"


@pytest.mark.parametrize(
    "arrival",
    [
        _arrival("sms", b"Body=Words", "SM1"),
        # What a mail is called in its envelope isn't what the log's key was made of.
        _arrival("email", MAIL, delivery_key(MAIL), external_id="1@shop.example"),
    ],
    ids=lambda arrival: arrival.channel,
)
async def test_a_master_key_of_another_hub(tmp_path: Path, arrival: Arrival) -> None:
    settings = Settings(data_dir=tmp_path, master_key=SecretStr("the key of this very hub"))
    await _taken_in(settings, arrival)
    found = await asyncio.to_thread(lambda: list(database.database(settings, NOW, set())))
    assert [f.state for f in found if f.check == "master key"] == ["good"]
    other = settings.model_copy(update={"master_key": SecretStr("the key of another hub")})
    found = await asyncio.to_thread(lambda: list(database.database(other, NOW, set())))
    [key] = [f for f in found if f.check == "master key"]
    assert (key.state, "TRIGGERHUB_MASTER_KEY" in key.mend) == ("broken", True)


async def test_large_content_that_another_node_has(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "one", master_key=SecretStr("the key of this very hub"))
    await _taken_in(settings, _arrival("email", MAIL + b"x" * 70_000, "1#x"))
    url = f"sqlite:///{(tmp_path / 'one' / 'hub.sqlite3').absolute()}"
    other = settings.model_copy(
        update={"data_dir": tmp_path / "two", "database_url": SecretStr(url)}
    )

    def states(of: Settings) -> list[str]:
        return [f.state for f in database.database(of, NOW, set()) if f.check == "large content"]

    assert await asyncio.to_thread(states, settings) == ["good"]
    assert await asyncio.to_thread(states, other) == ["broken"]


@pytest.mark.parametrize(
    ("greeting", "state"),
    [(b"+PONG\r\n", "good"), (b"-NOAUTH who?\r\n", "good"), (b"HTTP/1.1 400\r\n", "warning")],
)
def test_redis(greeting: bytes, state: str) -> None:
    assert list(nodes.redis(Settings(), 1.0)) == []
    with listener(greeting) as number:
        url = SecretStr(f"redis://hub:s3cret@127.0.0.1:{number}/0")
        found = only(nodes.redis(Settings(redis_url=url), 1.0))
    assert (found.state, bool(found.mend)) == (state, state != "good")
    gone = only(nodes.redis(Settings(redis_url=url), 1.0))
    assert gone.state == "warning"
    assert "s3cret" not in gone.text + found.text


@pytest.mark.parametrize(
    ("greeting", "state"), [(b"220 relay.example ESMTP\r\n", "good"), (b"hello\r\n", "broken")]
)
def test_the_relay(greeting: bytes, state: str) -> None:
    assert only(network.relay(Settings(), 1.0)).state == "warning"
    with listener(greeting, {b"EHLO": b"250 relay.example\r\n"}) as number:
        url = SecretStr(f"smtp://127.0.0.1:{number}")
        assert only(network.relay(Settings(relay_url=url), 1.0)).state == state
    assert only(network.relay(Settings(relay_url=url), 1.0)).state == "broken"


def test_a_relay_that_does_not_know_our_password_is_found_before_the_first_mail() -> None:
    replies = {b"EHLO": b"250-relay.example\r\n250 AUTH PLAIN\r\n"}
    found = {}
    for said in (b"235 welcome\r\n", b"535 who are you?\r\n"):
        with listener(b"220 relay.example ESMTP\r\n", replies | {b"AUTH": said}) as number:
            url = SecretStr(f"smtp://hub:s3cret@127.0.0.1:{number}")
            found[said[:3]] = only(network.relay(Settings(relay_url=url), 1.0))
    assert found[b"235"].state == "good"
    assert found[b"535"].state == "broken"
    assert "password" in found[b"535"].mend
    assert not [one for one in found.values() if "s3cret" in one.text + one.mend]


def test_a_relay_without_the_tls_that_is_demanded() -> None:
    with listener(b"220 relay.example ESMTP\r\n", {b"EHLO": b"250 relay.example\r\n"}) as number:
        url = SecretStr(f"smtp+starttls://hub:s3cret@127.0.0.1:{number}")
        assert only(network.relay(Settings(relay_url=url), 1.0)).state == "broken"


def test_the_tool_for_backups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nodes.dump_tool(18).state == "warning"
    tool = tmp_path / "pg_dump"
    tool.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.1 (Debian 15.1-0)'\n")
    tool.chmod(0o700)
    old = nodes.dump_tool(18)
    assert (old.state, "postgresql-client-18" in old.mend) == ("warning", True)
    assert nodes.dump_tool(15).state == "good"
    tool.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 18.6'\n")
    assert nodes.dump_tool(18).state == nodes.dump_tool(17).state == "good"
    new = nodes.dump_tool(15)
    assert (new.state, "can't bring it back" in new.text) == ("warning", True)

"""Each check finds what it is for, and says how to mend it."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from config import Seed, Settings
from config.seed import EmailAccountSeed, EmailSeed
from triggerhub import doctor
from triggerhub.doctor import Finding, database, domains, machine, network

NOW = datetime(2030, 1, 5, 9, tzinfo=UTC)


def only(findings: Iterator[Finding]) -> Finding:
    (found,) = findings
    return found


@contextmanager
def listener(greeting: bytes) -> Iterator[int]:
    """Somebody on a port of 127.0.0.1 who says one thing to each caller."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    peer.sendall(greeting)

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

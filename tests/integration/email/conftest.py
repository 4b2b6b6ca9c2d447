"""A running listener with doubles behind it, and a certificate for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.email.receive import MailServer
from channels.email.settings import ListenerSettings, MailLimits
from tests.integration.email.fakes import SALES, SUPPORT, FakeAccounts, FakeInbox, Wire
from triggerhub.domain.clock import ManualClock
from triggerhub.domain.model.message import Account

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Listening:
    server: MailServer
    inbox: FakeInbox
    stack: AsyncExitStack

    async def wire(self) -> Wire:
        wire = await Wire.connect(self.server.port)
        self.stack.callback(wire.close)
        return wire


Listen = Callable[..., Awaitable[Listening]]


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Starts a server on a free port; keyword arguments are MailLimits, `tls` and `accounts`."""
    async with AsyncExitStack() as stack:

        async def start(
            tls: Certificate | None = None,
            accounts: Sequence[Account] = (SUPPORT, SALES),
            **limits: int | timedelta,
        ) -> Listening:
            inbox = FakeInbox()
            settings = ListenerSettings(
                hostname="hub.demo.example",
                certificate=tls.certificate if tls else None,
                key=tls.key if tls else None,
                limits=MailLimits(**limits),  # type: ignore[arg-type] # by name from the test
            )
            server = MailServer(inbox, FakeAccounts(list(accounts)), ManualClock(NOON), settings)
            await server.start("127.0.0.1", 0)
            stack.push_async_callback(server.close)
            return Listening(server, inbox, stack)

        yield start


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("certificate"))


def self_signed(folder: Path) -> Certificate:
    """For localhost and 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    made.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made

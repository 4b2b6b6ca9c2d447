"""Mail over TLS: STARTTLS, renewed certificates, handshakes that fail or never end."""

from __future__ import annotations

import ssl
import warnings
from datetime import timedelta
from pathlib import Path

import aiosmtplib
import pytest

from tests.integration.email.conftest import Certificate, Listen, self_signed
from triggerhub.domain.errors import Invalid

MAIL = b"Message-ID: <1@customer.example>\r\nSubject: Hello\r\n\r\nHello\r\n"


async def test_starttls(listen: Listen, certificate: Certificate) -> None:
    hub = await listen(tls=certificate)
    trusting = ssl.create_default_context(cafile=str(certificate.certificate))
    async with aiosmtplib.SMTP(
        hostname="127.0.0.1", port=hub.server.port, start_tls=True, tls_context=trusting
    ) as client:
        assert not client.supports_extension("starttls")
        assert not client.supports_extension("auth")
        assert (await client.execute_command(b"STARTTLS")).code == 503  # RFC 3207, section 4.2
        for _ in range(2):
            await client.sendmail("anna@customer.example", ["support@demo.example"], MAIL)
    assert hub.inbox.arrivals[0].envelope["tls"] == "TLSv1.3"


async def test_a_renewed_certificate_is_used_from_then_on(
    listen: Listen, certificate: Certificate, tmp_path: Path
) -> None:
    """Its key comes a moment later: meanwhile the old pair stays."""
    files = Certificate(tmp_path / "certificate.pem", tmp_path / "key.pem")
    for old, new in ((certificate.certificate, files.certificate), (certificate.key, files.key)):
        new.write_bytes(old.read_bytes())
    hub = await listen(tls=files)

    async def shown() -> bytes | None:
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        async with aiosmtplib.SMTP(
            hostname="127.0.0.1", port=hub.server.port, start_tls=True, tls_context=unverified
        ) as client:
            assert client.transport is not None
            found: bytes | None = client.transport.get_extra_info("ssl_object").getpeercert(True)
            return found

    before = await shown()
    assert not hub.server.renew_certificate()
    (tmp_path / "renewed").mkdir()
    renewed = self_signed(tmp_path / "renewed")
    files.certificate.write_bytes(renewed.certificate.read_bytes())
    with pytest.raises(Invalid):
        hub.server.renew_certificate()
    assert await shown() == before
    files.key.write_bytes(renewed.key.read_bytes())
    assert hub.server.renew_certificate()
    assert await shown() == ssl.PEM_cert_to_DER_cert(renewed.certificate.read_text())


@pytest.mark.parametrize("sent", [b"", b"NOOP\r\nNOOP\r\n", b"\x16\x03\x01 cut off"])
async def test_a_failed_handshake_ends_the_connection_alone(
    listen: Listen, certificate: Certificate, sent: bytes
) -> None:
    hub = await listen(tls=certificate)
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    assert (await wire.say("STARTTLS")).startswith("220")
    wire.put(sent)
    wire.writer.write_eof()
    await wire.rest()
    assert (await (await hub.wire()).say("NOOP")).startswith("250")
    assert hub.server.connections == 1


async def test_tls_before_1_2_is_refused(listen: Listen, certificate: Certificate) -> None:
    hub = await listen(tls=certificate)
    old = ssl.create_default_context(cafile=str(certificate.certificate))
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    client = aiosmtplib.SMTP(
        hostname="127.0.0.1", port=hub.server.port, start_tls=True, tls_context=old
    )
    with pytest.raises((ssl.SSLError, aiosmtplib.SMTPException)):
        await client.connect()
    assert (await (await hub.wire()).say("NOOP")).startswith("250")


@pytest.mark.parametrize("seconds", [0, 5])
async def test_who_is_in_the_handshake_at_the_end_is_cut_without_a_word(
    listen: Listen, certificate: Certificate, seconds: float
) -> None:
    """A reply in the clear would be taken for TLS; and nothing of it is left behind."""
    hub = await listen(tls=certificate)
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    assert (await wire.say("STARTTLS")).startswith("220")
    if seconds:
        assert await hub.server.drain(timedelta(seconds=seconds))
    else:
        await hub.server.close()
    assert await wire.rest() == b""
    assert hub.server.connections == 0


async def test_who_stands_still_in_the_handshake_is_cut(
    listen: Listen, certificate: Certificate
) -> None:
    hub = await listen(tls=certificate, idle=timedelta(milliseconds=50))
    wire = await hub.wire()
    wire.put(b"EHLO peer.example\r\nSTARTTLS\r\n")
    assert b"220 Ready" in await wire.rest()
    assert hub.server.connections == 0


async def test_the_end_is_said_by_tls_too(listen: Listen, certificate: Certificate) -> None:
    hub = await listen(tls=certificate)
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    assert (await wire.say("STARTTLS")).startswith("220")
    trusting = ssl.create_default_context(cafile=str(certificate.certificate))
    await wire.writer.start_tls(trusting, server_hostname="localhost")
    await wire.begin()
    wire.put(b"Subject: Half")
    assert not await hub.server.drain(timedelta(milliseconds=50))
    assert (await wire.rest()).startswith(b"421 4.3.2 ")
    await hub.server.close()
    assert hub.server.connections == 0


async def test_commands_sent_before_the_handshake_are_not_carried_out(
    listen: Listen, certificate: Certificate
) -> None:
    hub = await listen(tls=certificate)
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    wire.put(b"STARTTLS\r\nMAIL FROM:<evil@b.example>\r\n")
    assert (await wire.reply()).startswith("220")
    trusting = ssl.create_default_context(cafile=str(certificate.certificate))
    await wire.writer.start_tls(trusting, server_hostname="localhost")
    assert (await wire.say("NOOP")).startswith("250 OK")
    assert (await wire.say("RCPT TO:<support@demo.example>")).startswith("503 Error: send HELO")


async def test_half_a_certificate_is_a_fault_of_the_settings(
    listen: Listen, certificate: Certificate
) -> None:
    with pytest.raises(Invalid, match="only one"):
        await listen(tls=Certificate(certificate.certificate, None))  # type: ignore[arg-type]
    with pytest.raises(Invalid, match=r"key\.pem.*can't be used"):
        await listen(tls=Certificate(certificate.key, certificate.key))

"""The ports that we listen on, the certificate that SMTP shows, and the relay for what goes out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta

from config.settings import Settings
from triggerhub.doctor.finding import Finding


def port(check: str, host: str, number: int, key: str, asks: bytes) -> Iterator[Finding]:
    """Free, or taken by a hub that answers, or taken by somebody else.

    `asks`: the beginning of a request that a hub answers; empty where it speaks first.
    """
    if number == 0:
        yield Finding(check=check, state="skipped", text="the system chooses it at each start")
        return
    place = f"{host}:{number}"
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, number))
    except PermissionError:
        yield Finding(
            check=check,
            state="broken",
            text=f"{place} may not be opened by this user",
            mend=f"grant CAP_NET_BIND_SERVICE (deploy/), or choose {key} above 1023",
        )
    except socket.gaierror:
        yield Finding(
            check=check, state="broken", text=f"{host} is no address", mend="set an address of ours"
        )
    except OSError as error:
        yield _taken(check, host, number, key, asks, error)
    else:
        yield Finding(check=check, state="good", text=f"{place} is free")


def _taken(check: str, host: str, number: int, key: str, asks: bytes, error: OSError) -> Finding:
    place = f"{host}:{number}"
    said = _conversation(host, number, asks)
    if said.startswith((b"HTTP/1.1 200", b"220 ")) and (
        asks or b"ESMTP" in said or b"SMTP" in said
    ):
        return Finding(check=check, state="good", text=f"{place} is served, a hub is running")
    if said or _listens(host, number):
        return Finding(
            check=check,
            state="broken",
            text=f"{place} is taken by another program",
            mend=f"`ss -ltnp 'sport = :{number}'` names it; stop it, or choose another {key}",
        )
    return Finding(
        check=check,
        state="broken",
        text=f"{place} can't be opened: {error.strerror}",
        mend="choose an address of this machine, 127.0.0.1 or 0.0.0.0",
    )


def _peer(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _listens(host: str, number: int) -> bool:
    try:
        with socket.create_connection((_peer(host), number), timeout=1):
            return True
    except OSError:
        return False


def _conversation(host: str, number: int, asks: bytes) -> bytes:
    try:
        with socket.create_connection((_peer(host), number), timeout=1) as peer:
            if asks:
                peer.sendall(asks + b"HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            said = peer.recv(512)
            if not asks:
                peer.sendall(b"QUIT\r\n")
            return said
    except OSError:
        return b""


def certificate(settings: Settings, now: datetime) -> Iterator[Finding]:
    if settings.tls_certificate is None or settings.tls_key is None:
        yield Finding(
            check="certificate",
            state="skipped",
            text="none is configured: SMTP offers no STARTTLS",
            mend="set TRIGGERHUB_TLS_CERTIFICATE and TRIGGERHUB_TLS_KEY",
        )
        return
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        leaf = x509.load_pem_x509_certificates(settings.tls_certificate.read_bytes())[0]
        key = load_pem_private_key(settings.tls_key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        yield Finding(
            check="certificate",
            state="broken",
            text=f"it can't be read: {error}",
            mend="give a PEM chain, leaf first, and its key without a passphrase",
        )
        return
    if leaf.public_key() != key.public_key():
        yield Finding(
            check="certificate",
            state="broken",
            text="certificate and key don't belong together",
            mend="configure the key that the certificate was made for",
        )
    until = leaf.not_valid_after_utc
    text = f"valid until {until:%Y-%m-%d}"
    if now >= until or now < leaf.not_valid_before_utc:
        mend = "renew it; peers that check it send us no mail, or send it in the clear"
        yield Finding(check="certificate", state="broken", text=f"not valid now, {text}", mend=mend)
    elif until - now < timedelta(days=14):
        mend = "renew it, and see why that did not happen by itself"
        yield Finding(check="certificate", state="warning", text=text, mend=mend)
    else:
        yield Finding(check="certificate", state="good", text=text)


def relay(settings: Settings, timeout: float) -> Iterator[Finding]:
    """That it would take a mail: it answers, its TLS holds, and it knows our password."""
    form = "TRIGGERHUB_RELAY_URL=smtp://user:password@relay:587"
    if settings.relay_url is None:
        yield Finding(
            check="outgoing mail",
            state="warning",
            text="no relay is configured: answers by mail wait",
            mend=form,
        )
        return
    from channels.email.send import SmtpRelay, relay_of
    from triggerhub.domain.errors import Invalid, Unavailable

    try:
        found = relay_of(settings.relay_url.get_secret_value())
    except Invalid as error:
        yield Finding(check="outgoing mail", state="broken", text=str(error), mend=form)
        return
    place, patience = f"{found.host}:{found.port}", timedelta(seconds=timeout)
    try:
        asyncio.run(
            SmtpRelay(
                found,
                hostname=settings.mail_name,
                connect_timeout=patience,
                reply_timeout=patience,
            ).try_out()
        )
    except Unavailable as error:
        mend = "see that it runs, that a firewall lets us out, and its TRIGGERHUB_RELAY_URL"
        if error.code == "relay_refuses":
            mend = "see the user and password in TRIGGERHUB_RELAY_URL, and whom the relay lets in"
        text = f"{place}: {error}"
        yield Finding(check="outgoing mail", state="broken", text=text, mend=mend)
    else:
        signed_in = " and knows our password" if found.user else ""
        text = f"the relay {place} answers{signed_in}"
        yield Finding(check="outgoing mail", state="good", text=text)

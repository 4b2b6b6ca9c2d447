"""What is wrong with this installation, and how to mend it. Looks only; changes nothing.

Owns the checks of `triggerhub doctor`. Works beside a running hub: it opens no port of ours for
longer than a moment and writes nothing. What it asks of the world (DNS, time) comes in.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from config.settings import Settings

State = Literal["good", "warning", "broken", "skipped"]
PACKAGES = (
    "triggerhub", "channels", "router", "storage", "agent_console", "mining", "config",
)  # fmt: skip
OURS = "triggerhub"
_GIB = 1024**3
_RESERVED = (
    ".example",
    ".test",
    ".invalid",
    ".localhost",
    "example.com",
    "example.net",
    "localhost",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `mend`: what to do, where there is something to do."""

    check: str
    state: State
    text: str
    mend: str = ""


class Resolver(Protocol):
    """TXT records of a name.

    None: the name doesn't exist (NXDOMAIN); empty: it exists without any. Raises OSError where it
    can't be found out in time.
    """

    def __call__(self, name: str, timeout: float) -> Sequence[str] | None: ...


Check = Callable[[], Iterator[Finding]]


def examine(
    settings: Settings,
    *,
    now: datetime | None = None,
    resolver: Resolver | None = None,
    timeout: float = 3.0,
) -> list[Finding]:
    """Everything, in the order in which one would mend it. Never raises for what it finds."""
    moment = now or datetime.now(UTC)
    domains: set[str] = {
        address.rpartition("@")[2].lower()
        for account in settings.seed.email.accounts
        for address in account.addresses
    }
    return [
        *packages(),
        *folders(settings),
        *disk(settings.data_dir),
        *database(settings, moment, domains),
        *port("HTTP port", settings.http_host, settings.http_port, "http_port", b"GET /healthz "),
        *port("SMTP port", settings.smtp_host, settings.smtp_port, "smtp_port", b""),
        *certificate(settings, moment),
        *relay(settings),
        *names(sorted(domains), resolver or txt_records, timeout),
    ]


def broken(findings: Sequence[Finding]) -> bool:
    return any(f.state == "broken" for f in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """`{"ok": …, "findings": [{check, state, text, mend}]}`"""
    body = {"ok": not broken(findings), "findings": [asdict(f) for f in findings]}
    return json.dumps(body, ensure_ascii=False, indent=2)


# --- packages ---------------------------------------------------------------------------------


def packages() -> Iterator[Finding]:
    """No other distribution may own a top-level name of ours."""
    from importlib.metadata import packages_distributions

    owners = packages_distributions()
    others = {
        name: sorted(set(owners.get(name, [])) - {OURS})
        for name in PACKAGES
        if set(owners.get(name, [])) - {OURS}
    }
    for name, who in others.items():
        yield Finding(
            check="packages",
            state="broken",
            text=f"the package name {name!r} also belongs to {', '.join(who)}",
            mend=f"pip uninstall {' '.join(who)}, or give the hub an environment of its own",
        )
    if not others:
        yield Finding(check="packages", state="good", text="our package names are ours alone")


# --- folders, keys, disk ----------------------------------------------------------------------


def folders(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.exists():
        place = _nearest(folder)
        makes = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
        yield Finding(
            check="data folder",
            state="warning" if makes else "broken",
            text=f"{folder} doesn't exist yet"
            + ("" if makes else f", and {place} takes no folder"),
            mend="triggerhub init" if makes else "name another: --data-dir or TRIGGERHUB_DATA_DIR",
        )
    elif not folder.is_dir():
        yield Finding(
            check="data folder",
            state="broken",
            text=f"{folder} is a file",
            mend="name a folder: --data-dir or TRIGGERHUB_DATA_DIR",
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(
            check="data folder",
            state="broken",
            text=f"{folder} can't be written by this user",
            mend=f"chown the folder to the user that runs the hub: chown -R USER {folder}",
        )
    elif (mode := _mode(folder)) & 0o077:
        yield Finding(
            check="data folder",
            state="warning",
            text=f"{folder} is open to other users (mode {mode:04o})",
            mend=f"chmod 700 {folder}",
        )
    else:
        yield Finding(check="data folder", state="good", text=f"{folder} is the hub's alone")
    yield from _secret_file("master key", folder / "master.key")
    if settings.tls_key is not None:
        yield from _secret_file("TLS key", settings.tls_key)
    if settings.config is not None:
        yield from _secret_file("settings file", settings.config)


def _secret_file(check: str, path: Path) -> Iterator[Finding]:
    if not path.is_file():
        return
    mode = _mode(path)
    if mode & 0o077:
        yield Finding(
            check=check,
            state="warning" if check == "settings file" else "broken",
            text=f"{path} can be read by other users (mode {mode:04o})",
            mend=f"chmod 600 {path}",
        )
    else:
        yield Finding(check=check, state="good", text=f"{path} is the hub's alone")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _nearest(folder: Path) -> Path:
    """What is there of the way to it."""
    return next(p for p in [folder.absolute(), *folder.absolute().parents] if p.exists())


def disk(folder: Path) -> Iterator[Finding]:
    place = _nearest(folder)
    usage = shutil.disk_usage(place)
    text = f"{usage.free / _GIB:.1f} of {usage.total / _GIB:.1f} GiB free at {place}"
    if usage.free < _GIB // 4:
        mend = "make room: the hub answers 'try again later' when it can't write"
        yield Finding(check="disk", state="broken", text=text, mend=mend)
    elif usage.free < _GIB or usage.free < usage.total // 50:
        mend = "make room, or move the data folder (data_dir)"
        yield Finding(check="disk", state="warning", text=text, mend=mend)
    else:
        yield Finding(check="disk", state="good", text=text)


# --- database and clock -----------------------------------------------------------------------


def database(settings: Settings, now: datetime, domains: set[str]) -> Iterator[Finding]:
    """Schema, master key, clock; adds the domains of the mail accounts in force to `domains`."""
    from storage import schema
    from storage.engine import Database
    from triggerhub.domain.errors import HubError

    base = Database(settings.database)
    if base.path is not None and not base.path.exists():
        yield Finding(
            check="schema", state="warning", text="there is no database yet", mend="triggerhub init"
        )
        return
    try:
        found, wanted = schema.current(base), schema.newest()
    except (HubError, OSError) as error:
        yield Finding(
            check="schema",
            state="broken",
            text=str(error),
            mend="see that it runs and that TRIGGERHUB_DATABASE_URL is right",
        )
        return
    if found != wanted:
        newer = found is not None and found > wanted
        yield Finding(
            check="schema",
            state="broken" if newer else "warning",
            text=f"the schema is {found or 'empty'}, this release knows {wanted}",
            mend="start the newer release that made it" if newer else "triggerhub init",
        )
        return
    yield Finding(check="schema", state="good", text=f"the schema is {found}, as it should be")
    if settings.master_key is None and not (settings.data_dir / "master.key").is_file():
        yield Finding(
            check="master key",
            state="broken",
            text="the database is there and its master key is not",
            mend=f"put master.key back into {settings.data_dir}, or set TRIGGERHUB_MASTER_KEY",
        )
        return
    yield from _log(settings, now, domains)


def _log(settings: Settings, now: datetime, domains: set[str]) -> Iterator[Finding]:
    import asyncio

    from triggerhub.bootstrap import open_store

    async def look() -> tuple[datetime | None, set[str]]:
        store = open_store(settings)
        try:
            newest = await store.read(lambda r: r.events_after(r.head() - 1, 1))
            accounts = await store.read(lambda r: r.accounts())
        finally:
            await store.stop()
        return newest[0].at if newest else None, {
            address.rpartition("@")[2]
            for account in accounts
            if account.channel == "email"
            for address in account.addresses
        }

    newest, found = asyncio.run(look())
    domains |= found
    if newest is not None and newest > now + timedelta(minutes=1):
        yield Finding(
            check="clock",
            state="broken",
            text=f"the clock says {now:%Y-%m-%d %H:%M}, the newest event {newest:%Y-%m-%d %H:%M}",
            mend="set the clock and keep it right: apt-get install systemd-timesyncd",
        )
    elif now < datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC) - timedelta(days=1):
        yield Finding(
            check="clock",
            state="broken",
            text=f"the clock says {now:%Y-%m-%d %H:%M}, before this release was installed",
            mend="set the clock and keep it right: apt-get install systemd-timesyncd",
        )
    else:
        yield Finding(check="clock", state="good", text=f"the clock says {now:%Y-%m-%d %H:%M} UTC")


# --- ports ------------------------------------------------------------------------------------


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


# --- certificate, relay -----------------------------------------------------------------------


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


def relay(settings: Settings) -> Iterator[Finding]:
    if settings.relay_url is None:
        yield Finding(
            check="outgoing mail",
            state="warning",
            text="no relay is configured: answers by mail wait",
            mend="TRIGGERHUB_RELAY_URL=smtp://user:password@relay:587",
        )


# --- names of the sending domains -------------------------------------------------------------


def names(domains: Sequence[str], resolver: Resolver, timeout: float) -> Iterator[Finding]:
    """SPF (RFC 7208) and DKIM (RFC 6376) of every domain that mail goes out from."""
    for domain in domains:
        if domain.endswith(_RESERVED):
            yield Finding(check="DNS", state="skipped", text=f"{domain} is a reserved name")
            continue
        try:
            yield _spf(domain, resolver(domain, timeout))
            yield _dkim(domain, resolver(f"_domainkey.{domain}", timeout))
        except OSError as error:
            yield Finding(
                check="DNS",
                state="warning",
                text=f"{domain}: no answer ({error})",
                mend="see /etc/resolv.conf, or ask again later",
            )


def _spf(domain: str, records: Sequence[str] | None) -> Finding:
    policies = [r for r in records or () if r.lower().split(" ")[0] == "v=spf1"]
    if len(policies) > 1:
        return Finding(
            check="SPF",
            state="broken",
            text=f"{domain} has {len(policies)} SPF records, so none of them counts",
            mend="make one of them (RFC 7208, 4.5)",
        )
    if not policies:
        return Finding(
            check="SPF",
            state="warning",
            text=f"{domain} has no SPF record: our mail may be taken for spam",
            mend=f'{domain}. TXT "v=spf1 include:YOUR-RELAY -all"',
        )
    return Finding(check="SPF", state="good", text=f"{domain}: {policies[0]}")


def _dkim(domain: str, records: Sequence[str] | None) -> Finding:
    # A name that doesn't exist has nothing below it (RFC 8020), so no selector either.
    if records is None:
        return Finding(
            check="DKIM",
            state="warning",
            text=f"{domain} has no DKIM keys: our mail can't be proven to be ours",
            mend="turn DKIM signing on at the relay and publish the key that it names",
        )
    return Finding(check="DKIM", state="good", text=f"{domain} publishes DKIM keys")


def txt_records(name: str, timeout: float) -> Sequence[str] | None:
    """As `Resolver`, from the system's name servers."""
    import dns.exception
    import dns.resolver
    from dns.rdtypes.ANY.TXT import TXT

    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=timeout, search=False)
    except dns.resolver.NXDOMAIN:
        return None
    except dns.resolver.NoAnswer:
        return []
    except dns.exception.DNSException as error:
        raise OSError(type(error).__name__) from error
    return [b"".join(r.strings).decode(errors="replace") for r in answer if isinstance(r, TXT)]

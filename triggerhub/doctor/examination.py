"""Every check of the doctor, one after the other."""

from __future__ import annotations

from datetime import UTC, datetime

from config.settings import Settings
from triggerhub.doctor.database import database
from triggerhub.doctor.domains import Resolver, names, txt_records
from triggerhub.doctor.finding import Finding
from triggerhub.doctor.machine import disk, folders, packages
from triggerhub.doctor.network import certificate, port, relay
from triggerhub.doctor.nodes import redis


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
        *redis(settings, timeout),
        *port("HTTP port", settings.http_host, settings.http_port, "http_port", b"GET /healthz "),
        *port("SMTP port", settings.smtp_host, settings.smtp_port, "smtp_port", b""),
        *certificate(settings, moment),
        *relay(settings, timeout),
        *names(sorted(domains), resolver or txt_records, timeout),
    ]

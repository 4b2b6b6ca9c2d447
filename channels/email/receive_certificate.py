"""The listener's certificate and key, as the settings name their files."""

from __future__ import annotations

import ssl

from channels.email.settings import ListenerSettings
from triggerhub.domain.errors import Invalid


def tls_context(settings: ListenerSettings) -> ssl.SSLContext | None:
    """None where none is given. Raises Invalid where the two can't be used."""
    if settings.certificate is None or settings.key is None:
        if settings.certificate or settings.key:
            raise Invalid("STARTTLS needs a certificate and its key; only one of them is given")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as exc:
        files = f"{settings.certificate} and {settings.key}"
        raise Invalid(f"the mail certificate ({files}) can't be used: {exc}") from exc
    return context


def written(settings: ListenerSettings) -> list[int]:
    """When certificate and key were last written; 0 for one that isn't there at the moment."""
    times = []
    for file in filter(None, (settings.certificate, settings.key)):
        try:
            times.append(file.stat().st_mtime_ns)
        except OSError:
            times.append(0)
    return times

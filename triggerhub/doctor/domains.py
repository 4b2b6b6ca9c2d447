"""What DNS says of the domains that mail goes out from: SPF (RFC 7208) and DKIM (RFC 6376)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from triggerhub.doctor.finding import Finding

# RFC 2606
_RESERVED = (
    "example",
    "test",
    "invalid",
    "localhost",
    "example.com",
    "example.net",
    "example.org",
)


class Resolver(Protocol):
    """TXT records of a name.

    None: the name doesn't exist (NXDOMAIN); empty: it exists without any. Raises OSError where it
    can't be found out in time.
    """

    def __call__(self, name: str, timeout: float) -> Sequence[str] | None: ...


def names(domains: Sequence[str], resolver: Resolver, timeout: float) -> Iterator[Finding]:
    """Of every domain; those that are reserved for examples are passed over."""
    for domain in domains:
        if f".{domain}".endswith(tuple(f".{name}" for name in _RESERVED)):
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

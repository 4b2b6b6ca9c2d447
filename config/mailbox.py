"""The normal form of a mailbox, by which accounts and customers are found, and which can be ours:
those that a signed reply address can be made of."""

from __future__ import annotations

import re
import unicodedata

LONGEST_LOCAL_PART = 21
"""With the signed token behind it, it fills the 64 that mail allows before the @."""
_LOCAL = re.compile(r"[a-z0-9!#$%&'*/=?^_`{|}~+-]+(?:\.[a-z0-9!#$%&'*/=?^_`{|}~+-]+)*\Z")
_DOMAIN = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z"
)


def normal(address: str) -> str:
    """The form by which two spellings of one mailbox are the same; never raises.

    Local part in NFC and lower case (RFC 5321 lets case matter; no mailbox a customer writes from
    makes use of it), domain in lower-case ASCII (IDNA 2008 with UTS 46 mapping). A domain that
    IDNA refuses stays in lower case. Dots and ``+`` in the local part are kept: what they mean is
    the other side's business.
    """
    local, at, domain = address.strip().rpartition("@")
    return unicodedata.normalize("NFC", local).lower() + at + normal_domain(domain)


def normal_domain(domain: str) -> str:
    """The domain in lower-case ASCII without a closing dot, or as it was where IDNA refuses it."""
    domain = _without_end(domain).lower()
    if domain.isascii():
        return domain
    import idna  # few have such a domain, and its tables are large

    try:
        return _without_end(idna.encode(domain, uts46=True).decode("ascii"))
    except idna.IDNAError:
        return domain


def _without_end(domain: str) -> str:
    """Without closing dots, and the white space that may stand between them."""
    while (shorter := domain.rstrip().rstrip(".")) != domain:
        domain = shorter
    return domain


def own_mailbox(value: str) -> str:
    """Its normal form; raises ValueError where it can't be one of the hub's own."""
    address = normal(value)
    local, _, domain = address.rpartition("@")
    _check_local_part(local)
    if not _DOMAIN.match(domain) or len(domain) > 253:
        raise ValueError("write a domain, like company.example, behind the @")
    return address


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Raises ValueError where one stands there twice."""
    if len(set(values)) != len(values):
        raise ValueError("the same address stands there twice")
    return values


def _check_local_part(local: str) -> None:
    """Raises ValueError that says what is wrong with this, in small letters."""
    if not _LOCAL.match(local):
        raise ValueError("write a plain mailbox, like support@company.example")
    if "+" in local:
        raise ValueError("leave out the + part: it is where reply addresses carry their token")
    if len(local) > LONGEST_LOCAL_PART:
        raise ValueError(
            f"at most {LONGEST_LOCAL_PART} characters before the @, so that a signed reply "
            "address fits into the 64 that mail allows"
        )

"""What an e-mail account consists of, and the limits of the listener and the sender.

Owns the normal form of a mailbox address, by which accounts and customers are found; must not
know where settings are kept. The seed file spells an account
``[[email.accounts]] name, addresses``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import idna
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from config.mailbox import check_local_part
from config.seed import ONE_LINE
from triggerhub.domain.errors import Invalid

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

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
    try:
        return _without_end(idna.encode(domain, uts46=True).decode("ascii"))
    except idna.IDNAError:
        return domain


def _without_end(domain: str) -> str:
    """Without closing dots, and the white space that may stand between them."""
    while (shorter := domain.rstrip().rstrip(".")) != domain:
        domain = shorter
    return domain


def _own(value: str) -> str:
    address = normal(value)
    local, _, domain = address.rpartition("@")
    check_local_part(local)
    if not _DOMAIN.match(domain) or len(domain) > 253:
        raise ValueError("write a domain, like company.example, behind the @")
    return address


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("write at least one")
    if len(set(values)) != len(values):
        raise ValueError("the same address stands there twice")
    return values


Own = Annotated[str, AfterValidator(_own)]
Anybodys = Annotated[str, AfterValidator(normal)]


class EmailAccount(BaseModel):
    """A channel account of type email: one mailbox under one or more addresses.

    The first address is the one that answers are sent from. ``sender_name`` is what customers see
    beside it (default: the account's name). ``forms``: mailboxes that web forms write from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    addresses: Annotated[tuple[Own, ...], AfterValidator(_distinct)]
    sender_name: Annotated[str, Field(max_length=100, pattern=ONE_LINE)] = ""
    forms: tuple[Anybodys, ...] = ()

    @classmethod
    def declared(
        cls, name: str, addresses: Iterable[str], sender_name: str, forms: Iterable[str]
    ) -> Self:
        """Raises Invalid that says what is wrong with which of them."""
        try:
            return cls(
                name=name, addresses=tuple(addresses), sender_name=sender_name, forms=tuple(forms)
            )
        except ValidationError as wrong:
            faults = "; ".join(map(_said, wrong.errors(include_url=False)))
            raise Invalid(f"the mailbox {name!r}: {faults}", code="account_misconfigured") from None

    def options(self) -> dict[str, str]:
        """What of it is kept in ``Account.options``: forms with spaces between them."""
        found = {"sender_name": self.sender_name, "forms": " ".join(self.forms)}
        return {key: value for key, value in found.items() if value}


def _said(error: ErrorDetails) -> str:
    given = error["input"]
    what = f"{error['loc'][0]}, {given!r}" if isinstance(given, str) else str(error["loc"][0])
    return f"{what}: {error['msg'].removeprefix('Value error, ')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLimits:
    """What the listener refuses. Sizes in bytes."""

    message: int = 30 * 1024 * 1024
    in_flight: int = 96 * 1024 * 1024
    """Bytes of unfinished messages held in memory by all connections together."""
    recipients: int = 100
    connections: int = 500
    connections_per_peer: int = 50
    command_line: int = 512
    idle: timedelta = timedelta(minutes=5)
    """Wait for the next command (RFC 5321, 4.5.3.2.7: at least five minutes)."""
    data: timedelta = timedelta(minutes=15)
    """From DATA to its final dot, all together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """How the listener presents itself. STARTTLS is offered when certificate and key are given."""

    hostname: str
    certificate: Path | None = None
    key: Path | None = None
    limits: MailLimits = MailLimits()

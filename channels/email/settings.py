"""What an e-mail account consists of, and the limits of the listener and the sender.

Must not know where settings are kept. The seed file spells an account
``[[email.accounts]] name, addresses``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from config.mailbox import distinct, normal, own_mailbox
from config.seed import ONE_LINE
from triggerhub.domain.errors import Invalid

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Own = Annotated[str, AfterValidator(own_mailbox)]
Anybodys = Annotated[str, AfterValidator(normal)]


class EmailAccount(BaseModel):
    """A channel account of type email: one mailbox under one or more addresses.

    The first address is the one that answers are sent from. ``sender_name`` is what customers see
    beside it (default: the account's name). ``forms``: mailboxes that web forms write from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    addresses: Annotated[tuple[Own, ...], Field(min_length=1), AfterValidator(distinct)]
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

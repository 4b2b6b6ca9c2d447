"""Who wrote a mail, as the house knows senders. Owns the step from a From field to an address."""

from __future__ import annotations

from channels.email.parse.addresses import read_addresses
from channels.email.parse.limits import DEFAULT
from channels.email.parse.mail import Address as ParsedAddress
from channels.email.parse.problems import Problems
from channels.email.settings import normal
from triggerhub.domain.model.message import Address


def sender_of(author: ParsedAddress) -> Address | None:
    """None where neither an address nor a name is given."""
    if not (author.address or author.name):
        return None
    return Address(
        kind="email", address=normal(author.address), name=author.name, raw=author.address
    )


def senders_in(field: bytes) -> list[Address]:
    """Those of a mail with these words in its From field; it is from the first of them."""
    found = map(sender_of, read_addresses([field], DEFAULT, Problems()))
    return [sender for sender in found if sender is not None and sender.address]

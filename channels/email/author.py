"""Who wrote a mail, as the house knows senders. Owns the step from a From field to an address."""

from __future__ import annotations

from channels.email.parse.addresses import read_addresses
from channels.email.parse.limits import DEFAULT
from channels.email.parse.mail import Address as ParsedAddress
from channels.email.parse.problems import Problems
from config.mailbox import normal
from triggerhub.domain.model.message import Address

MAX_NAME = 200  # characters: what stands in every list and on every console
MAX_ADDRESS = 320  # bytes: none is longer (RFC 3696 with its erratum 1690)


def sender_of(author: ParsedAddress) -> Address | None:
    """None where neither an address nor a name is given. What is longer than any is no address."""
    given = author.address if fits(author.address) else ""
    if not (given or author.name):
        return None
    return Address(kind="email", address=normal(given), name=author.name[:MAX_NAME], raw=given)


def fits(address: str) -> bool:
    return len(address.encode()) <= MAX_ADDRESS


def senders_in(field: bytes) -> list[Address]:
    """Those of a mail with these words in its From field; it is from the first of them."""
    found = map(sender_of, read_addresses([field], DEFAULT, Problems()))
    return [sender for sender in found if sender is not None and sender.address]

"""Addresses as people write them on a command line, turned into senders by the channels' own forms.

It knows no database and no rule of matching.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triggerhub.domain.model.message import Address

CHANNELS = ("email", "sms", "whatsapp")
WHATSAPP = "whatsapp:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands on the command line, and the sender that the channel makes of it, if any.

    `channel`: None where none was named and the form tells none.
    """

    address: str
    channel: str | None
    sender: Address | None
    problems: tuple[str, ...] = ()


def read(written: str, channel: str | None, region: str) -> Written:
    """What the channel makes of it; without one, the form says which. Never raises.

    `region`: two letters, whose numbers lack a +.
    """
    from triggerhub.domain.model.identity import NO_ADDRESS

    # What isn't UTF-8 stands in an argument as half characters, which no database takes.
    address = written.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    bare = address.strip()
    if bare.startswith(NO_ADDRESS):
        gone = "address: it was erased, or never known; nobody is found by it any more"
        return Written(address=address, channel=channel, sender=None, problems=(gone,))
    if channel == "email" or (channel is None and "@" in bare):
        sender, problems = _mailbox(bare)
        return Written(address=address, channel="email", sender=sender, problems=problems)
    by = channel or ("whatsapp" if bare.startswith(WHATSAPP) else "sms")
    sender, problems = _number(bare, by, region, named=channel is not None)
    return Written(
        address=address,
        channel=channel if sender is None else by,
        sender=sender,
        problems=problems,
    )


def _mailbox(bare: str) -> tuple[Address | None, tuple[str, ...]]:
    """As in a From field. What is no mailbox may be a sender all the same: the hub takes it in."""
    from channels.email.author import senders_in

    senders = senders_in(bare.encode())
    if not senders:
        return None, ("address: no mailbox stands here",)
    problems = []
    if len(senders) > 1:
        problems.append(f"address: {len(senders)} mailboxes, the first was taken")
    local, _, domain = senders[0].address.rpartition("@")
    if not (local and domain and domain.isascii()) or ("@" in local and '"' not in local):
        problems.append("address: no mailbox has this form")
    return senders[0], tuple(problems)


def _number(
    bare: str, channel: str, region: str, *, named: bool
) -> tuple[Address | None, tuple[str, ...]]:
    """As the carrier writes it, or else as anybody may. `named`: the channel was, so that letters
    may be a sender's name.
    """
    from channels.sms.channel import sender_of
    from channels.sms.parse import address_of
    from storage.views.search import e164

    prefix = WHATSAPP if channel == "whatsapp" else ""
    bare = bare.removeprefix(prefix)
    found = address_of(prefix + bare)
    if found is None or (found.kind == "name" and not named):
        letters = any(letter.isalpha() for letter in bare)
        number = None if letters else e164(bare, region)
        found = None if number is None else address_of(prefix + number)
    if found is None or found.network != channel:
        wanted = f"no address of {channel}" if named else "neither a mailbox nor a number"
        return None, (f"address: {wanted}",)
    return sender_of(found), () if found.kind == "number" else ("sender_cannot_be_answered",)

"""What an address is good for: whether it can be written to, and why not.

An identity that an agent's word gave to a customer ends with that word, so that the next unproven
mail with the same sender is a new claim (ADR 3). It still takes answers: the agent has vouched for
its owner, and the conversation in hand must be able to go on, also where the word is taken back.
"""

from __future__ import annotations

from typing import Literal

UNKNOWN = "unknown:"
NO_ADDRESS = ("erased:", UNKNOWN)  # what stands where there is no address
# Why a claim counts as true: an agent's word, or an answer that has proven the address since.
SETTLED = ("agent", "answered")


def unknown(message_id: str) -> str:
    """What stands for the address of who wrote a message and named none: of that message alone."""
    return UNKNOWN + message_id


def address_shown(address: str) -> str:
    """The address for people; empty where there is none."""
    return "" if address.startswith(NO_ADDRESS) else address


def is_proven(standing: str, link_why: str | None) -> bool:
    """Whether it is known to be its customer's: by a proof, or as a claim that was settled."""
    return standing == "verified" or link_why in SETTLED


def closed_because(
    address: str, *, standing: str, ended: bool, link_why: str | None, opted_out: bool
) -> Literal["ended", "no_address", "opted_out"] | None:
    """Why this address takes no messages from an account; None where it does.

    `opted_out`: of the messages of that account.
    """
    if address.startswith(NO_ADDRESS):
        return "no_address"
    if ended and not (standing == "claimed" and link_why in (*SETTLED, "undone")):
        return "ended"
    return "opted_out" if opted_out else None


def link_can_be_undone(why: str | None) -> bool:
    """Whether an address came to its customer by somebody's word or by an inference.

    `why`: the newest link's; `first_contact` made the customer, so there is nothing before it.
    """
    return why in ("agent", "reply_address", "undone")

"""How a customer can be answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from triggerhub.domain.model.identity import address_shown, closed_because

Json = dict[str, Any]
_KINDS = {"email": "email", "sms": "phone", "whatsapp": "phone"}


def reply_ways(
    identities: Sequence[Sequence[Any]],
    talks: Sequence[Sequence[Any]],
    accounts: Sequence[Sequence[Any]],
) -> list[Json]:
    """Each address through the accounts that it has used.

    Where an address was never used on a channel, through that channel's first account.
    `talks`: the newest first.
    """
    used: dict[tuple[str, str], dict[str, None]] = {}
    for talk in talks:
        used.setdefault((talk[1], talk[2]), {})[talk[3]] = None
    ways = []
    for channel, kind in _KINDS.items():
        there = [account_id for account_id, of in accounts if of == channel]
        for identity in identities:
            if identity[2] != kind or not there:
                continue
            known = [a for a in used.get((identity[1], channel), ()) if a in there]
            opted_out = identity[11].split()
            for account_id in known or there[:1]:
                reason = closed_because(
                    identity[3],
                    standing=identity[4],
                    ended=identity[7] is not None,
                    link_why=identity[8],
                    opted_out=account_id in opted_out,
                )
                ways.append(
                    {
                        "channel": channel,
                        "account_id": account_id,
                        "identity_id": identity[1],
                        "address": address_shown(identity[3]),
                        "open": reason is None,
                        "reason": reason,
                    }
                )
    return ways

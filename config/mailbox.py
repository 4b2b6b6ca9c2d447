"""Which mailboxes can be the hub's own: those that a signed reply address can be made of."""

from __future__ import annotations

import re

LONGEST_LOCAL_PART = 21
"""With the signed token behind it, it fills the 64 that mail allows before the @."""
_LOCAL = re.compile(r"[a-z0-9!#$%&'*/=?^_`{|}~+-]+(?:\.[a-z0-9!#$%&'*/=?^_`{|}~+-]+)*\Z")


def check_local_part(local: str) -> None:
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

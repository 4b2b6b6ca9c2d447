"""The path of MAIL and RCPT: the address between its brackets (RFC 5321, 4.1.2).

Must not know whose address it is.
"""

from __future__ import annotations

_BYTES = 256 + 64  # RFC 5321, 4.5.3.1.3, with room for UTF-8
NOBODY = "<>"
POSTMASTER = "postmaster"
"""The one local part that RCPT may name without a domain (RFC 5321, 4.1.1.3)."""


def path_of(arg: str) -> tuple[str | None, str | None]:
    """(path without brackets, what follows it); (None, None) if malformed.

    ``<>`` is returned whole: the empty string means "nothing there" to aiosmtpd.
    """
    arg = arg.strip()
    if not arg.startswith("<"):
        path, _, rest = arg.partition(" ")
    else:
        path, closed, rest = arg[1:].partition(">")
        if not closed or (rest and rest[0] != " "):
            return None, None
        if not path:
            return NOBODY, rest.strip()
    if path.startswith("@"):  # a source route, to be ignored (RFC 5321, appendix C)
        path = path.partition(":")[2]
    if path.lower() == POSTMASTER:
        return path, rest.strip()
    local, at, domain = path.rpartition("@")
    if not (at and local and domain) or len(path.encode(errors="replace")) > _BYTES:
        return None, None
    if any(char in ' <>"\\,;' or ord(char) < 33 or "\ud800" <= char <= "\udfff" for char in path):
        return None, None
    return path, rest.strip()

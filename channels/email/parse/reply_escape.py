"""What was done to the lines of a text on its way, and is undone before it is read.

Must not know what the lines say, but for whether an escaped one is a quote.
"""

from __future__ import annotations

import re

from channels.email.parse.reply_attribution import ends_attribution
from channels.email.parse.reply_line import is_quoted

_FROM = re.compile(r"^>+(?=From )")
_PGP_HEAD = "-----BEGIN PGP SIGNED MESSAGE-----"
_PGP_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_PGP_END = "-----END PGP SIGNATURE-----"


def unescaped(text: str) -> list[str]:
    """The lines of `text` as they were written."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if _PGP_HEAD in text:
        lines = _without_armour(lines)
    return _from_unescaped(lines)


def _without_armour(lines: list[str]) -> list[str]:
    """A clear-signed text without its armour and dash escapes (RFC 9580 section 7)."""
    out: list[str] = []
    inside = heading = signature = False
    for line in lines:
        mark = line.rstrip()
        if mark == _PGP_HEAD:
            inside = heading = True
        elif mark == _PGP_END:
            inside = signature = False
        elif inside and mark == _PGP_SIGNATURE:
            signature = True
        elif heading:
            heading = bool(mark)
        elif not signature:
            out.append(line.removeprefix("- ") if inside else line)
    return lines if inside else out


def _from_unescaped(lines: list[str]) -> list[str]:
    """A file of mails keeps a line that begins with `From ` as `>From ` (RFC 4155, appendix A).

    Such a line is no quote unless quoted lines or an attribution are next to it.
    """
    escaped = [index for index, line in enumerate(lines) if _FROM.match(line)]
    if not escaped:
        return lines
    out = list(lines)
    quoted = False  # whether the line above one is a quote
    for index in escaped:
        above = lines[index - 1] if index else ""
        below = lines[index + 1] if index + 1 < len(lines) else ""
        if not _FROM.match(above):
            quoted = is_quoted(above) or ends_attribution(lines, index)
        if not quoted and (_FROM.match(below) or not is_quoted(below)):
            out[index] = _FROM.sub("", lines[index])
    return out

"""Signatures: what stands below somebody's words in each mail of theirs, or of their program.

Owns the mark by which the reading of HTML says which lines are one. Must not know quotes, but for
the fold that stands where one was.
"""

from __future__ import annotations

import re
from itertools import takewhile

from channels.email.parse.reply_line import BLANK, FOLD, LONGEST_MARK
from channels.email.parse.reply_patterns import (
    APPS,
    LIST_FOOTER,
    MASTER_SIGNATURE,
    RULE,
    SENT_FROM,
    SIGNATURE,
)

_SIGNED = "\ufdd0"  # a noncharacter (Unicode section 23.7): text that is meant holds none
_LINES = 25
_TABLE_LINES = 16
_SENT_WORDS = 7
_URL = re.compile(r"<https?://[^<>\s]*>|\(https?://[^()\s]*\)")


def signed_line(line: str) -> str:
    """`line` of HTML that stands in what its program calls the signature."""
    return _SIGNED + line


def unsigned(text: str) -> str:
    """`text` without the marks of `signed_line`."""
    return text.replace(_SIGNED, "")


def without_signature(lines: list[str], *, open_end: bool) -> list[str]:
    """`lines` with folds; `open_end`: no unmarked quote came after them."""
    out: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.startswith(_SIGNED):
            index += 1
            continue
        if MASTER_SIGNATURE.match(line):
            table = range(len(out) - 1, max(len(out) - _TABLE_LINES, 0) - 1, -1)
            top = next((at for at in table if out[at].replace(" ", "") == "||"), len(out))
            del out[top:]
            index += 1
            continue
        if is_sent_from(line) and _stands_alone(lines, index):
            index += 1
            continue
        if len(line) <= LONGEST_MARK and SIGNATURE.match(line):
            rest = takewhile(lambda other: other != FOLD, lines[index + 1 :])
            written = sum(1 for other in rest if other.strip())
            if line.startswith("-- ") or written <= _LINES:
                # A signature ends where a quote begins: answers may stand below that.
                index = next((i for i in range(index, len(lines)) if lines[i] == FOLD), len(lines))
                continue
        if RULE.match(line) and _is_list_footer(lines[index + 1 :]) and open_end:
            break
        out.append(line)
        index += 1
    return out


def is_sent_from(line: str) -> bool:
    """Whether a program or device names itself in it."""
    line = _URL.sub("", line.lstrip(_SIGNED).strip())
    if len(line) > LONGEST_MARK or line.endswith(("?", "？")) or SENT_FROM.fullmatch(line) is None:
        return False
    # Things are sent from places too, and that takes a sentence.
    return len(line.split()) <= _SENT_WORDS or APPS.search(line) is not None


def _stands_alone(lines: list[str], index: int) -> bool:
    """At the end of its paragraph: what goes on in the next line is somebody's sentence."""
    after = lines[index + 1].strip(BLANK) if index + 1 < len(lines) else ""
    return (
        not after
        or after == FOLD.strip(BLANK)
        or is_sent_from(after)
        or RULE.match(after) is not None
    )


def _is_list_footer(lines: list[str]) -> bool:
    written = [line for line in lines if line.strip()]
    return 0 < len(written) <= 10 and any(LIST_FOOTER.search(line) for line in written[:4])

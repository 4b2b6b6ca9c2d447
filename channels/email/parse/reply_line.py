"""One line of a reply: its quote marks, and the words between its dashes.

Owns how long a line may be that is more than somebody's words. Must not know the lines around it.
"""

from __future__ import annotations

import re

from channels.email.parse.reply_patterns import DASHES

FOLD = "\0"
"""The line that stands where a quote was; text never holds a NUL."""

BLANK = " \t" + FOLD
LONGEST = 500
LONGEST_MARK = 120
_QUOTE = re.compile(r"^[ \t]{0,3}(?:>|＞)")
_QUOTE_MARKS = re.compile(r"^(?:[ \t]{0,3}> ?)+")


def is_quoted(line: str) -> bool:
    return _QUOTE.match(line) is not None


def unquoted(line: str) -> str:
    """The line without the marks before it."""
    return _QUOTE_MARKS.sub("", line)


def core(line: str) -> tuple[str, bool]:
    """The words of a line, and whether dashes stand on both sides of them."""
    line = line.replace("&nbsp;", " ") if "&nbsp;" in line else line
    words = line.strip(DASHES)
    if not words or len(words) > LONGEST_MARK:
        return "", False
    start = line.index(words)
    before, after = line[:start].strip(), line[start + len(words) :].strip()
    return words, len(before) >= 2 and len(after) >= 2

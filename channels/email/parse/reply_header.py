"""A mail's header written into a text, as many programs put it above what they quote.

Must not know attributions, nor what is done with the quote.
"""

from __future__ import annotations

from channels.email.parse.reply_line import LONGEST_MARK, core, is_quoted
from channels.email.parse.reply_patterns import (
    HEADER_DATE,
    HEADER_FROM,
    HEADER_OTHER,
    HEADER_SENT,
    HEADER_SUBJECT,
    PREFIX,
    RULE,
)


def has_header(lines: list[str], index: int) -> bool:
    """Whether the author's name at `index` is part of one."""
    if HEADER_FROM.match(lines[index].strip(PREFIX)[:LONGEST_MARK]) is None:
        return False
    if _stands_alone(lines, index):
        return True
    labels = dates = seen = 0
    # Places and days of a journey are written so too.
    block = [line.strip(PREFIX) for line in lines[max(index - 4, 0) : index + 14]]
    if not any("@" in line or HEADER_SUBJECT.match(line) for line in block):
        return False
    for line in lines[index + 1 : index + 14]:
        if not line.strip():
            continue
        seen += 1
        name = line.strip(PREFIX)
        if HEADER_OTHER.match(name):
            labels += 1
            dates += HEADER_DATE.match(name) is not None
        elif seen > 2 * labels + 2:
            break
    return labels >= 2 or (labels == 1 and dates == 1)


def _stands_alone(lines: list[str], index: int) -> bool:
    """Fields between blank lines or under a rule, one of them when it was sent: Outlook names whom
    it knows without an address, and some programs write no more than these two."""
    first, end = index, index + 1
    while first and HEADER_OTHER.match(lines[first - 1].strip(PREFIX)):
        first -= 1
    while end < len(lines) and HEADER_OTHER.match(lines[end].strip(PREFIX)):
        end += 1
    if end < len(lines) and lines[end].strip(PREFIX):
        return False
    if first and lines[first - 1].strip(PREFIX) and not _rules(lines[first - 1]):
        return False
    fields = (line.strip(PREFIX)[:LONGEST_MARK] for line in lines[first:end])
    return any(HEADER_SENT.match(field) for field in fields)


def _rules(line: str) -> bool:
    return RULE.match(line) is not None or core(line)[1]


def header_start(lines: list[str], index: int) -> int:
    """Where one begins whose author stands at `index`: fields and a rule may be above."""
    while index and HEADER_OTHER.match(lines[index - 1].strip(PREFIX)):
        index -= 1
    above = index - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and _rules(lines[above]) else index


def marks_follow(lines: list[str], index: int) -> bool:
    """Whether what follows, but for fields, is quoted with marks, so that the rest is new words."""
    for line in lines[index : index + 12]:
        if is_quoted(line):
            return True
        name = line.strip(PREFIX)
        if name and not (HEADER_OTHER.match(name) or HEADER_FROM.match(name)):
            return False
    return False

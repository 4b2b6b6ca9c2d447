"""A forwarded mail in a text: where it begins, and what is in it.

Must not know quotes of an answered mail, but for those that a forward may stand in.
"""

from __future__ import annotations

from channels.email.parse.reply_attribution import ends_attribution
from channels.email.parse.reply_line import core, is_quoted, unquoted
from channels.email.parse.reply_patterns import FORWARD, FORWARD_DASHED


def forward_start(lines: list[str]) -> int:
    """The line that begins it; the end if there is none."""
    for index, line in enumerate(lines):
        if not is_quoted(line):
            if _begins(line):
                return index
        elif _begins(unquoted(line)) and _first_quoted(lines, index):
            return index
    return len(lines)


def forwarded(lines: list[str]) -> list[str]:
    """Without the quote marks that every line of it may carry."""
    content = [line for line in lines[1:] if line.strip()]
    if content and sum(1 for line in content if is_quoted(line)) * 2 >= len(content):
        return [unquoted(line) for line in lines]
    return lines


def _begins(line: str) -> bool:
    words, dashed = core(line)
    if not words:
        return False
    if dashed or line.lstrip().startswith("---"):
        return FORWARD_DASHED.fullmatch(words) is not None
    return FORWARD.fullmatch(words) is not None


def _first_quoted(lines: list[str], index: int) -> bool:
    """Whether nothing quoted and no attribution is above: the sender's program quotes a forward."""
    above = index
    while above and not unquoted(lines[above - 1]).strip():
        above -= 1
    return not above or not (any(map(is_quoted, lines[:above])) or ends_attribution(lines, index))

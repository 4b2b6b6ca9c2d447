"""Attributions: the lines above a quote that say who wrote it, and when.

Must not know what is done with the quote. Asked with all lines of a text and a place in it.
"""

from __future__ import annotations

import re

from channels.email.parse.reply_line import LONGEST, is_quoted
from channels.email.parse.reply_patterns import (
    ATTRIBUTION,
    ATTRIBUTION_AND_WORDS,
    DIRECTION,
    LOOSE_ATTRIBUTION,
    MARKED_ATTRIBUTION,
)

_LINES = 4


def attribution(lines: list[str], index: int) -> int:
    """How many lines from `index` are one attribution; 0 when it is none."""
    taken: list[str] = []
    for line in lines[index : index + _LINES]:
        if not line.strip() or is_quoted(line):
            return 0
        taken.append(DIRECTION.sub("", line).strip())
        if sum(map(len, taken)) > LONGEST:
            return 0
        if not taken[-1].endswith((":", "：")):
            continue
        joined = [" ".join(taken[start:]) for start in range(len(taken))]
        # Lines above a whole attribution are what somebody wrote there.
        for pattern in (ATTRIBUTION, LOOSE_ATTRIBUTION):
            whole = next(
                (n for n in reversed(range(len(joined))) if pattern.match(joined[n])), None
            )
            if whole is None:
                continue
            # One line may be broken after its address or day: `… <a@b> 于3月1日`, `10:00写道：`.
            while whole and "@" not in joined[whole] and pattern.match(joined[whole - 1]):
                if "@" not in taken[whole - 1]:
                    break
                whole -= 1
            return len(taken) if whole == 0 else 0
        if is_quoted(_below(lines, index + len(taken)) or "") and MARKED_ATTRIBUTION.match(
            joined[0]
        ):
            return len(taken)
    return 0


def marked_attribution(lines: list[str], index: int) -> int:
    """The same, where a quote with marks is below it, or nothing."""
    length = attribution(lines, index)
    below = _below(lines, index + length)
    return length if below is None or is_quoted(below) else 0


def _below(lines: list[str], index: int) -> str | None:
    return next((line for line in lines[index : index + 4] if line.strip()), None)


def ends_attribution(lines: list[str], end: int) -> bool:
    """Whether the last words above `end` are one."""
    while end and not lines[end - 1].strip():
        end -= 1
    first = max(end - _LINES, 0)
    return any(attribution(lines, start) == end - start for start in range(first, end))


def attributes_and_goes_on(lines: list[str], index: int) -> bool:
    """One line, or two, with words of the quote behind the colon."""
    text = lines[index]
    if " wrote:" not in text and index + 1 < len(lines) and " wrote:" in lines[index + 1]:
        text = f"{text} {lines[index + 1]}"
    if " wrote:" not in text or len(text) > LONGEST:
        return False
    return ATTRIBUTION_AND_WORDS.match(text) is not None


def is_strong(attribution: str) -> bool:
    """One that no sentence of a person looks like."""
    return "@" in attribution or len(re.findall(r"\d", attribution)) >= 5

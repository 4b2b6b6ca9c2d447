"""The new words of a reply: quotes, attributions and signatures folded away, never guessed away.

Works on plain lines; HTML comes here as text with `> ` before quoted lines. What stands under a
forward mark is what the sender wanted read, so it stays. If folding would leave nothing though
something unquoted was written, the text is given as it is.
"""

from __future__ import annotations

import re

from channels.email.parse.reply_attribution import (
    attributes_and_goes_on,
    attribution,
    is_strong,
    marked_attribution,
)
from channels.email.parse.reply_escape import unescaped
from channels.email.parse.reply_forward import forward_start, forwarded
from channels.email.parse.reply_header import has_header, header_start, marks_follow
from channels.email.parse.reply_line import BLANK, FOLD, LONGEST, core, is_quoted
from channels.email.parse.reply_patterns import FORWARD_SUBJECT, REPLY_ABOVE, SEPARATOR
from channels.email.parse.reply_signature import is_sent_from, unsigned, without_signature

_BLANKS = re.compile(r"\n{3,}")


def fold_reply(text: str, subject: str = "") -> str:
    """`text` without quotes and signature; `subject` tells a forward from a reply."""
    lines = unescaped(text)
    forward_at = forward_start(lines)
    cut = _cut(lines[:forward_at])
    forwards = FORWARD_SUBJECT.match(subject) is not None
    tail = lines[forward_at:]
    if cut < forward_at:
        # What begins like a quote is the forwarded mail itself if the subject says so; else a
        # forward below it stands inside the quote.
        tail = lines[cut:] if forwards else []
    kept = _without_quotes(lines[:cut], keep_marked=forwards and not tail)
    words = _joined(without_signature(kept, open_end=cut == len(lines)))
    if tail:
        return "\n\n".join(filter(None, (words, _joined(forwarded(tail)))))
    if words or all(not line.strip(BLANK) or is_sent_from(line) for line in kept):
        # Nothing at all above an unmarked quote: more likely it is no quote.
        return words if words or cut == len(lines) or _joined(kept) else _joined(lines)
    return _joined(kept)


def _joined(lines: list[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines).replace(FOLD, "")
    return _BLANKS.sub("\n\n", unsigned(text)).strip()


def _cut(lines: list[str]) -> int:
    """Where an unmarked quote begins that goes on to the end; the end if there is none."""
    for index, line in enumerate(lines):
        if not line.strip() or len(line) > LONGEST or is_quoted(line):
            continue
        if _separates(line):
            if not marks_follow(lines, index + 1):
                return index
            continue
        if has_header(lines, index):
            if not marks_follow(lines, index + 1):
                return header_start(lines, index)
            continue
        if attributes_and_goes_on(lines, index):
            return index
        after = index + attribution(lines, index)
        if (
            after > index
            and not marks_follow(lines, after)
            and any(other.strip() for other in lines[after:])
            and is_strong(" ".join(lines[index:after]))
        ):
            return index
    return len(lines)


def _without_quotes(lines: list[str], *, keep_marked: bool) -> list[str]:
    """Lines outside marked quotes and what is written above those; a fold where one was."""
    kept: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        if is_quoted(line):
            if keep_marked:
                kept.append(line)
            elif kept and kept[-1] != FOLD:
                kept.append(FOLD)
            index += 1
            continue
        if not keep_marked and line.strip() and len(line) <= LONGEST:
            if _separates(line) and marks_follow(lines, index + 1):
                index += 1
                continue
            if has_header(lines, index):
                while index < len(lines) and not is_quoted(lines[index]):
                    index += 1
                continue
            length = marked_attribution(lines, index)
            if length:
                index += length
                continue
        kept.append(line)
        index += 1
    return kept


def _separates(line: str) -> bool:
    """Whether it says, between dashes, that what was answered follows."""
    if REPLY_ABOVE.fullmatch(line.strip()):
        return True
    words, dashed = core(line)
    return dashed and SEPARATOR.fullmatch(words) is not None

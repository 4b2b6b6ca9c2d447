"""The new words of a reply: quotes, attributions and signatures folded away, never guessed away.

Works on plain lines; HTML comes here as text with `> ` before quoted lines. What stands under a
forward mark is what the sender wanted read, so it stays. If folding would leave nothing though
something unquoted was written, the text is given as it is.
"""

from __future__ import annotations

import re
from itertools import takewhile

from channels.email.parse.reply_patterns import (
    APPS,
    ATTRIBUTION,
    ATTRIBUTION_AND_WORDS,
    DASHES,
    DIRECTION,
    FORWARD,
    FORWARD_DASHED,
    FORWARD_SUBJECT,
    HEADER_DATE,
    HEADER_FROM,
    HEADER_OTHER,
    HEADER_SUBJECT,
    LIST_FOOTER,
    LOOSE_ATTRIBUTION,
    MARKED_ATTRIBUTION,
    MASTER_SIGNATURE,
    PREFIX,
    REPLY_ABOVE,
    RULE,
    SENT_FROM,
    SEPARATOR,
    SIGNATURE,
)

_QUOTE = re.compile(r"^[ \t]{0,3}(?:>|＞)")
_ESCAPED_FROM = re.compile(r"^>+(?=From )")
_QUOTE_MARKS = re.compile(r"^(?:[ \t]{0,3}> ?)+")
_LONGEST_PATTERN_LINE = 500
_LONGEST_CORE = 120
_ATTRIBUTION_LINES = 4
_SIGNATURE_LINES = 25
_TABLE_LINES = 16
_SENT_WORDS = 7
_SIGNED = "\ufdd0"  # a noncharacter (Unicode section 23.7): text that is meant holds none
_URL = re.compile(r"<https?://[^<>\s]*>|\(https?://[^()\s]*\)")
_PGP_HEAD = "-----BEGIN PGP SIGNED MESSAGE-----"
_PGP_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_PGP_END = "-----END PGP SIGNATURE-----"
_FOLD = "\0"  # stands where a quote was; text never holds a NUL
_BLANK_OR_FOLD = " \t\0"
_BLANKS = re.compile(r"\n{3,}")


def fold_reply(text: str, subject: str = "") -> str:
    """`text` without quotes and signature; `subject` tells a forward from a reply."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if _PGP_HEAD in text:
        lines = _without_armour(lines)
    lines = _from_unescaped(lines)
    forward_at = _forward_start(lines)
    cut = _cut(lines[:forward_at])
    forwarded = FORWARD_SUBJECT.match(subject) is not None
    tail = lines[forward_at:]
    if cut < forward_at:
        # What begins like a quote is the forwarded mail itself if the subject says so; else a
        # forward below it stands inside the quote.
        tail = lines[cut:] if forwarded else []
    kept = _unquoted(lines[:cut], keep_quotes=forwarded and not tail)
    new = _without_signature(kept, open_end=cut == len(lines))
    words = _joined(new)
    if tail:
        return "\n\n".join(filter(None, (words, _joined(_unmarked(tail)))))
    if words or all(not line.strip(_BLANK_OR_FOLD) or _is_sent_from(line) for line in kept):
        # Nothing at all above an unmarked quote: more likely it is no quote.
        return words if words or cut == len(lines) or _joined(kept) else _joined(lines)
    return _joined(kept)


def unsigned(text: str) -> str:
    """`text` without the marks of `signed_line`."""
    return text.replace(_SIGNED, "")


def signed_line(line: str) -> str:
    """`line` of HTML that stands in what its program calls the signature, for `fold_reply`."""
    return _SIGNED + line


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
    escaped = [index for index, line in enumerate(lines) if _ESCAPED_FROM.match(line)]
    if not escaped:
        return lines
    out = list(lines)
    quoted = False  # whether the line above one is a quote
    for index in escaped:
        above = lines[index - 1] if index else ""
        below = lines[index + 1] if index + 1 < len(lines) else ""
        if not _ESCAPED_FROM.match(above):
            quoted = _QUOTE.match(above) is not None or _ends_attribution(lines, index)
        if not quoted and (_ESCAPED_FROM.match(below) or not _QUOTE.match(below)):
            out[index] = _ESCAPED_FROM.sub("", lines[index])
    return out


def _ends_attribution(lines: list[str], end: int) -> bool:
    while end and not lines[end - 1].strip():
        end -= 1
    first = max(end - _ATTRIBUTION_LINES, 0)
    return any(_attribution(lines, start) == end - start for start in range(first, end))


def _joined(lines: list[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines).replace(_FOLD, "")
    text = unsigned(text)
    return _BLANKS.sub("\n\n", text).strip()


def _unmarked(lines: list[str]) -> list[str]:
    """Without the quote marks that every line of a forwarded block may carry."""
    content = [line for line in lines[1:] if line.strip()]
    if content and sum(1 for line in content if _QUOTE.match(line)) * 2 >= len(content):
        return [_QUOTE_MARKS.sub("", line) for line in lines]
    return lines


def _core(line: str) -> tuple[str, bool]:
    """The words of a line, and whether dashes stand on both sides of them."""
    line = line.replace("&nbsp;", " ") if "&nbsp;" in line else line
    core = line.strip(DASHES)
    if not core or len(core) > _LONGEST_CORE:
        return "", False
    start = line.index(core)
    before, after = line[:start].strip(), line[start + len(core) :].strip()
    return core, len(before) >= 2 and len(after) >= 2


def _begins_forward(line: str) -> bool:
    core, dashed = _core(line)
    if not core:
        return False
    if dashed or line.lstrip().startswith("---"):
        return FORWARD_DASHED.fullmatch(core) is not None
    return FORWARD.fullmatch(core) is not None


def _separates(line: str) -> bool:
    if REPLY_ABOVE.fullmatch(line.strip()):
        return True
    core, dashed = _core(line)
    return dashed and SEPARATOR.fullmatch(core) is not None


def _names_author(line: str) -> bool:
    return HEADER_FROM.match(line.strip(PREFIX)[:_LONGEST_CORE]) is not None


def _forward_start(lines: list[str]) -> int:
    for index, line in enumerate(lines):
        if not _QUOTE.match(line):
            if _begins_forward(line):
                return index
        elif _begins_forward(_QUOTE_MARKS.sub("", line)) and _first_quoted(lines, index):
            return index
    return len(lines)


def _first_quoted(lines: list[str], index: int) -> bool:
    """Whether nothing quoted and no attribution is above: the sender's program quotes a forward."""
    above = index
    while above and not _QUOTE_MARKS.sub("", lines[above - 1]).strip():
        above -= 1
    return not above or not (
        any(_QUOTE.match(line) for line in lines[:above]) or _ends_attribution(lines, index)
    )


def _cut(lines: list[str]) -> int:
    """Where an unmarked quote begins that goes on to the end; the end if there is none."""
    for index, line in enumerate(lines):
        if not line.strip() or len(line) > _LONGEST_PATTERN_LINE or _QUOTE.match(line):
            continue
        if _separates(line):
            if not _marked_follow(lines, index + 1):
                return index
            continue
        if _names_author(line) and _is_header_block(lines, index):
            start = _rule_above(lines, index)
            if not _marked_follow(lines, index + 1):
                return start
            continue
        if _attributes_and_goes_on(lines, index):
            return index
        length = _attribution(lines, index)
        if length and not _marked_follow(lines, index + length):
            following = next((x for x in lines[index + length :] if x.strip()), "")
            if following and _strong(" ".join(lines[index : index + length])):
                return index
    return len(lines)


def _attributes_and_goes_on(lines: list[str], index: int) -> bool:
    """One line, or two, with words of the quote behind the colon."""
    text = lines[index]
    if " wrote:" not in text and index + 1 < len(lines) and " wrote:" in lines[index + 1]:
        text = f"{text} {lines[index + 1]}"
    if " wrote:" not in text or len(text) > _LONGEST_PATTERN_LINE:
        return False
    return ATTRIBUTION_AND_WORDS.match(text) is not None


def _strong(attribution: str) -> bool:
    """An attribution that no sentence of a person looks like."""
    return "@" in attribution or len(re.findall(r"\d", attribution)) >= 5


def _rule_above(lines: list[str], index: int) -> int:
    """Where the block begins whose author stands at `index`: fields and a rule may be above."""
    while index and HEADER_OTHER.match(lines[index - 1].strip(PREFIX)):
        index -= 1
    above = index - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    ruled = above >= 0 and (RULE.match(lines[above]) is not None or _core(lines[above])[1])
    return above if ruled else index


def _is_header_block(lines: list[str], index: int) -> bool:
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


def _marked_follow(lines: list[str], index: int) -> bool:
    """Whether what follows is quoted with marks, so that lines without are new words."""
    for line in lines[index : index + 12]:
        if _QUOTE.match(line):
            return True
        name = line.strip(PREFIX)
        if name and not (HEADER_OTHER.match(name) or HEADER_FROM.match(name)):
            return False
    return False


def _attribution(lines: list[str], index: int) -> int:
    """How many lines from `index` are one attribution; 0 when it is none."""
    taken: list[str] = []
    for line in lines[index : index + _ATTRIBUTION_LINES]:
        if not line.strip() or _QUOTE.match(line):
            return 0
        taken.append(DIRECTION.sub("", line).strip())
        if sum(map(len, taken)) > _LONGEST_PATTERN_LINE:
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
        if _marked_next(lines, index + len(taken)) and MARKED_ATTRIBUTION.match(joined[0]):
            return len(taken)
    return 0


def _unquoted(lines: list[str], *, keep_quotes: bool) -> list[str]:
    """Lines outside marked quotes and their attributions."""
    kept: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        if _QUOTE.match(line):
            if keep_quotes:
                kept.append(line)
            elif kept and kept[-1] != _FOLD:
                kept.append(_FOLD)
            index += 1
            continue
        if not keep_quotes and line.strip() and len(line) <= _LONGEST_PATTERN_LINE:
            if _separates(line) and _marked_follow(lines, index + 1):
                index += 1
                continue
            if _names_author(line) and _is_header_block(lines, index):
                while index < len(lines) and not _QUOTE.match(lines[index]):
                    index += 1
                continue
            length = _attribution(lines, index)
            if length and _next_is_quote(lines, index + length):
                index += length
                continue
        kept.append(line)
        index += 1
    return kept


def _marked_next(lines: list[str], index: int) -> bool:
    following = next((line for line in lines[index : index + 4] if line.strip()), "")
    return _QUOTE.match(following) is not None


def _next_is_quote(lines: list[str], index: int) -> bool:
    following = next((line for line in lines[index : index + 4] if line.strip()), None)
    return following is None or _QUOTE.match(following) is not None


def _without_signature(lines: list[str], *, open_end: bool) -> list[str]:
    out: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        short = len(line) <= 120
        if line.startswith(_SIGNED):
            index += 1
            continue
        if MASTER_SIGNATURE.match(line):
            table = range(len(out) - 1, max(len(out) - _TABLE_LINES, 0) - 1, -1)
            top = next((at for at in table if out[at].replace(" ", "") == "||"), len(out))
            del out[top:]
            index += 1
            continue
        if _is_sent_from(line) and _stands_alone(lines, index):
            index += 1
            continue
        if short and SIGNATURE.match(line):
            rest = takewhile(lambda other: other != _FOLD, lines[index + 1 :])
            written = sum(1 for other in rest if other.strip())
            if line.startswith("-- ") or written <= _SIGNATURE_LINES:
                # A signature ends where a quote begins: answers may stand below that.
                index = next((i for i in range(index, len(lines)) if lines[i] == _FOLD), len(lines))
                continue
        if RULE.match(line) and _is_list_footer(lines[index + 1 :]) and open_end:
            break
        out.append(line)
        index += 1
    return out


def _is_sent_from(line: str) -> bool:
    line = _URL.sub("", line.lstrip(_SIGNED).strip())
    if len(line) > _LONGEST_CORE or SENT_FROM.fullmatch(line) is None:
        return False
    # Things are sent from places too, and that takes a sentence.
    return len(line.split()) <= _SENT_WORDS or APPS.search(line) is not None


def _stands_alone(lines: list[str], index: int) -> bool:
    """A line of its own paragraph, or one at the very end: not the middle of a sentence."""
    before = lines[index - 1].strip(_BLANK_OR_FOLD) if index else ""
    after = lines[index + 1].strip(_BLANK_OR_FOLD) if index + 1 < len(lines) else ""
    return not before or not after


def _is_list_footer(lines: list[str]) -> bool:
    written = [line for line in lines if line.strip()]
    return 0 < len(written) <= 10 and any(LIST_FOOTER.search(line) for line in written[:4])

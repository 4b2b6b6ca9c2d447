"""The words of HTML that was built to make parsers slow: by its bare tags, in linear time.

Rougher than `html_text`, which reads a tree.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from itertools import islice

from channels.email.parse.html_text import BLOCK


def _either_case(names: str) -> str:
    """As alternatives without the flag, with which a search is several times slower."""
    return "|".join(
        "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in name) for name in names.split()
    )


# The looks ahead are for speed: most of what begins with `<` is something else.
_SKIPPED = re.compile(
    r"<(?=[!/sStThH](?:--|[a-zA-Z]))"
    rf"(?:(!--)|(/?)({_either_case('script style title head')})(?![\w:-]))"
)
_TAG = re.compile(r"<(?=[a-zA-Z/!?])(/?[a-zA-Z][a-zA-Z0-9:-]{0,40}+|[!?/])[^<>\0]*+>")
# As HTML and `html.unescape` read them: the semicolon may be missing.
_REFERENCE = re.compile(r"(&(?:#[0-9]++;?|#[xX][0-9a-fA-F]++;?|[^\0\t\n\f <&#;]{1,32}+;?))")
_MAX_KNOWN = 100_000
_MAX_SKIPPED = 200_000
_PIECE = 1024 * 1024
_LONGEST_TAG_MOVED = 4096
_SAMPLE = 64 * 1024  # of a piece, that tells which tags and references it repeats
_REPEATED = 16  # of them, that are exchanged all at once
_OFTEN = 50  # in a sample
_NOTHING = "\0"  # where something was exchanged: what stood around it isn't read as one thing


def bare_text(source: str) -> str:
    """The words between the tags, in linear time for any input; one piece at a time."""
    tags, references = _Tags(), _References()
    out: list[str] = []
    for part in _shown(source):
        position = 0
        while position < len(part):
            end = _piece_end(part, position)
            piece = part[position:end]
            if "<" in piece:
                piece = _untagged(piece, tags)
            out.append(_tidy(_unescaped(piece, references) if "&" in piece else piece))
            position = end
    return "".join(out).strip("\n ")


def _untagged(piece: str, tags: _Tags) -> str:
    for tag in _repeated(_TAG, piece):
        match = _TAG.match(tag)
        assert match is not None
        piece = piece.replace(tag, _NOTHING + tags[match[1]])
    parts = _TAG.split(piece)
    parts[1::2] = map(tags.__getitem__, parts[1::2])
    return "".join(parts).replace("<!--", "").replace(_NOTHING, "")


def _unescaped(piece: str, references: _References) -> str:
    for reference in _repeated(_REFERENCE, piece):
        meant = references[reference]
        if reference.endswith(";") and "&" not in meant:
            piece = piece.replace(reference, _NOTHING + meant)
    parts = _REFERENCE.split(piece)
    parts[1::2] = map(references.__getitem__, parts[1::2])
    return "".join(parts).replace(_NOTHING, "")


def _repeated(pattern: re.Pattern[str], piece: str) -> list[str]:
    """What of `pattern` fills the piece: exchanging each of these at once is the quickest."""
    if len(piece) < _SAMPLE:
        return []
    sample = Counter(match[0] for match in pattern.finditer(piece, 0, _SAMPLE))
    return [written for written, number in sample.most_common(_REPEATED) if number >= _OFTEN]


def _tidy(piece: str) -> str:
    for white in "\t\f\v\r\xa0":
        piece = piece.replace(white, " ")
    for run, one in (("  ", " "), (" \n", "\n"), ("\n ", "\n"), ("\n\n\n", "\n\n")):
        while run in piece:
            piece = piece.replace(run, one)
    return piece


def _piece_end(part: str, position: int) -> int:
    """Where a piece may end without cutting a tag or a reference, if there is such a place."""
    end = position + _PIECE
    if end >= len(part):
        return len(part)
    tag = part.rfind("<", end - _LONGEST_TAG_MOVED, end)
    if tag >= 0:
        return tag
    return max(part.rfind(" ", end - 64, end), part.rfind("&", end - 64, end), end - 64)


def _shown(source: str) -> list[str]:
    """`source` without comments, scripts, style sheets and its head, as far as those are closed."""
    found = list(islice(_SKIPPED.finditer(source), _MAX_SKIPPED))
    closings = {match[3].lower(): match.start() for match in found if match[2]}
    last_comment_end = source.rfind("-->")
    parts: list[str] = []
    position = 0
    unseen = ""
    for match in found:
        if match.start() < position:
            continue
        tag = (match[3] or "").lower()
        if unseen:
            if match[2] and tag == unseen:
                position, unseen = match.start(), ""
        elif match[1]:
            if last_comment_end >= match.end():
                parts.append(source[position : match.start()])
                position = source.find("-->", match.end()) + len("-->")
        elif not match[2] and closings.get(tag, -1) > match.start():
            parts.append(source[position : match.start()])
            position, unseen = match.start(), tag
    parts.append(source[position:])
    return parts


class _Tags(dict[str, str]):
    """What stands for each tag, by its name as it was written."""

    def __missing__(self, written: str) -> str:
        name = written.removeprefix("/").lower()
        meant = "\n" if name == "br" or name in BLOCK else " " if name in ("td", "th") else ""
        if len(self) < _MAX_KNOWN:
            self[written] = meant
        return meant


class _References(dict[str, str]):
    """What each character reference means; too many different ones stay as they were written."""

    def __missing__(self, written: str) -> str:
        if len(self) >= _MAX_KNOWN:
            return written
        meant = self[written] = html.unescape(written)
        return meant

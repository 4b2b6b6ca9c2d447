"""The words of HTML that was built to make parsers slow: by its bare tags, in linear time.

Rougher than `html_text`, which reads a tree.
"""

from __future__ import annotations

import html
import re
from itertools import islice

from channels.email.parse.html_text import BLOCK


def _either_case(names: str) -> str:
    """As alternatives without the flag, with which a search is several times slower."""
    return "|".join(
        "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in name) for name in names.split()
    )


_SKIPPED = re.compile(rf"<(?:(!--)|(/?)({_either_case('script style title head')})(?![\w:-]))")
_TAG_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:-]{0,40})|[!?/]")
_LONGEST_REFERENCE = 32
_MAX_KNOWN = 10_000
_MAX_SKIPPED = 200_000
_PIECE = 1024 * 1024
_LONGEST_TAG_MOVED = 4096


def bare_text(source: str) -> str:
    """The words between the tags, in linear time for any input; one piece at a time."""
    tags, references = _Tags(), _References()
    out: list[str] = []
    for part in _shown(source):
        position = 0
        while position < len(part):
            end = _piece_end(part, position)
            piece = _untagged(part[position:end], tags)
            out.append(_tidy(_unescaped(piece, references) if "&" in piece else piece))
            position = end
    return "".join(out).strip("\n ")


def _untagged(piece: str, tags: _Tags) -> str:
    first, *others = piece.split("<")
    out = [first]
    for other in others:
        tag, closed, words = other.partition(">")
        if closed:
            out.append(tags[tag])
            out.append(words)
        else:
            out.append(other[3:] if other.startswith("!--") else f"<{other}")
    return "".join(out)


def _unescaped(piece: str, references: _References) -> str:
    first, *others = piece.split("&")
    out = [first]
    for other in others:
        if not other or not (other[0].isalpha() or other[0] == "#"):
            out.append(f"&{other}")  # begins no reference
            continue
        name, closed, words = other.partition(";")
        if closed and len(name) <= _LONGEST_REFERENCE:
            out.append(references[name])
            out.append(words)
        else:
            out.append(html.unescape(f"&{other}"))
    return "".join(out)


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
    """What stands for each tag; one mail repeats few of them very often."""

    def __missing__(self, written: str) -> str:
        match = _TAG_NAME.match(written)
        name = (match[1] or "").lower() if match else ""
        if match is None:
            meant = f"<{written}>"
        elif name == "br" or name in BLOCK:
            meant = "\n"
        else:
            meant = " " if name in ("td", "th") else ""
        if len(self) < _MAX_KNOWN and len(written) <= _LONGEST_TAG_MOVED:
            self[written] = meant
        return meant


class _References(dict[str, str]):
    """What each character reference means; the same."""

    def __missing__(self, name: str) -> str:
        meant = html.unescape(f"&{name};")
        if len(self) < _MAX_KNOWN:
            self[name] = meant
        return meant

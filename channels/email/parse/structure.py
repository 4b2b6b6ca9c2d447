"""The MIME tree of a mail as leaves with exact byte ranges (RFC 2046). Linear and not recursive.

Owns boundaries, nesting and their limits; knows nothing of charsets or of what a leaf is for.
`message/*` is a leaf: what was sent along stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from channels.email.parse.headers import Head, read_head
from channels.email.parse.limits import Limits
from channels.email.parse.params import Value, media_type, read_value
from channels.email.parse.problems import Problems

_GUESSED_IN = 256 * 1024
_GUESS = re.compile(rb"(?<![^\n])--([^\r\n]{1,200}?)[ \t]*\r*\nContent-", re.IGNORECASE)


@dataclass(slots=True)
class Leaf:
    """One leaf. Its encoded body is `raw[start:end]`; `within` are the multiparts around it,
    outermost first, each with a number of its own."""

    head: Head
    type: str
    content_type: Value
    disposition: Value
    start: int
    end: int
    within: tuple[tuple[int, str], ...]
    whole: bool = False  # kept whole because of a limit; its transfer encoding is not undone


@dataclass(slots=True)
class Tree:
    """All leaves in order, and the type of the root with its parameters."""

    root_type: str
    root: Value
    leaves: list[Leaf]


@dataclass(slots=True)
class _Pending:
    start: int
    end: int
    within: tuple[tuple[int, str], ...]
    default: str
    rest_of: str = ""  # the type of the multipart whose remaining parts these bytes are
    head: Head | None = None


def read_tree(raw: bytes, head: Head, end: int, limits: Limits, problems: Problems) -> Tree:
    """Cut `raw[head.body_start:end]` into leaves."""
    root = read_value(head.first("content-type"), problems)
    tree = Tree(media_type(root, "text/plain"), root, [])
    stack = [_Pending(head.body_start, end, (), "text/plain", head=head)]
    multiparts = 0
    while stack:
        pending = stack.pop()
        if pending.rest_of:
            _keep_rest(tree, pending, limits, problems)
            continue
        part = pending.head or read_head(raw, pending.start, pending.end, limits, problems)
        value = root if part is head else read_value(part.first("content-type"), problems)
        kind = media_type(value, pending.default)
        disposition = read_value(part.first("content-disposition"), problems)
        leaf = Leaf(part, kind, value, disposition, part.body_start, pending.end, pending.within)
        if not kind.startswith("multipart/"):
            tree.leaves.append(leaf)
            continue
        if len(pending.within) >= limits.depth:
            problems.add("limit", f"nested deeper than {limits.depth}, kept whole from there")
            leaf.whole = True
            tree.leaves.append(leaf)
            continue
        room = limits.parts - multiparts - len(tree.leaves) - sum(1 for p in stack if not p.rest_of)
        pieces = _pieces(raw, leaf, max(room, 1), problems)
        if pieces is None:
            problems.add("mime", f"{kind} without any part, read as text")
            leaf.type = "text/plain"
            tree.leaves.append(leaf)
            continue
        multiparts += 1
        within = (*pending.within, (multiparts, kind))
        default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        for start, stop, rest in reversed(pieces):
            stack.append(_Pending(start, stop, within, default, kind if rest else ""))
    return tree


def _keep_rest(tree: Tree, pending: _Pending, limits: Limits, problems: Problems) -> None:
    problems.add("limit", f"more than {limits.parts} parts, the rest was kept whole")
    value = Value(pending.rest_of)
    tree.leaves.append(
        Leaf(
            Head(),
            pending.rest_of,
            value,
            Value("attachment"),
            pending.start,
            pending.end,
            pending.within,
            whole=True,
        )
    )


def _pieces(
    raw: bytes, leaf: Leaf, room: int, problems: Problems
) -> list[tuple[int, int, bool]] | None:
    """Ranges of the parts, the last one marked when it holds all that no room was left for.

    None when not even a guessed boundary is found in a body that has something in it.
    """
    boundary = leaf.content_type.get("boundary").rstrip()
    tried: list[bytes] = []
    if boundary:
        tried.append(boundary.encode("utf-8", "replace"))
        if not boundary.isascii():
            tried.append(boundary.encode("latin-1", "replace"))
    for candidate in tried:
        pieces = _cut(raw, leaf, candidate, room, problems)
        if pieces is not None:
            return pieces
    if raw[leaf.start : leaf.end].isspace() or leaf.start >= leaf.end:
        if not leaf.within:
            problems.add("mime", "a multipart mail without any part")
        return []
    guess = _GUESS.search(raw, leaf.start, min(leaf.end, leaf.start + _GUESSED_IN))
    if guess is None:
        return None
    problems.add("mime", "the boundary is missing or wrong, one was guessed")
    return _cut(raw, leaf, guess[1], room, problems)


def _cut(
    raw: bytes, leaf: Leaf, boundary: bytes, room: int, problems: Problems
) -> list[tuple[int, int, bool]] | None:
    pieces: list[tuple[int, int, bool]] = []
    begin = -1
    closed = seen = False
    closings = 0
    for match in _delimiters(raw, leaf, boundary):
        if begin >= 0:
            if len(pieces) >= room:
                pieces[-1] = (pieces[-1][0], leaf.end, True)
                return pieces
            pieces.append((begin, _before(raw, begin, match.start()), False))
        elif closed and not match[1]:
            problems.add("mime", "parts after the last boundary")
        closed = match[1] is not None
        begin = -1 if closed else match.end()
        seen = True
        closings += closed
        if closings > room:
            break
    if not seen:
        return None
    if not closed:
        problems.add("mime", "the last boundary is missing")
        if begin < leaf.end:
            pieces.append((begin, leaf.end, False))
    return pieces


def _delimiters(raw: bytes, leaf: Leaf, boundary: bytes) -> Iterator[re.Match[bytes]]:
    """Whole delimiter lines; the group is set for a closing one."""
    literal = re.escape(b"--" + boundary)
    rest = rb"(--)?[ \t]*\r*(?:\n|\Z)"
    # The literal stands first and what is before it is looked at after, for that is fast.
    pattern = re.compile(literal + rb"(?<=[\r\n]" + literal + b")" + rest)
    return pattern.finditer(raw, leaf.start, leaf.end)


def _before(raw: bytes, begin: int, found: int) -> int:
    """Where the content before a delimiter ends: the line break belongs to the delimiter."""
    end = found
    if end > begin and raw[end - 1 : end] == b"\n":
        end -= 1
    if end > begin and raw[end - 1 : end] == b"\r":
        end -= 1
    return max(end, begin)

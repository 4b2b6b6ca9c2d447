"""The header block of a mail or of a part: its fields as bytes, and where the body begins.

Follows RFC 5322 section 2.2 and forgives what real and hostile mails break of it. Knows nothing
of what a field means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from channels.email.parse.limits import Limits
from channels.email.parse.problems import Problems

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_FOLD = re.compile(rb"[\r\n]+[ \t]*|[\r\n\0]")
_KNOWN = re.compile(
    rb"(?i)(?:from|to|cc|bcc|subject|date|message-id|in-reply-to|references|reply-to|sender|"
    rb"mime-version|content-[a-z-]+|received|return-path|delivered-to|list-[a-z-]+|"
    rb"dkim-signature|authentication-results|arc-[a-z-]+|auto-submitted|precedence|x-[a-z0-9-]+)"
    rb"[ \t]*:"
)
_BLANK = re.compile(rb"\n\r*\n")
_LOOK_AHEAD = 64 * 1024


@dataclass(slots=True)
class Head:
    """The fields of one block, by lower-case name, in order; values are unfolded bytes."""

    fields: dict[str, list[bytes]] = field(default_factory=dict)
    body_start: int = 0

    def all(self, name: str) -> list[bytes]:
        """Every value of a field, topmost first."""
        return self.fields.get(name, [])

    def first(self, name: str) -> bytes:
        """The topmost value of a field, empty when there is none."""
        values = self.fields.get(name)
        return values[0] if values else b""


def read_head(
    raw: bytes, start: int, end: int, limits: Limits, problems: Problems, *, top: bool = False
) -> Head:
    """Read the block at `raw[start:end]`. `top` forgives what stands before a mail."""
    head = Head()
    position = _skip_lead(raw, start, end, problems) if top else start
    block_end = min(end, position + limits.header_block_bytes)
    name, size, count = "", 0, 0
    pieces: list[bytes] = []
    while position < end:
        newline = raw.find(b"\n", position, end)
        line_end, following = (end, end) if newline < 0 else (newline, newline + 1)
        line = raw[position:line_end].rstrip(b"\r")
        if not line:
            position = following
            break
        if position >= block_end or count > limits.header_fields:
            problems.add("limit", "the header block is too long, its rest was passed over")
            position = _end_of_block(raw, position, end)
            break
        if line[0] in b" \t" and name:
            if line.isspace() and not _FIELD.match(raw, following, end):
                position = following
                break
            if size < limits.header_field_bytes:
                pieces.append(line)
            size += len(line)
            position = following
            continue
        match = _FIELD.match(line)
        if match is None:
            if _more_fields_follow(raw, following, end):
                problems.add("header", "a line that is no field was passed over")
                position = following
                continue
            if name:
                problems.add("header", "no blank line before the body")
            break
        if name:
            _store(head, name, pieces, size, limits, problems)
            name = ""
        count += 1
        name = match[1].decode("ascii").lower()
        pieces, size = [line[match.end() :]], len(line)
        position = following
    if name:
        _store(head, name, pieces, size, limits, problems)
    head.body_start = min(position, end)
    return head


def _store(
    head: Head, name: str, pieces: list[bytes], size: int, limits: Limits, problems: Problems
) -> None:
    value = b" ".join(piece.strip(b" \t\r") for piece in pieces) if len(pieces) > 1 else pieces[0]
    if size > limits.header_field_bytes:
        problems.add("limit", f"header {name} is too long, its rest was cut")
        value = value[: limits.header_field_bytes]
    if b"\r" in value or b"\0" in value:
        value = _FOLD.sub(b" ", value.rstrip(b"\r"))
    head.fields.setdefault(name, []).append(value.strip())


def _skip_lead(raw: bytes, start: int, end: int, problems: Problems) -> int:
    position = start
    if raw.startswith(b"\xef\xbb\xbf", position):
        position += 3
    while position < end and raw[position] in b"\r\n \t\0":
        position += 1
    while raw.startswith((b"From ", b">From "), position):
        newline = raw.find(b"\n", position, end)
        if newline < 0:
            break
        problems.add("header", "an mbox line stood before the mail")
        position = newline + 1
    return position


def _more_fields_follow(raw: bytes, position: int, end: int) -> bool:
    """Whether known fields stand between here and the next blank line."""
    stop = min(end, position + _LOOK_AHEAD)
    while position < stop:
        newline = raw.find(b"\n", position, stop)
        line_end = stop if newline < 0 else newline
        if raw[position:line_end].strip(b"\r") == b"":
            return False
        if _KNOWN.match(raw, position, line_end):
            return True
        position = line_end + 1
    return False


def _end_of_block(raw: bytes, position: int, end: int) -> int:
    match = _BLANK.search(raw, max(position - 1, 0), end)
    return match.end() if match else end

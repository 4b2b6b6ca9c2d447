"""Content-Transfer-Encoding undone, forgiving what is broken (RFC 2045 section 6). Pure bytes."""

from __future__ import annotations

import binascii
import re

from channels.email.parse.problems import Problems

_IDENTITY = frozenset((b"", b"7bit", b"8bit", b"binary", b"7-bit", b"8-bit", b"none", b"7bits"))
_UU = frozenset((b"x-uuencode", b"uuencode", b"x-uue", b"uue", b"x-uu"))
_NOT_BASE64 = bytes(
    c for c in range(256) if not (chr(c).isascii() and chr(c).isalnum()) and c not in b"+/="
)
_BASE64 = bytes(c for c in range(256) if c not in _NOT_BASE64)
_WHITE = b" \t\r\n\v\f"
_MAX_LINES = 700_000
_MAX_SEGMENTS = 10_000


def decoded(body: bytes, encoding: bytes, problems: Problems) -> bytes:
    """The content that `body` carries; what can't be decoded is given as far as it goes."""
    name = encoding.split(b";")[0].split(b"(")[0].strip(b" \t\"'").lower()
    if name in _IDENTITY:
        return body
    if name == b"base64":
        return _base64(body, problems)
    if name == b"quoted-printable":
        return binascii.a2b_qp(body)
    if name in _UU:
        return _uudecode(body, problems)
    problems.add("encoding", f"transfer encoding {name[:40]!r} is unknown, taken as it is")
    return body


def _base64(body: bytes, problems: Problems) -> bytes:
    data = body.translate(None, _NOT_BASE64)
    if len(data) != len(body.translate(None, _WHITE)):
        end = _words_below(body)
        if end:
            problems.add("base64", "words below its end were passed over")
            return _base64(body[:end], problems)
        problems.add("base64", "characters outside the alphabet were passed over")
    pad = data.find(b"=")
    if (pad < 0 or len(data) - pad <= 2) and len(data) % 4 == 0:
        return binascii.a2b_base64(data)
    pieces: list[bytes] = []
    segments = [segment for segment in data.split(b"=", _MAX_SEGMENTS) if segment]
    if len(segments) > 1:
        problems.add("base64", "padding in the middle")
    if len(data) % 4:
        problems.add("base64", "padding is missing or wrong")
    for segment in segments:
        whole = segment.replace(b"=", b"")
        if len(whole) % 4 == 1:
            problems.add("base64", "it is cut in the middle")
            whole = whole[:-1]
        pieces.append(binascii.a2b_base64(whole + b"=" * (-len(whole) % 4)))
    return b"".join(pieces)


def _words_below(body: bytes) -> int:
    """Where the plain words begin that a list has put below the encoded ones; 0 for nowhere."""
    if body.count(b"\n") > _MAX_LINES:
        return 0
    offset = 0
    ended = seen = False
    for line in body.split(b"\n"):
        written = line.strip(_WHITE)
        if not written:
            ended = seen
        elif written.translate(None, _BASE64):
            return offset if ended else 0
        else:
            seen, ended = True, written.endswith(b"=")
        offset += len(line) + 1
    return 0


def _uudecode(body: bytes, problems: Problems) -> bytes:
    if body.count(b"\n") > _MAX_LINES:
        problems.add("uuencode", "too long to decode, taken as it is")
        return body
    lines = re.split(rb"\r?\n", body)
    out: list[bytes] = []
    begun = not any(line.startswith(b"begin ") for line in lines)
    for line in lines:
        if not begun:
            begun = line.startswith(b"begin ")
            continue
        if line.strip() in (b"end", b"`", b""):
            if line.strip() == b"end":
                break
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # A line padded or cut by a gateway: its first character still tells its length.
            length = ((line[0] - 32) & 63) * 4 // 3 + 2
            try:
                out.append(binascii.a2b_uu(line[: length - length % 4 + 1]))
            except binascii.Error:
                problems.add("uuencode", "a line could not be decoded")
    return b"".join(out)

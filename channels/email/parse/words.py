"""Header values to text: RFC 2047 encoded words, raw 8-bit bytes, and their broken relatives."""

from __future__ import annotations

import binascii
import re

from channels.email.parse.charset import codec_for, decode
from channels.email.parse.problems import Problems

_WORD = re.compile(
    r"=\?([A-Za-z0-9][A-Za-z0-9._:+*-]{0,60})\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*)*)\?="
)
_CUT_WORD = re.compile(
    r"=\?([A-Za-z0-9][A-Za-z0-9._:+-]{0,40})\?([bBqQ])\?([A-Za-z0-9+/=_.,!-]{2,})\??$"
)
_LONGEST_CUT = 1000
_Q_BYTE = re.compile(rb"=([0-9A-Fa-f]{2})")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
# `+` and `~` begin what is not themselves in UTF-7 and HZ. Shift JIS keeps `\\` in our codecs.
_ASCII = bytes(range(0x20, 0x7F)) + b"+AGE-~{"
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def header_text(value: bytes, problems: Problems, default_charset: str = "") -> str:
    """One line of text: decoded, without controls, folds as one space, trimmed."""
    raw = raw_text(value, problems, default_charset)
    text = decode_words(raw, problems) if "=?" in raw else raw
    return _CONTROLS.sub(" ", text).strip()


def raw_text(value: bytes, problems: Problems, default_charset: str = "") -> str:
    """The value with 8-bit bytes decoded and encoded words left as they are."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    believed = b"\x1b" not in value and not _no_superset_of_ascii(default_charset)
    text, complaint = decode(value, default_charset if believed else "")
    if complaint and not complaint.startswith("none declared"):
        problems.add("charset", f"header: {complaint}")
    elif not value.isascii():
        problems.add("header", "8-bit bytes without an encoding")
    return text


def _no_superset_of_ascii(charset: str) -> bool:
    """Whether the field names and commas of a header, which are ASCII, would be garbled by it."""
    codec = codec_for(charset) if charset else None
    if codec is None:
        return False
    try:
        return _ASCII.decode(codec) != _ASCII.decode("ascii")
    except UnicodeError:
        return True


def decode_words(text: str, problems: Problems) -> str:
    """Text with its encoded words decoded; words side by side in one charset decode as one."""
    pieces: list[str] = []
    pending: list[tuple[str, str, str]] = []
    position = 0
    # Looking no further than the last end keeps a header full of mere beginnings linear.
    for match in _WORD.finditer(text, 0, text.rfind("?=") + 2):
        between = text[position : match.start()]
        if between.strip() or not pending:
            pieces.append(_join(pending, problems))
            pending = []
            pieces.append(between)
        pending.append((match[1].lower().split("*")[0], match[2].upper(), match[3]))
        position = match.end()
    pieces.append(_join(pending, problems))
    rest = text[position:]
    cut = _CUT_WORD.search(rest[-_LONGEST_CUT:])
    if cut:
        pieces.append(rest[: len(rest) - len(cut[0])])
        rest = _join([(cut[1].lower(), cut[2].upper(), cut[3])], problems)
        problems.add("header", "a truncated encoded word")
    if "=?" in rest and rest.count("?") >= 3:
        problems.add("header", "a broken encoded word was left as it is")
    pieces.append(rest)
    return "".join(pieces)


def _join(words: list[tuple[str, str, str]], problems: Problems) -> str:
    out: list[str] = []
    index = 0
    while index < len(words):
        charset, encoding, payload = words[index]
        data = bytearray()
        base64: list[str] = []
        while index < len(words) and words[index][0] == charset:
            _, encoding, payload = words[index]
            if encoding == "B":
                base64.append(payload)
                if payload.rstrip().endswith("=") or len("".join(payload.split())) % 4 == 0:
                    data += _b(base64, problems)
                    base64 = []
            else:
                data += _b(base64, problems)
                base64 = []
                data += _q(payload)
            index += 1
        data += _b(base64, problems)
        text, complaint = decode(bytes(data), charset)
        if complaint:
            problems.add("charset", f"header: {complaint}")
        out.append(text)
    return "".join(out)


def _q(payload: str) -> bytes:
    data = payload.encode("utf-8", "replace").replace(b"_", b" ")
    return _Q_BYTE.sub(lambda m: bytes((int(m[1], 16),)), data)


def _b(payloads: list[str], problems: Problems) -> bytes:
    if not payloads:
        return b""
    data = _NOT_BASE64.sub(b"", "".join(payloads).encode("utf-8", "replace"))
    if len(data) % 4 == 1:
        data = data[:-1]
        problems.add("header", "a truncated encoded word")
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))

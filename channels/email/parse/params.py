"""Content-Type and Content-Disposition: their value and parameters (RFC 2045, 2231, 2047)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from channels.email.parse.charset import decode
from channels.email.parse.problems import Problems
from channels.email.parse.words import decode_words, raw_text

_PARAMETER = re.compile(
    r""";\s*([^\s=;"]{1,80})\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|\Z)|([^;"]*))""", re.DOTALL
)
_MAIN = re.compile(r"\s*\"?([^\s;\"(]*)\"?\s*(?:\([^)]*\))?\s*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_MAX_SECTIONS = 200
_MAX_CHARS = 32 * 1024


@dataclass(slots=True)
class Value:
    """`main` in lower case without parameters; parameter names in lower case, text decoded."""

    main: str = ""
    parameters: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """One parameter, empty when there is none."""
        return self.parameters.get(name, "")


def read_value(header: bytes, problems: Problems) -> Value:
    """Split a structured MIME field; never fails."""
    if not header:
        return Value()
    text = raw_text(header[:_MAX_CHARS], problems)
    head = _MAIN.match(text)
    assert head is not None  # every part of the pattern may be empty
    value = Value(head[1].lower())
    rest = text[head.end() :]
    if not rest:
        return value
    if not rest.startswith(";"):
        rest = f";{rest}"
    plain: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAMETER.finditer(rest):
        name = match[1].lower()
        quoted = match[2]
        content = match[3].strip() if quoted is None else _ESCAPED.sub(_unescape, quoted)
        base, star, tail = name.partition("*")
        if not star:
            plain.setdefault(name, content)
            continue
        number, extended = tail.rstrip("*"), tail.endswith("*") or not tail
        if number and not number.isascii():
            continue
        index = int(number) if number.isdigit() and len(number) < 6 else 0
        sections.setdefault(base, []).append((index, extended, content))
    for name, content in plain.items():
        value.parameters[name] = decode_words(content, problems) if "=?" in content else content
    for name, found in sections.items():
        content = _continued(found, problems)
        if content or name not in value.parameters:
            value.parameters[name] = content
    return value


def _unescape(match: re.Match[str]) -> str:
    # Old Windows clients write paths with single backslashes.
    return match[1] if match[1] in '"\\' else match[0]


def media_type(value: Value, default: str) -> str:
    """The type as `kind/subtype`; nonsense reads as the default (RFC 2045 section 5.2)."""
    if _TYPE.fullmatch(value.main):
        return value.main
    kind = value.main.split("/")[0].strip()
    if kind == "text":
        return "text/plain"
    if kind == "multipart":
        return "multipart/mixed"
    return default if not value.main else "application/octet-stream"


def _continued(sections: list[tuple[int, bool, str]], problems: Problems) -> str:
    sections.sort(key=lambda section: section[0])
    charset, data = "", bytearray()
    for order, (_, extended, content) in enumerate(sections[:_MAX_SECTIONS]):
        text = content
        if extended:
            if order == 0 and text.count("'") >= 2:
                charset, _, text = text.split("'", 2)
            data += unquote_to_bytes(text)
        else:
            data += text.encode("utf-8", "replace")
    text, complaint = decode(bytes(data), charset)
    if complaint:
        problems.add("charset", f"parameter: {complaint}")
    return decode_words(text, problems) if "=?" in text else text

"""Address lists of header fields (RFC 5322 section 3.4 with its obsolete forms, RFC 6532).

Splits first and decodes names after, so that an encoded comma never divides a name. Forgives
unquoted commas in names, semicolons between addresses, and missing angle brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.email.parse.limits import Limits
from channels.email.parse.mail import Address
from channels.email.parse.problems import Problems
from channels.email.parse.words import decode_words, raw_text

_TOKEN = re.compile(
    r"""(?P<space>\s+)|"(?P<quoted>(?:[^"\\]|\\.)*)"|<(?P<angle>[^<>]*)>|(?P<special>[,;:()])"""
    r"""|(?P<word>=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,2000}\?=)|(?P<atom>[^\s",;:<>()]+)|(?P<junk>.)""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SPACES = re.compile(r"\s+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_MAX_CHARS = 512 * 1024
_MAX_HELD = 5


@dataclass(slots=True)
class _Element:
    """One element of the list while it is read."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None
    written: list[str] = field(default_factory=list)  # quotes kept, for want of brackets

    @property
    def bare(self) -> str:
        return "".join(self.written)

    def empty(self) -> bool:
        return self.angle is None and not self.comments and not self.bare.strip()


def read_addresses(values: list[bytes], limits: Limits, problems: Problems) -> list[Address]:
    """All mailboxes of these field values, groups dissolved; entries without any are left out."""
    found: list[Address] = []
    for value in values:
        text = raw_text(value[:_MAX_CHARS], problems)
        for address in _mailboxes(text, problems):
            if len(found) >= limits.addresses:
                problems.add("limit", f"only the first {limits.addresses} addresses were read")
                return found
            found.append(address)
    return found


def _mailboxes(text: str, problems: Problems) -> Iterator[Address]:
    held: list[Address] = []  # perhaps names cut by a bare comma: `Doe, Jane <jane@…>`
    for element, separator in _elements(text):
        address = _address(element, problems)
        if element.angle is None and "@" not in address.address:
            if separator == "," and len(held) < _MAX_HELD:
                held.append(address)
                continue
        elif held and element.angle is not None and address.name:
            names = [one.name or one.address for one in (*held, address)]
            address = Address(address=address.address, name=", ".join(filter(None, names)))
            held.clear()
        yield from (one for one in held if one.address)
        held.clear()
        if address.address:
            yield address
        elif element.angle is not None:
            problems.add("address", f"no address for {address.name!r}")
    yield from (one for one in held if one.address)


def _elements(text: str) -> Iterator[tuple[_Element, str]]:
    element = _Element()
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None  # the last alternative takes any character
        position = match.end()
        kind, token = match.lastgroup, match[0]
        if kind == "special":
            if token == "(":
                comment, position = _comment(text, position)
                element.comments.append(comment)
            elif (
                token == ":"
                and element.angle is None
                and not any("@" in w for w in element.written)
            ):
                element = _Element()  # a group, or `mailto`
            elif token in ",;":
                if not element.empty():
                    yield element, token
                element = _Element()
            elif token == ":":
                element.written.append(token)
        elif kind == "space":
            element.written.append(" ")
        elif kind == "quoted":
            element.words.append(_ESCAPED.sub(r"\1", match["quoted"]))
            element.written.append(token)
        elif kind == "angle":
            if element.angle is None or "@" not in element.angle:
                element.angle = match["angle"]
            elif "@" in match["angle"]:
                yield element, ","
                element = _Element(angle=match["angle"])
        elif kind == "junk" and token == '"':
            # No quote closes it, so none of the rest means anything.
            text = text[:position] + text[position:].replace('"', " ")
        elif kind in ("atom", "word"):
            element.words.append(token)
            element.written.append(token)
    if not element.empty():
        yield element, ""


def _comment(text: str, position: int) -> tuple[str, int]:
    depth, start = 1, position
    while position < len(text) and depth:
        char = text[position]
        if char == "\\":
            position += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        position += 1
    end = position - 1 if depth == 0 else len(text)
    return _ESCAPED.sub(r"\1", text[start:end]), min(position, len(text))


def _address(element: _Element, problems: Problems) -> Address:
    comment = element.comments[-1] if element.comments else ""
    if element.angle is not None:
        name = _name(element.words, problems) or _name([comment], problems)
        angle = element.angle
        spec = _spec(decode_words(angle, problems) if "=?" in angle else angle)
        if not spec and "@" in name:  # `joe@example.org <>`
            return Address(address=_spec(name))
        return Address(address=spec, name=name)
    bare = element.bare.strip()
    if "=?" in bare and "@" not in bare:
        bare = decode_words(bare, problems)
        if "<" in bare and "@" in bare:  # somebody encoded the whole header
            inner = next(_elements(bare), None)
            if inner is not None and inner[0].angle is not None:
                return _address(inner[0], problems)
    if "@" in bare:
        parts = bare.split()
        if len(parts) > 1 and not re.search(r'\s@|@\s|"', bare):
            chosen = next(part for part in parts if "@" in part)
            words = [part for part in parts if part != chosen]
            return Address(address=_spec(chosen), name=_name(words, problems))
        return Address(address=_spec(bare), name=_name([comment], problems))
    if len(element.words) == 1 and "=?" not in element.bare and not element.bare.startswith('"'):
        return Address(address=_plain(bare), name=_name([comment], problems))
    return Address(address="", name=_name(element.words, problems) or _name([bare], problems))


def _spec(text: str) -> str:
    """An addr-spec without route, comments and spaces that carry no meaning."""
    text = text.strip()
    if text.lower().startswith("mailto:"):
        text = text[7:].split("?")[0]
    if text.startswith("@") and ":" in text:
        text = text.partition(":")[2]
    if '"' not in text:
        return _plain(_SPACES.sub("", text)).rstrip(".,;").strip("'")
    local, at, domain = text.rpartition("@")
    return _plain(f"{local.strip()}{at}{_SPACES.sub('', domain)}")


def _plain(text: str) -> str:
    return _CONTROLS.sub("", text)


def _name(words: list[str], problems: Problems) -> str:
    text = " ".join(words)
    if "=?" in text:
        text = decode_words(text, problems)
    text = _SPACES.sub(" ", _CONTROLS.sub(" ", text)).strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    return text

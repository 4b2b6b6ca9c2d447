"""What a strict mail relay objects to in a message.

Pure. Owns the form of mail (RFC 5322, 2045–2047, 3834, 6152); must not know the hub, so that it can
catch the hub's mistakes. Stricter than most relays on purpose: whoever passes here passes there.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

MAX_LINE = 998
MAX_ENCODED_WORD = 75

_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_HEADER = re.compile(rb"([\x21-\x39\x3b-\x7e]+):[ \t]?(.*)\Z", re.DOTALL)
_MESSAGE_ID = re.compile(r"<[^<>\s@]+@[^<>\s@]+>\Z")
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[^?\s]*\?[^?\s]*\?=")
_ONCE = frozenset(
    {
        "date",
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "message-id",
        "in-reply-to",
        "references",
        "subject",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "auto-submitted",
    }
)
_REQUIRED = ("date", "from", "message-id")
# Set by the final delivery, or meant never to leave.
_FORBIDDEN = ("bcc", "return-path", "delivered-to")
_ENCODINGS = frozenset({"", "7bit", "8bit", "quoted-printable", "base64"})
_AUTO_SUBMITTED = frozenset({"no", "auto-generated", "auto-replied", "auto-notified"})


def faults(content: bytes, *, eight_bit: bool = False) -> list[str]:
    """Everything that is wrong with a message as it came after DATA; empty if nothing is.

    ``eight_bit``: the sender declared ``BODY=8BITMIME``.
    """
    return [*_lines(content, eight_bit), *_headers(content), *_mime(content)]


def _lines(content: bytes, eight_bit: bool) -> Iterator[str]:
    if _BARE.search(content):
        yield "a bare CR or LF (RFC 5322, 2.3)"
    if b"\0" in content:
        yield "a NUL"
    longest = max((len(line) for line in content.split(b"\r\n")), default=0)
    if longest > MAX_LINE:
        yield f"a line of {longest} bytes; {MAX_LINE} are allowed (RFC 5322, 2.1.1)"
    if not eight_bit and not content.isascii():
        yield "8-bit bytes without BODY=8BITMIME (RFC 6152)"


def _headers(content: bytes) -> Iterator[str]:
    head, separator, _ = content.partition(b"\r\n\r\n")
    if not separator:
        yield "no empty line after the headers"
    found: list[tuple[str, str]] = []
    for line in re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n"):
        match = _HEADER.match(line)
        if match is None:
            yield f"a line among the headers that is none: {line[:60]!r}"
            continue
        name = match[1].decode("ascii").lower()
        if not match[2].isascii():
            yield f"{name}: raw 8-bit bytes in a header (RFC 2047)"
        found.append((name, match[2].decode("ascii", "replace").strip()))
    counts = Counter(name for name, _ in found)
    yield from (f"{name}: missing" for name in _REQUIRED if not counts[name])
    yield from (f"{name}: {counts[name]} times" for name in sorted(_ONCE) if counts[name] > 1)
    yield from (f"{name}: must not leave the sender" for name in _FORBIDDEN if counts[name])
    for name, value in found:
        yield from _encoded_words(name, value)
        yield from _header(name, value)


def _encoded_words(name: str, value: str) -> Iterator[str]:
    for word in _ENCODED_WORD.findall(value):
        if len(word) > MAX_ENCODED_WORD:
            yield f"{name}: an encoded word of {len(word)} characters (RFC 2047, 2)"
        try:
            [(data, charset)] = decode_header(word)
            if isinstance(data, bytes):
                data.decode(charset or "ascii")
        except (ValueError, LookupError, HeaderParseError):
            yield f"{name}: an encoded word that can't be decoded"


def _header(name: str, value: str) -> Iterator[str]:
    match name:
        case "message-id" if not _MESSAGE_ID.match(value):
            yield "message-id: not <left@right>"
        case "references" | "in-reply-to":
            words = value.split()
            if not words or not all(_MESSAGE_ID.match(word) for word in words):
                yield f"{name}: not a list of <left@right>"
        case "date":
            try:
                if parsedate_to_datetime(value).tzinfo is None:
                    yield "date: no time zone"
            except ValueError:
                yield "date: no date"
        case "from" | "to" | "cc" | "reply-to" | "sender":
            addresses = [address for _, address in getaddresses([value])]
            if not addresses or not all(_is_mailbox(address) for address in addresses):
                yield f"{name}: not a list of mailboxes"
        case "auto-submitted" if value.partition(";")[0].strip().lower() not in _AUTO_SUBMITTED:
            yield "auto-submitted: no value of RFC 3834"
        case "mime-version" if value != "1.0":
            yield "mime-version: not 1.0"
        case _:
            pass


def _is_mailbox(address: str) -> bool:
    left, at, right = address.rpartition("@")
    return bool(left and at and right) and not re.search(r"[\s<>,]", address)


def _mime(content: bytes) -> Iterator[str]:
    message = message_from_bytes(content)
    if "content-type" in message and "mime-version" not in message:
        yield "content-type without mime-version"
    for part in message.walk():
        kind = part.get_content_type()
        yield from (f"{kind}: {type(defect).__name__}" for defect in part.defects)
        if part.get_content_maintype() == "multipart":
            boundary = part.get_boundary() or ""
            if len(boundary) > 70:
                yield f"{kind}: a boundary of {len(boundary)} characters (RFC 2046, 5.1.1)"
        elif not part.is_multipart():
            yield from (f"{kind}: {fault}" for fault in _leaf(part))


def _leaf(part: Message) -> Iterator[str]:
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if encoding not in _ENCODINGS:
        yield f"content-transfer-encoding {encoding!r}"
        return
    raw = part.get_payload(decode=False)
    text = raw if isinstance(raw, str) else ""
    if encoding in {"", "7bit", "quoted-printable", "base64"} and not text.isascii():
        yield "8-bit bytes in a part that denies them"
        return
    if encoding == "base64":
        try:
            base64.b64decode("".join(text.split()), validate=True)
        except binascii.Error:
            yield "broken base64"
            return
        if any(len(line) > 76 for line in text.splitlines()):
            yield "a base64 line above 76 characters (RFC 2045, 6.8)"
    if part.get_content_maintype() != "text":
        return
    charset = part.get_content_charset("us-ascii")
    data = part.get_payload(decode=True)
    try:
        codecs.lookup(charset)
        if isinstance(data, bytes):
            data.decode(charset)
    except LookupError:
        yield f"unknown charset {charset!r}"
    except UnicodeDecodeError:
        yield f"not {charset}"

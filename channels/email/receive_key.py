"""The key under which one delivery to one mailbox is one event, computed before the "250".

Also the two headers by which other systems know a mail. Cheap on purpose: a look at the header
block and one hash, no parsing. Must not know what the headers mean otherwise.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from channels.email.parse.addresses import read_addresses
from channels.email.parse.limits import Limits
from channels.email.parse.problems import Problems

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_MESSAGE_ID = re.compile(
    rb"^message-id[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(?:<([^<>\r\n]*)>|([^\s<>]+))",
    re.IGNORECASE | re.MULTILINE,
)
_FROM = re.compile(
    rb"^from[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*){0,20})", re.IGNORECASE | re.MULTILINE
)
_LONGEST_FROM = 2_000
_HEADERS_READ = 256 * 1024
_LONGEST_ID = 200


def delivery_key(raw: bytes) -> str:
    """``Message-ID#hash of the body``; without a Message-ID, the hash of everything.

    Never empty, printable ASCII, at most 240 characters. A Message-ID is the sender's choice and
    may repeat or be forged, so it never stands alone; headers above it change from hop to hop, so
    they don't count.
    """
    end = _END_OF_HEADERS.search(raw, 0, _HEADERS_READ)
    found = _message_id(raw[: end.start()] if end else raw[:_HEADERS_READ])
    if not found:
        return "#" + blake2b(raw, digest_size=20).hexdigest()
    # A view: the body of a large message isn't copied to be hashed.
    body = memoryview(raw)[end.end() :] if end else b""
    message_id = found.decode("ascii", "backslashreplace")
    if len(message_id) > _LONGEST_ID or not message_id.isprintable():
        message_id = blake2b(found, digest_size=20).hexdigest()
    return f"{message_id}#{blake2b(body, digest_size=16).hexdigest()}"


def told_by_headers(raw: bytes) -> dict[str, str]:
    """`external_id`: the Message-ID without angle brackets; `from`: the sender's address.

    What the headers don't have is left out.
    """
    end = _END_OF_HEADERS.search(raw, 0, _HEADERS_READ)
    headers = raw[: end.start()] if end else raw[:_HEADERS_READ]
    told = {}
    if found := _message_id(headers):
        told["external_id"] = found[:_LONGEST_FROM].decode("utf-8", "backslashreplace")
    if (match := _FROM.search(headers)) is not None:
        value = match[1][:_LONGEST_FROM].replace(b"\r", b"").replace(b"\n", b"")
        senders = read_addresses([value], Limits(), Problems())
        if senders and "@" in senders[0].address:
            told["from"] = senders[0].address
    return told


def _message_id(headers: bytes) -> bytes:
    match = _MESSAGE_ID.search(headers)
    return (match[1] or match[2] or b"").strip() if match else b""

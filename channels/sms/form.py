"""The fields of an ``application/x-www-form-urlencoded`` body, as bytes and in their order.

Owns nothing but the decoding. It stays with bytes, because the signature is computed over bytes:
a body whose percent-encoding is not UTF-8 can still be proven to come from the carrier, kept, and
shown to a person. Whether a value is text is ``parse``'s question.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from triggerhub.domain.errors import TooLarge

MAX_BYTES = 64 * 1024
MAX_FIELDS = 256
_ESCAPED_SEPARATOR = re.compile(rb"%(?:26|3[dD])")  # & and =

Fields = tuple[tuple[bytes, bytes], ...]


def decode(body: bytes) -> Fields:
    """All fields, blank values kept, nothing trimmed (WHATWG URL, section 5.1).

    Raises ``TooLarge`` above ``MAX_BYTES`` or ``MAX_FIELDS``.
    """
    if len(body) > MAX_BYTES:
        raise TooLarge(f"form of {len(body)} bytes; at most {MAX_BYTES} are read")
    if body.count(b"&") >= MAX_FIELDS:
        raise TooLarge(f"form with more than {MAX_FIELDS} fields")
    text = body.replace(b"+", b" ")
    # Every accepted webhook passes here, and most of its time is the escapes': they are undone
    # once for the whole body, unless that would make separators of what is none.
    if _ESCAPED_SEPARATOR.search(text) is None:
        return tuple(_pairs(unquote_to_bytes(text)))
    return tuple(
        [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, value in _pairs(text)]
    )


def _pairs(text: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (name, value)
        for name, _, value in [pair.partition(b"=") for pair in text.split(b"&") if pair]
    ]


def first(fields: Fields, name: bytes) -> bytes | None:
    """The first value under ``name``, or None where it is absent."""
    for key, value in fields:
        if key == name:
            return value
    return None

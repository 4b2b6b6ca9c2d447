"""The fields of an ``application/x-www-form-urlencoded`` body, as bytes and in their order.

Owns nothing but the decoding. It stays with bytes, because the signature is computed over bytes:
a body whose percent-encoding is not UTF-8 can still be proven to come from the carrier, kept, and
shown to a person. Whether a value is text is ``parse``'s question.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from triggerhub.domain.errors import TooLarge

MAX_BYTES = 64 * 1024
MAX_FIELDS = 256

Fields = tuple[tuple[bytes, bytes], ...]


def decode(body: bytes) -> Fields:
    """All fields, blank values kept, nothing trimmed (WHATWG URL, section 5.1).

    Raises ``TooLarge`` above ``MAX_BYTES`` or ``MAX_FIELDS``.
    """
    if len(body) > MAX_BYTES:
        raise TooLarge(f"form of {len(body)} bytes; at most {MAX_BYTES} are read")
    if body.count(b"&") >= MAX_FIELDS:
        raise TooLarge(f"form with more than {MAX_FIELDS} fields")
    fields = []
    # Every accepted webhook passes here: blanks are put back once for the whole body, and only a
    # pair that holds an escape is unquoted.
    for pair in body.replace(b"+", b" ").split(b"&"):
        name, _, value = pair.partition(b"=")
        if b"%" in name:
            fields.append((unquote_to_bytes(name), unquote_to_bytes(value)))
        elif b"%" in value:
            fields.append((name, unquote_to_bytes(value)))
        elif pair:
            fields.append((name, value))
    return tuple(fields)


def first(fields: Fields, name: bytes) -> bytes | None:
    """The first value under ``name``, or None where it is absent."""
    for key, value in fields:
        if key == name:
            return value
    return None

"""Verifies a mail's DKIM signatures (RFC 6376, 8301) with dkimpy, as far as they can prove a From.

Owns what a signature must be like to count: it covers From and the whole body, isn't SHA-1, and
its key isn't in testing. The body is hashed here in pieces: dkimpy splits a large mail in one
call that would hold up every other thread. Runs in a thread; must not know the event loop.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Protocol

import structlog

_log = structlog.get_logger("channels.email")

MAX_SIGNATURES = 3
_PIECE = 256 * 1024
_SPACES = re.compile(rb"[ \t]+")
_FOLDING = re.compile(rb"\s+")


class LookUp(Protocol):
    """A TXT record's strings joined, or None where there is none; may raise OSError."""

    def __call__(self, name: str, timeout: float) -> bytes | None: ...


def dns_txt(name: str, timeout: float) -> bytes | None:
    """The first TXT record of a name; None when there is none or it can't be found in time."""
    import dns.exception
    import dns.rdatatype
    import dns.resolver
    from dns.rdtypes.ANY.TXT import TXT

    try:
        answer = dns.resolver.resolve(name, dns.rdatatype.TXT, lifetime=timeout, search=False)
    except dns.exception.DNSException as exc:
        _log.info("email.dkim_key_not_found", name=name, reason=type(exc).__name__)
        return None
    for record in answer:
        if isinstance(record, TXT):
            return b"".join(record.strings)
    return None


def signing_domain(
    raw: bytes,
    body_start: int,
    wanted: Callable[[str], bool],
    look_up: LookUp,
    timeout: float,
) -> str | None:
    """The domain of the first good signature whose domain is `wanted`; None if there is none.

    At most MAX_SIGNATURES of wanted domains are tried, each with one look-up of `timeout` seconds.
    """
    import dkim

    def key_record(name: bytes | str, timeout: float = timeout) -> bytes | None:
        text = name.decode("ascii") if isinstance(name, bytes) else name
        record = look_up(text.rstrip("."), timeout)
        if record is None or b"y" in _tag(record, b"t").split(b":"):
            return None  # a key in testing counts as no key (RFC 6376, 3.6.1)
        return record

    tried = 0
    try:
        mail = dkim.DKIM(raw[:body_start], timeout=timeout)
        count = sum(1 for name, _ in mail.headers if name.lower() == b"dkim-signature")
    except (dkim.DKIMException, LookupError, TypeError, ValueError):
        return None
    for index in range(count):
        try:
            signature, fields, headers = mail.verify_headerprep(index)
            signer = bytes(signature[b"d"]).decode("ascii")
            if not wanted(signer) or not _counts(signature, fields):
                continue
            tried += 1
            if tried > MAX_SIGNATURES:
                return None
            if not _body_holds(signature, memoryview(raw)[body_start:]):
                continue
            # Without bh= dkimpy leaves the body alone; the header it hashes is the original.
            rest = {tag: value for tag, value in signature.items() if tag != b"bh"}
            if mail.verify_sig(rest, fields, headers[index], key_record):
                return signer
        except (dkim.DKIMException, ArithmeticError, LookupError, TypeError, ValueError, OSError):
            continue
    return None


def _counts(signature: dict[bytes, bytes], fields: list[bytes]) -> bool:
    return (
        b"from" in fields
        and b"l" not in signature  # whatever is appended would be proven too
        and signature.get(b"a") in (b"rsa-sha256", b"ed25519-sha256")
    )


def _body_holds(signature: dict[bytes, bytes], body: memoryview) -> bool:
    _, _, way = signature.get(b"c", b"simple/simple").partition(b"/")
    if way not in (b"", b"simple", b"relaxed"):
        return False
    try:
        expected = b64decode(_FOLDING.sub(b"", signature[b"bh"]), validate=True)
    except binascii.Error:
        return False
    return hmac.compare_digest(body_hash(body, relaxed=way == b"relaxed"), expected)


def body_hash(body: memoryview, *, relaxed: bool) -> bytes:
    """SHA-256 of the canonical body (RFC 6376, 3.4.3 and 3.4.4)."""
    digest = hashlib.sha256()
    blank = 0  # empty lines that count only if another line follows
    anything = False
    for piece in _whole_lines(body):
        text = piece.replace(b"\r\n", b"\n")
        if relaxed:
            text = _SPACES.sub(b" ", text).replace(b" \n", b"\n")
        kept = text.rstrip(b"\n")
        if kept:
            # Leading line ends of `kept` belong between it and what came before.
            digest.update(b"\r\n" * blank + kept.replace(b"\n", b"\r\n"))
            blank, anything = 0, True
        blank += len(text) - len(kept)
    if anything or not relaxed:
        digest.update(b"\r\n")
    return digest.digest()


def _whole_lines(body: memoryview) -> Iterator[bytes]:
    """The body in pieces that end with a line end; the last is given one."""
    rest = b""
    for start in range(0, len(body), _PIECE):
        piece = rest + bytes(body[start : start + _PIECE])
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield piece[:cut]
        rest = piece[cut:]
    if rest:
        yield rest + b"\n"


def _tag(record: bytes, name: bytes) -> bytes:
    for part in record.split(b";"):
        key, _, value = part.partition(b"=")
        if key.strip() == name:
            return _FOLDING.sub(b"", value)
    return b""

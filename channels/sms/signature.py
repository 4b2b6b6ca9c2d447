"""Proves that a webhook comes from Twilio: the ``X-Twilio-Signature`` header.

Owns the algorithm and its traps; must not know accounts, HTTP requests or what a field means.

The header is base64(HMAC-SHA1(auth token, URL + every name and value in case-sensitive order of
names)). The values of a repeated name are de-duplicated and sorted. A body that is no form is
covered by ``bodySHA256`` in the (signed) query instead. Source: Twilio, "Webhooks security".

The URL is the one that Twilio was told, so it is built from the configured public URL and never
from forwarded headers, and it is tried with and without its port, because Twilio is inconsistent
about that. The SDK's own check loses the host of a URL with user information, compares without
constant time and raises TypeError for a JSON body without a hash, hence this one.

Concatenation leaves ``Digit=s1234`` and ``Digits=1234`` under the same signature: whoever reads a
verified form must read known names only.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

from channels.sms.form import Fields

_DEFAULT_PORTS = {"http": 80, "https": 443}


class SignedUrl:
    """One webhook's public address, in the spellings under which Twilio may have signed it.

    ``url`` is absolute and without query. Raises ``ValueError`` for anything else.
    """

    __slots__ = ("spellings",)

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        if scheme not in _DEFAULT_PORTS or not parts.hostname or parts.query:
            raise ValueError(f"not an absolute http(s) URL without query: {url!r}")
        user, at, host_port = parts.netloc.rpartition("@")
        # Keeps the brackets of an IPv6 address and the spelling of the host as it was configured.
        host = host_port if parts.port is None else host_port.rpartition(":")[0]
        port = parts.port or _DEFAULT_PORTS[scheme]
        bare = f"{scheme}://{user}{at}{host}"
        self.spellings: tuple[bytes, ...] = (
            f"{bare}{parts.path}".encode(),
            f"{bare}:{port}{parts.path}".encode(),
        )

    def with_query(self, query: str) -> tuple[bytes, ...]:
        """The spellings with the query exactly as it stood in the request line."""
        if not query:
            return self.spellings
        tail = b"?" + query.encode("utf-8", "surrogateescape")
        return tuple(spelling + tail for spelling in self.spellings)


def sign(token: str, url: bytes, fields: Fields = ()) -> bytes:
    """The header's value for a form (or, with no fields, for the URL alone)."""
    return _digest(token.encode(), url + _concatenate(fields))


def verify_form(
    signature: str, *, urls: Sequence[bytes], fields: Fields, tokens: Iterable[str]
) -> bool:
    """Whether one of ``tokens`` signed these fields under one of ``urls``."""
    return _matches(signature, urls, _concatenate(fields), tokens)


def verify_body(
    signature: str, *, urls: Sequence[bytes], query: str, body: bytes, tokens: Iterable[str]
) -> bool:
    """The same for a body that is no form: the signed query must carry the body's SHA-256.

    Without ``bodySHA256`` the answer is no, because then the signature covers no body at all.
    """
    hashes = parse_qs(query).get("bodySHA256", []) if query else []
    if len(hashes) != 1:
        return False
    claimed = hashes[0].lower().encode("utf-8", "surrogateescape")
    covered = hmac.compare_digest(sha256(body).hexdigest().encode(), claimed)
    return _matches(signature, urls, b"", tokens) and covered


def _matches(signature: str, urls: Sequence[bytes], tail: bytes, tokens: Iterable[str]) -> bool:
    # Bytes, because compare_digest refuses non-ASCII str with an exception.
    claimed = signature.encode("utf-8", "surrogateescape")
    for token in tokens:
        key = token.encode()
        if not key:
            continue
        for url in urls:
            # Returning early tells which spelling matched, and only to who could sign anyway.
            if hmac.compare_digest(_digest(key, url + tail), claimed):
                return True
    return False


def _concatenate(fields: Fields) -> bytes:
    # A set of pairs, sorted, is exactly "names in order, values de-duplicated and sorted".
    return b"".join([name + value for name, value in sorted(set(fields))])


def _digest(key: bytes, text: bytes) -> bytes:
    return b64encode(hmac.digest(key, text, "sha1"))

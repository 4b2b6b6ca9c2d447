"""A DKIM key for the customers' domains, and the DNS records that publish it.

The hub looks keys up in DNS; a demo has none, so ``txt`` answers in its place.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

SELECTOR = "demo"


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """Answers as DNS would (channels.email.proof_dkim.LookUp), in whichever process."""

    record: bytes

    def __call__(self, name: str, timeout: float = 0.0) -> bytes | None:
        """The TXT record under ``demo._domainkey.<any .example domain>``."""
        selector, _, domain = name.rstrip(".").lower().partition("._domainkey.")
        if selector != SELECTOR or not domain.endswith(".example"):
            return None
        return self.record


class SigningKey:
    """One RSA key for all domains; made when it is first used (100 ms)."""

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, raw: bytes, domain: str) -> bytes:
        """The mail with a ``DKIM-Signature`` of ``domain`` before it (RFC 6376). Blocks a while."""
        import dkim

        pem = self._key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
        header = cast(
            "bytes",
            dkim.sign(
                raw,
                SELECTOR.encode(),
                domain.encode(),
                pem,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=[b"from", b"to", b"subject", b"date", b"message-id"],
            ),
        )
        return header + raw

    @cached_property
    def published(self) -> PublishedKey:
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return PublishedKey(b"v=DKIM1; k=rsa; p=" + base64.b64encode(der))

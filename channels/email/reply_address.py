"""Addresses and Message-IDs of ours that can't be guessed and carry where an answer belongs.

A reply address is ``support+c.TOKEN.MAC@company.example``: the conversation's token and the first
65 bits of an HMAC-SHA256 over it, in base 32, all lower case because some systems fold case. A
Message-ID is ``m.ID.MAC@company.example`` and is the same for every attempt to send one message.
Owns both forms; must not know conversations or who holds the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable

from triggerhub.domain.errors import Invalid

_MAC_CHARS = 13  # 65 bits
_MAX_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
MIN_KEY = 16

_TOKEN = re.compile(r"[a-z0-9_-]{1,26}\Z")
_MESSAGE = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")
_SIGNED = re.compile(r"[^@]+\+c\.([a-z0-9_-]{1,26})\.([a-z2-7]{13})@[^@]+\Z")
_OURS = re.compile(r"m\.([A-Za-z0-9_-]{1,100})\.([a-z2-7]{26})@[^@]+\Z")


class ReplyAddresses:
    """Makes and recognises them under one secret key of at least 16 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) < MIN_KEY:
            raise Invalid(f"the key of reply addresses has {len(key)} bytes; at least {MIN_KEY}")
        self._key = key

    def make(self, mailbox: str, token: str) -> str:
        """``mailbox`` with the signed token; raises Invalid where it can't be carried."""
        local, at, domain = mailbox.rpartition("@")
        if not at or not local or not domain or "+" in local or _breaks(mailbox):
            raise Invalid(f"no reply address can be made of {mailbox!r}")
        if not _TOKEN.match(token):
            raise Invalid("a reply token is 1 to 26 of a-z, 0-9, _ and -")
        signed = f"{local}+c.{token}.{self._mac('reply', token)[:_MAC_CHARS]}"
        if len(signed.encode()) > _MAX_LOCAL_PART:
            raise Invalid(f"{mailbox} is too long to carry a reply token")
        return f"{signed}@{domain}"

    def find(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """Tokens of our own signed addresses among these, in order, each once."""
        found: dict[str, None] = {}
        for address in addresses:
            match = _SIGNED.match(address.strip().lower())
            if match and self._proves("reply", match[1], match[2]):
                found[match[1]] = None
        return tuple(found)

    def message_id(self, message: str, mailbox: str) -> str:
        """The Message-ID, without brackets, of our message with this id; always the same."""
        if not _MESSAGE.match(message):
            raise Invalid("a message id is 1 to 100 of A-Z, a-z, 0-9, _ and -")
        domain = mailbox.rpartition("@")[2]
        if not domain or _breaks(domain):
            raise Invalid(f"no Message-ID can be made at {mailbox!r}")
        return f"m.{message}.{self._mac('message', message)[:26]}@{domain}"

    def message_of(self, message_id: str) -> str | None:
        """Our id of the message that has this Message-ID, or None where it isn't one of ours."""
        match = _OURS.match(message_id.strip().removeprefix("<").removesuffix(">"))
        return match[1] if match and self._proves("message", match[1], match[2]) else None

    def _mac(self, what: str, text: str) -> str:
        digest = hmac.digest(self._key, f"email/{what}/1\0{text}".encode(), hashlib.sha256)
        return base64.b32encode(digest).decode("ascii").lower().rstrip("=")

    def _proves(self, what: str, text: str, mac: str) -> bool:
        return hmac.compare_digest(self._mac(what, text)[: len(mac)], mac)


def mailbox_of(address: str) -> str:
    """The address without our ``+c.…`` part; any other address, other ``+`` parts too, as it is."""
    local, at, domain = address.rpartition("@")
    plain, plus, _ = local.partition("+c.")
    return f"{plain}{at}{domain}" if plus and plain else address


def _breaks(text: str) -> bool:
    return any(char in ' \t<>,;:"()[]\\' or ord(char) < 32 or ord(char) == 127 for char in text)

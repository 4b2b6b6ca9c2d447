"""The master key: seals secrets beside the log and keys the hashes in it; knows no table."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from triggerhub.domain.errors import Invalid

_NONCE = 12


class Vault:
    """`master`: at least 16 characters of secret."""

    def __init__(self, master: bytes) -> None:
        if len(master) < 16:
            raise Invalid("MASTER_KEY: needs at least 16 characters", code="weak_key")
        self._seal = AESGCM(blake2b(master, digest_size=32, person=b"seal").digest())
        self._hash_key = blake2b(master, digest_size=32, person=b"hash").digest()
        self._master = master

    def seal(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._seal.encrypt(nonce, plain, None)

    def unseal(self, sealed: bytes) -> bytes:
        """Raises Invalid where the master key is not the one that sealed it."""
        try:
            return self._seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        except InvalidTag:
            raise Invalid(
                "this secret was sealed with another MASTER_KEY", code="wrong_key"
            ) from None

    def hash(self, text: str) -> bytes:
        """16 bytes, the same for the same text under the same master key."""
        return blake2b(text.encode(), digest_size=16, key=self._hash_key).digest()

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose (reply addresses, for example)."""
        return blake2b(self._master, digest_size=32, person=purpose.encode()[:16]).digest()


def master_key(configured: str | None, folder: Path) -> bytes:
    """The configured key, else the one in `folder/master.key`, made on the first start (0600)."""
    if configured:
        return configured.encode()
    path = folder / "master.key"
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        pass
    folder.mkdir(parents=True, exist_ok=True)
    # Under its name it is whole or not there, whenever we are killed.
    draft = folder / f"master.key.{secrets.token_hex(8)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_urlsafe(32).encode())
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # another process was first
        os.link(draft, path)
    draft.unlink()
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return path.read_bytes().strip()

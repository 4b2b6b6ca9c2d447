"""Content made ready before its transaction, so that the writer has only rows to write.

Owns ids, digests and the files of what is large. Must not know a connection, nor who refers to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson

from storage.files import ContentFiles
from triggerhub.domain.clock import IdSource
from triggerhub.domain.errors import Unavailable
from triggerhub.domain.work import Piece

IN_ROW = 64 * 1024  # prepared content up to this many bytes lies in the database, larger in files


class Shelf:
    """Where content is laid before it is placed (domain.work.Keeping)."""

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self.pieces: list[Piece] = []

    def put(
        self,
        kind: str,
        body: bytes,
        *,
        content_id: str | None = None,
        media_type: str = "application/json",
        name: str | None = None,
        meta: Mapping[str, Any] | None = None,
        owner: str | None = None,
    ) -> str:
        """Lay it down; its id. Nothing is written yet."""
        piece = Piece(
            id=content_id or self._ids.new("ct"),
            kind=kind,
            body=body,
            media_type=media_type,
            name=name,
            meta=orjson.dumps(meta).decode() if meta else None,
            owner=owner,
        )
        self.pieces.append(piece)
        return piece.id

    def put_json(
        self, kind: str, value: Any, *, content_id: str | None = None, owner: str | None = None
    ) -> str:
        body = orjson.dumps(value, option=orjson.OPT_UTC_Z)
        return self.put(kind, body, content_id=content_id, owner=owner)


def write(pieces: Iterable[Piece], files: ContentFiles) -> tuple[Piece, ...]:
    """The pieces with what is large among them on the disk, synced, and with its digest.

    Raises Unavailable where the disk refuses; then nothing of them is left on it.
    """
    written: list[Piece] = []
    try:
        for piece in pieces:
            if len(piece.body) > IN_ROW:
                path = files.write(piece.id, piece.body)
                written.append(replace(piece, path=path, digest=digest(piece)))
            else:
                written.append(piece)
    except OSError as error:
        remove(written, files)
        raise Unavailable(
            f"content can't be written: {error.strerror}", code="storage_unavailable"
        ) from error
    return tuple(written)


def remove(pieces: Iterable[Piece], files: ContentFiles) -> None:
    """Take the files of what nobody refers to; one that stays is pruned later."""
    for piece in pieces:
        if piece.path is not None:
            with suppress(OSError):
                files.remove(piece.path)


def digest(piece: Piece) -> bytes | None:
    """SHA-256 of what people attach."""
    return sha256(piece.body).digest() if piece.kind in ("attachment", "upload") else None

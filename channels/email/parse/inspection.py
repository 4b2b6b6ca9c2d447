"""One line of `triggerhub inspect`: what the hub would make of one file, as JSON."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import orjson

from channels.email.parse.charset import well_formed
from channels.email.parse.limits import DEFAULT, Limits
from channels.email.parse.mail import Address, ParsedMail, Unparseable
from channels.email.parse.reading import parse

_PIECE = 256 * 1024
# Line breaks to Unicode, though not to JSON: some readers of lines would split on them.
_BREAKS = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


def inspect_path(path: bytes, *, limits: Limits = DEFAULT, frugal: bool = False) -> list[bytes]:
    """The line for a file, as chunks; a file that can't be read gives a line that says why."""
    try:
        raw = _bytes_of(path, limits.mail_bytes + 1)
    except (OSError, ValueError) as exc:
        reason = (exc.strerror if isinstance(exc, OSError) else None) or str(exc)
        return refused_line(path, [f"file: {reason}"])
    return inspect_bytes(path, raw, limits=limits, frugal=frugal)


def inspect_bytes(
    name: bytes, raw: bytes, *, limits: Limits = DEFAULT, frugal: bool = False
) -> list[bytes]:
    """The line for a mail that is already read."""
    try:
        mail = parse(raw, limits=limits, frugal=frugal)
    except Unparseable as exc:
        return refused_line(name, exc.problems)
    return parsed_line(name, mail)


def parsed_line(name: bytes, mail: ParsedMail) -> list[bytes]:
    """The line for a mail that could be parsed."""
    return _line(
        {
            "file": _shown(name),
            "ok": True,
            "from": _address(mail.from_),
            "to": [_address(one) for one in mail.to],
            "cc": [_address(one) for one in mail.cc],
            "subject": mail.subject,
            "text": mail.text,
            "reply_text": mail.reply_text,
            "html": mail.html,
            "attachments": [
                {
                    "filename": one.filename,
                    "content_type": one.content_type,
                    "size": one.size,
                    "sha256": one.sha256,
                    "inline": one.inline,
                }
                for one in mail.attachments
            ],
            "message_id": mail.message_id,
            "in_reply_to": mail.in_reply_to,
            "references": mail.references,
            "dedup_key": mail.dedup_key,
            "auto": mail.auto,
            "problems": mail.problems,
        }
    )


def refused_line(name: bytes, problems: Sequence[str]) -> list[bytes]:
    """The line for what could not be parsed; every key is there, empty."""
    return _line(
        {
            "file": _shown(name),
            "ok": False,
            "from": {"address": "", "name": ""},
            "to": [],
            "cc": [],
            "subject": "",
            "text": "",
            "reply_text": "",
            "html": "",
            "attachments": [],
            "message_id": "",
            "in_reply_to": "",
            "references": [],
            "dedup_key": "",
            "auto": "no",
            "problems": [well_formed(problem) for problem in problems],
        }
    )


def _line(record: dict[str, object]) -> list[bytes]:
    """The record as chunks. Long strings are written piece by piece: one buffer for all of them
    could outgrow the process, and the JSON library does not survive that."""
    chunks: list[bytes] = [b"{"]
    for key, value in record.items():
        chunks.append(b',"%s":' % key.encode() if len(chunks) > 1 else b'"%s":' % key.encode())
        if isinstance(value, str):
            chunks.append(b'"')
            breaks = any(one in value for one in "\x85\u2028\u2029")
            for at in range(0, len(value), _PIECE):
                piece = orjson.dumps(value[at : at + _PIECE])[1:-1]
                chunks.append(_escaped(piece) if breaks else piece)
            chunks.append(b'"')
        else:
            chunks.append(_escaped(orjson.dumps(value)))
    chunks.append(b"}\n")
    return chunks


def _escaped(line: bytes) -> bytes:
    if not line.isascii():
        for found, escaped in _BREAKS:
            line = line.replace(found, escaped)
    return line


def _address(one: Address) -> dict[str, str]:
    return {"address": one.address, "name": one.name}


def _shown(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _bytes_of(path: bytes, limit: int) -> bytes:
    with Path(os.fsdecode(path)).open("rb", buffering=0) as file:
        if stat.S_ISDIR(os.fstat(file.fileno()).st_mode):
            raise IsADirectoryError(None, "it is a directory")
        pieces: list[bytes] = []
        left = limit
        while left > 0:
            piece = file.read(min(left, 1024 * 1024))
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

"""One key for one mail, wherever and however often it is delivered.

The key is over the Message-ID and what the mail says, decoded: relays may add trace fields,
fold headers anew and change the transfer encoding without changing it. A mail without an id
takes the fields that its author wrote in place of it. The mailbox is not part of it.
"""

from __future__ import annotations

import hashlib

from channels.email.parse.body import Read
from channels.email.parse.headers import Head

_AUTHORED = (
    "date",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "in-reply-to",
    "references",
)


def dedup_key(message_id: str, head: Head, reads: list[Read]) -> str:
    """64 hex digits; equal for equal mails."""
    digest = hashlib.sha256()
    if message_id:
        digest.update(b"id\0" + message_id.encode("utf-8", "replace"))
    else:
        for name in _AUTHORED:
            for value in head.all(name):
                digest.update(name.encode() + b"\0" + b" ".join(value.split()) + b"\0")
    for read in reads:
        content = read.content
        if read.leaf.type.startswith(("text/", "message/", "multipart/")):
            lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            content = lines.rstrip(b" \t\n")
        digest.update(b"\0" + read.leaf.type.encode("utf-8", "replace") + b"\0")
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()

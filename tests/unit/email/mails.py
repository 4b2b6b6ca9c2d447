"""Mails for these tests, put together from small pieces."""

from __future__ import annotations

HEAD = "From: a@x.example\nTo: b@y.example\nSubject: s\nMIME-Version: 1.0\n"
PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n"


def multipart(kind: str, *parts: str, boundary: str = "b", more: str = "") -> str:
    """The header and body of a multipart."""
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"{more}\n\n{body}--{boundary}--\n'


def mail(rest: str, head: str = HEAD) -> bytes:
    """A mail whose header goes on with `rest`; a body alone begins with its blank line."""
    return (head + rest).encode()

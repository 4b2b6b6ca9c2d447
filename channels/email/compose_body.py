"""The MIME entity of an outgoing mail: text with an HTML twin, and what is attached.

Seven-bit throughout, so any relay can carry it. Boundaries hold ``=_``, which neither base64 nor
quoted-printable can produce (RFC 2046, 5.1.1; RFC 2045, 6.7).
"""

from __future__ import annotations

import base64
import html
import quopri
import re
from collections.abc import Sequence
from urllib.parse import quote

from triggerhub.domain.errors import Invalid
from triggerhub.domain.model.message import Attachment

_LINE_END = re.compile(r"\r\n|\r|\n")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*\Z")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff]")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 ._()-]{1,60}\Z")


def entity(text: str, attachments: Sequence[Attachment], boundary: str) -> bytes:
    """Header fields from Content-Type on, a blank line, and the body, with CRLF line ends."""
    twins = _multipart(
        "alternative",
        f"=_a{boundary}",
        [_text("plain", "\n".join(_lines(text)) + "\n"), _text("html", as_html(text))],
    )
    if not attachments:
        return twins
    return _multipart("mixed", f"=_m{boundary}", [twins, *map(_attached, attachments)])


def as_html(text: str) -> str:
    """The text as it was typed: paragraphs, line ends, spaces kept."""
    lines = [html.escape(line, quote=False).replace("  ", "&nbsp; ") for line in _lines(text)]
    body = "<br>\n".join(lines)
    return f'<html><body><div dir="auto">{body}</div></body></html>\n'


def _lines(text: str) -> list[str]:
    # A lone surrogate can't be written; nothing that was typed holds one.
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return _LINE_END.split(clean.rstrip("\r\n"))


def _text(subtype: str, text: str) -> bytes:
    data = text.encode("utf-8").replace(b"\n", b"\r\n")
    kind = f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
    # Readable where most of it is ASCII, compact where most of it isn't.
    if (len(data) - len(text)) * 6 > len(data):
        return f"{kind}Content-Transfer-Encoding: base64\r\n\r\n".encode() + _base64(data)
    lines = [quopri.encodestring(line, quotetabs=False) for line in data.split(b"\r\n")]
    # Soft line ends come as a bare LF.
    body = b"\r\n".join(line.replace(b"\n", b"\r\n") for line in lines)
    return f"{kind}Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode() + body


def _attached(attachment: Attachment) -> bytes:
    if attachment.data is None:
        raise Invalid(f"the attachment {attachment.filename!r} has no bytes to send")
    kind = attachment.content_type.lower()
    # Neither may be encoded in base64 (RFC 2046, 5.1, 5.2); what isn't a type is unknown bytes.
    if not _TYPE.match(kind) or kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    head = (
        f"Content-Type: {kind}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment{_filename(attachment.filename)}\r\n\r\n"
    )
    return head.encode("ascii") + _base64(attachment.data)


def _filename(name: str) -> str:
    """The parameter by RFC 2231 with continuations, or plain where the name is simple."""
    name = _UNSAFE.sub("_", name).strip()[:200]
    if not name:
        return ""
    if _PLAIN_NAME.match(name):
        return f';\r\n filename="{name}"'
    encoded = "utf-8''" + quote(name, safe="")
    # An escape is never cut in two.
    pieces = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,20}", encoded)
    return "".join(f";\r\n filename*{n}*={piece}" for n, piece in enumerate(pieces))


def _multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    mark = boundary.encode("ascii")
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n' % (subtype.encode("ascii"), mark)
    body = b"".join(b"\r\n--%s\r\n%s" % (mark, part) for part in parts)
    return head + body + b"\r\n--%s--\r\n" % mark


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")

"""Bytes going out and coming in: mail documents, raw messages, attachments, uploads.

What a customer sent is hostile until shown otherwise: only raster images whose bytes are what
they say may be shown in place; all else is a download that no browser will run.
"""

from __future__ import annotations

import re
from mimetypes import MimeTypes
from urllib.parse import quote

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from agent_console.api import mail_html
from agent_console.api.route import Answer, AnyCall
from triggerhub.domain.errors import Invalid, NotFound, TooLarge

_MAX_PICTURE = 5 * 1024 * 1024
_MAX_PICTURES = 20 * 1024 * 1024
_CHUNK = 64 * 1024
_DEAD = "default-src 'none'; sandbox; frame-ancestors 'self'"
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
# Types that a browser might run or interpret; served as unknown bytes.
_ACTIVE = re.compile(r"html|xml|svg|script|ecma|flash|java|wasm|mhtml|multipart|message/|text/css")


def picture_type(data: bytes) -> str | None:
    """The type of a raster image by its own first bytes."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def disposition(kind: str, filename: str) -> str:
    """RFC 6266, with the name in RFC 8187's form for what isn't ASCII."""
    name = re.sub(r"[\x00-\x1f\x7f/\\]", "_", filename).strip() or "file"
    name = name.encode("utf-8", "replace").decode()[:200]
    plain = re.sub(r'[^ -~]|["%;]', "_", name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def served_as(media_type: str) -> str:
    plain = media_type.partition(";")[0].strip().lower()
    if not _MEDIA_TYPE.fullmatch(plain) or _ACTIVE.search(plain):
        return "application/octet-stream"
    return plain


async def html(call: AnyCall) -> Answer:
    views = call.console.views
    found = await views.html(call.part("id"))
    if found is None:
        raise NotFound("This message has no HTML, or it was erased.")
    source, attachment_ids = found
    images = call.query.images == "1"
    pictures: dict[str, str] = {}
    budget = _MAX_PICTURES
    for cid in sorted(mail_html.references(source)):
        attachment_id = attachment_ids.get(cid)
        content = await views.content(attachment_id) if attachment_id else None
        if content is None or len(content[1]) > min(_MAX_PICTURE, budget):
            continue
        kind = picture_type(content[1])
        if kind is not None:
            # Inside the sandbox the session's cookie isn't sent, so pictures travel along.
            pictures[cid] = mail_html.data_uri(kind, content[1])
            budget -= len(content[1])
    return web.Response(
        text=mail_html.document(source, pictures, images=images),
        content_type="text/html",
        charset="utf-8",
        headers={
            "Content-Security-Policy": mail_html.policy(images=images),
            "Cache-Control": "private, no-store",
        },
    )


async def raw(call: AnyCall) -> Answer:
    message = call.found
    content_id = message.get("raw_content")
    content = await call.console.views.content(content_id) if content_id else None
    if content is None:
        raise NotFound("The message as it came isn't kept, or it was erased.")
    ending = "eml" if message.get("channel") == "email" else "txt"
    return _download(content[1], "application/octet-stream", f"{message['message_id']}.{ending}")


async def attachment(call: AnyCall) -> Answer:
    facts, data = call.found
    picture = picture_type(data)
    kind = picture or served_as(facts.get("media_type") or "")
    # What a phone sends has no name; by its ending it can at least be opened.
    filename = facts.get("filename") or f"attachment{MimeTypes().guess_extension(kind) or ''}"
    return _download(data, kind, filename, inline=picture is not None)


def _download(data: bytes, kind: str, filename: str, *, inline: bool = False) -> web.Response:
    return web.Response(
        body=data,
        headers={
            "Content-Type": kind,
            "Content-Disposition": disposition("inline" if inline else "attachment", filename),
            "Content-Security-Policy": _DEAD,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


async def upload(call: AnyCall) -> Answer:
    """One file by multipart/form-data; read in pieces, so that the limit holds while reading."""
    request, limit = call.request, call.console.max_upload
    if request.content_type != "multipart/form-data":
        raise Invalid("The body must be multipart/form-data.", code="unsupported_media_type")
    if request.content_length is not None and request.content_length > limit + _CHUNK:
        raise TooLarge(f"A file may have {limit} bytes.")
    try:
        part = await (await request.multipart()).next()
        while part is not None and not (isinstance(part, BodyPartReader) and part.name == "file"):
            part = None
        if part is None:
            raise Invalid("The first part must be named 'file'.", errors=[("file", "missing")])
        data = await _read(part, limit)
    except (ValueError, HttpProcessingError) as error:
        raise Invalid("This is not a readable multipart body.", code="malformed") from error
    filename = re.sub(r"[\x00-\x1f\x7f]", "_", part.filename or "file")[:200]
    kind = picture_type(data) or served_as(part.headers.get("Content-Type", ""))
    return await call.console.views.put_upload(filename, kind, data, call.actor.id)


async def _read(part: BodyPartReader, limit: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        data += chunk
        if len(data) > limit:
            raise TooLarge(f"A file may have {limit} bytes.")
    if not data:
        raise Invalid("The file is empty.", errors=[("file", "empty")])
    return bytes(data)

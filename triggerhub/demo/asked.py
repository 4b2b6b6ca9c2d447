"""What a visitor's page asks for: a JSON object and the words in it, checked."""

from __future__ import annotations

from aiohttp import web

from triggerhub.domain.errors import Invalid

Asked = dict[str, object]


async def asked(request: web.Request) -> Asked:
    """The body. JSON alone: a form of another site can't send it. Raises Invalid."""
    if request.content_type != "application/json":
        raise Invalid("send application/json", code="unsupported_media_type")
    try:
        body = await request.json()
    except ValueError as exc:
        raise Invalid("the body is no JSON", code="malformed") from exc
    if not isinstance(body, dict):
        raise Invalid("the body is no JSON object", code="malformed")
    return body


def word(body: Asked, name: str, most: int, *, lines: bool = True) -> str:
    """Raises Invalid where it isn't there, has more than `most` characters, or can't be shown."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"{name} is missing")
    value = value.strip()
    if len(value) > most:
        raise Invalid(f"{name} has more than {most} characters")
    if not all(c.isprintable() or (lines and c in "\n\r\t") for c in value):
        raise Invalid(f"{name} has characters that can't be shown")
    return value

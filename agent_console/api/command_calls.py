"""Commands by HTTP. What each may touch is judged where it is decided, by the desk."""

from __future__ import annotations

from agent_console.api.route import Answer, AnyCall
from triggerhub.domain.commands import build
from triggerhub.domain.errors import Invalid

MAX_KEY = 200


async def command(call: AnyCall) -> Answer:
    key = call.request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise Invalid("The Idempotency-Key must be 1 to 200 printable ASCII characters.")
    asked = build(call.part("name"), call.body)
    return await call.console.desk.execute(call.actor, asked, key=key)

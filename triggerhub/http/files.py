"""The console's built files, and its pages for every other path."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

_FOREVER = "public, max-age=31536000, immutable"
_HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")


def console_of(root: Path) -> Handler:
    """Hashed assets are kept for ever, all else is asked for again; unknown paths are pages of
    the single-page application, but a missing file stays missing."""
    base = root.resolve()

    def found(path: str) -> Path | None:
        candidate = (base / path).resolve()
        return candidate if candidate.is_relative_to(base) and candidate.is_file() else None

    async def console(request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        if "\x00" in path:
            raise web.HTTPNotFound
        file = await asyncio.to_thread(found, path) if path else None
        if file is None:
            if "." in path.rsplit("/", 1)[-1]:
                raise web.HTTPNotFound
            file = base / "index.html"
            if not await asyncio.to_thread(file.is_file):
                raise web.HTTPNotFound(text="The console is not built; see `make build`.")
        hashed = path.startswith("assets/") and _HASHED.search(file.name) is not None
        return web.FileResponse(file, headers={"Cache-Control": _FOREVER if hashed else "no-cache"})

    return console

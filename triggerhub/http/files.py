"""The console's built files, and the one behind all its pages."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

_FOREVER = "public, max-age=31536000, immutable"
_NO_SUCH_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>There is no such page · 没有这个页面</title>
<main>
<h1>There is no such page. <span lang="zh-CN">没有这个页面。</span></h1>
<p><a href="/">To the console</a> · <a lang="zh-CN" href="/">前往控制台</a></p>
</main>
"""
_HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")


def console_of(root: Path, pages: re.Pattern[str]) -> Handler:
    """Hashed assets are kept for ever, all else is asked for again; `pages` of the single-page
    application are one file. What is neither isn't there."""
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
            if pages.fullmatch(path) is None:
                raise web.HTTPNotFound(text=_NO_SUCH_PAGE, content_type="text/html")
            file = base / "index.html"
            if not await asyncio.to_thread(file.is_file):
                raise web.HTTPNotFound(text="The console is not built; see `make build`.")
        hashed = path.startswith("assets/") and _HASHED.search(file.name) is not None
        return web.FileResponse(file, headers={"Cache-Control": _FOREVER if hashed else "no-cache"})

    return console

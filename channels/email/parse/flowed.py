"""format=flowed text to plain lines (RFC 3676). Pure text; knows nothing of mails."""

from __future__ import annotations

import re

_MAX_LINES = 100_000
_QUOTES = re.compile(r">*")


def unflow(text: str, *, delsp: bool) -> str:
    """Join the soft-broken lines of each paragraph; quote marks stay at the front of a line."""
    if text.count("\n") > _MAX_LINES:
        return text
    out: list[str] = []
    open_depth: int | None = None
    paragraph: list[str] = []

    def flush() -> None:
        nonlocal open_depth
        if open_depth is not None:
            body = "".join(paragraph)
            out.append(f"{'>' * open_depth} {body}" if open_depth else body)
            paragraph.clear()
            open_depth = None

    for line in text.split("\n"):
        match = _QUOTES.match(line)
        depth = match.end() if match else 0
        content = line[depth:]
        content = content.removeprefix(" ")
        if content == "-- ":
            flush()
            out.append(f"{'>' * depth} -- " if depth else "-- ")
            continue
        if open_depth is not None and open_depth != depth:
            flush()
        soft = content.endswith(" ")
        open_depth = depth
        paragraph.append(content[:-1] if soft and delsp else content)
        if not soft:
            flush()
    flush()
    return "\n".join(out)

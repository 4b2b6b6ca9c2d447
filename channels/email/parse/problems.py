"""What went wrong while one mail was read: a bounded list, each entry `code: detail`."""

from __future__ import annotations

from channels.email.parse.limits import MAX_PROBLEMS

_DETAIL_CHARS = 200


class Problems:
    """Collects problems, each once, up to a limit."""

    def __init__(self) -> None:
        self._entries: dict[str, None] = {}
        self._left_out = False

    def add(self, code: str, detail: str) -> None:
        """`code` is stable (`charset`, `base64`, `limit`, ...); `detail` is for people."""
        if len(self._entries) >= MAX_PROBLEMS:
            self._left_out = True
            return
        printable = "".join(c if c.isprintable() else "\ufffd" for c in detail[:_DETAIL_CHARS])
        self._entries[f"{code}: {printable}"] = None

    def all(self) -> tuple[str, ...]:
        """In the order in which they were met."""
        entries = tuple(self._entries)
        return (*entries, "problems: more were met than are told") if self._left_out else entries

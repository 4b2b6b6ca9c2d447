"""One message as it comes in after DATA, up to its final dot.

Owns where a message ends (RFC 5321, 2.3.8 and 4.5.2) and how much of it is held in memory. Must not
know commands, nor what becomes of the message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast


class Incoming:
    """`hold` counts bytes in memory (fewer, if negative); False: too many by now.

    `refusal`: the reply to the final dot, where there is no message to be had. `endless`: it went
    on where nobody who knows the limit would.
    """

    def __init__(self, limit: int, hold: Callable[[int], bool]) -> None:
        self.refusal = ""
        self.endless = False
        self._limit = limit
        self._hold = hold
        self._held = 0
        self._chunks: list[bytes] = []

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Read to the first CRLF.CRLF and nothing else, unless it is `endless`.

        A bare LF or CR around the dot is part of the message, which is what keeps one message from
        being read as two.
        """
        # The dot may stand in the very first line: give it the line end of DATA to follow.
        cast("Any", reader)._buffer[:0] = b"\r\n"  # noqa: SLF001 - asyncio has no "unread"
        size, ended = 0, False
        while not (ended or self.endless):
            try:
                chunk = await reader.readuntil(b"\r\n.\r\n")
                ended = True
            except asyncio.LimitOverrunError as so_far:
                chunk = await reader.readexactly(so_far.consumed)
            size += len(chunk)
            if not self.refusal:
                self._take(chunk, too_big=size - (5 if ended else 2) > self._limit)
            elif size > 2 * self._limit:
                self.endless = True

    def _take(self, chunk: bytes, *, too_big: bool) -> None:
        self._chunks.append(chunk)
        self._held += len(chunk)
        roomy = self._hold(len(chunk))
        if too_big:
            self.refusal = "552 5.3.4 Message too big"
        elif not roomy:
            self.refusal = "452 4.3.1 Busy with other large messages; try again later"
        if self.refusal:
            self._chunks.clear()
            self.release()

    def taken(self) -> bytes:
        """The message as it was before transparency; it can be had once."""
        raw = unstuffed(self._chunks)
        self._chunks.clear()
        return raw

    def release(self) -> None:
        """It needn't be held any more."""
        self._hold(-self._held)
        self._held = 0


def unstuffed(chunks: list[bytes]) -> bytes:
    """The message before transparency (RFC 5321, 4.5.2), from CRLF + its lines + the last dot."""
    text = b"".join(chunks)
    # "\r\n.\r\n" occurs only at the end, so this takes one dot from each line and the last whole.
    return text[:-3].replace(b"\r\n.", b"\r\n")[2:]

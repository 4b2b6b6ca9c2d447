"""The door of the listener: what answers a new connection until it is known who is there.

Must not know SMTP beyond the one line that sends a peer away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from typing_extensions import override


class Door(asyncio.Protocol):
    """Makes way for what `enter` gives for a peer: a conversation, or a refusal."""

    def __init__(self, enter: Callable[[str], asyncio.BaseProtocol]) -> None:
        self._enter = enter

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peername = transport.get_extra_info("peername")
        peer = str(peername[0]) if isinstance(peername, tuple) else "local"
        inside = self._enter(peer)
        cast("asyncio.Transport", transport).set_protocol(inside)
        inside.connection_made(transport)


class Refusal(asyncio.Protocol):
    """A connection above the limits: 421 and gone (RFC 5321, 3.8)."""

    def __init__(self, line: str) -> None:
        self._line = line

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = cast("asyncio.Transport", transport)
        wire.write(self._line.encode("ascii") + b"\r\n")
        wire.close()

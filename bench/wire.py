"""The load's side of the wire: HTTP, WebSocket and SMTP clients that cost next to nothing.

They know just enough of their protocols to speak to the hub and the floors, so that the cores are
left to what is measured. Not clients to use elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

Answered = Callable[[int], None]


class HttpClient(asyncio.Protocol):
    """One kept-alive connection, one request at a time, written as ready bytes."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answered: Answered | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._answered is not None:
            answered, self._answered = self._answered, None
            answered(0)

    def ask(self, request: bytes, answered: Answered) -> None:
        """`answered` gets the status, 0 for a lost connection."""
        assert self._answered is None
        if self._transport is None:
            answered(0)
            return
        self._answered = answered
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._buffer.find(b"Content-Length: ", 0, head)
        length = int(self._buffer[at + 16 : self._buffer.find(b"\r", at)]) if at >= 0 else 0
        if len(self._buffer) < head + 4 + length:
            return
        status = int(self._buffer[9:12])
        self._buffer = b""
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(status)

    def close(self) -> None:
        self._answered = None
        if self._transport is not None:
            self._transport.close()


class WebSocketClient(asyncio.Protocol):
    """One console's socket. `got` is called with every text frame."""

    def __init__(self, upgrade: bytes, got: Callable[[WebSocketClient, bytes], None]) -> None:
        self._upgrade = upgrade
        self._got = got
        self._buffer = bytearray()
        self._open = False
        self._transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._upgrade)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the hub closed the connection"))

    def send(self, text: bytes) -> None:
        if self._transport is not None and not self.closed:
            self._transport.write(_frame(0x81, text))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                answer = bytes(self._buffer[:200]).decode(errors="replace")
                self.opened.set_exception(ConnectionError(answer))
                return
            del self._buffer[: head + 4]
            self._open = True
            self.opened.set_result(None)
        at, buffer = 0, self._buffer
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[at + 2 : at + 4]), at + 4
            elif length == 127:
                length, start = int.from_bytes(buffer[at + 2 : at + 10]), at + 10
            if start > len(buffer) or len(buffer) < start + length:
                break
            self._frame(buffer[at] & 0x0F, bytes(buffer[start : start + length]))
            at = start + length
        del buffer[:at]

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == 1:
            self._got(self, payload)
        elif opcode == 9 and self._transport is not None:
            self._transport.write(_frame(0x8A, payload))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _frame(head: int, payload: bytes) -> bytes:
    """A client's frame, masked by zeros, which leaves the payload as it is (RFC 6455, 5.3)."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes([head]) + length + b"\0\0\0\0" + payload


class SmtpClient(asyncio.Protocol):
    """One session that sends one message after the other, each command after the last reply."""

    def __init__(self, mailbox: str, sender: str, next_message: Callable[[], bytes | None]) -> None:
        self._start = [
            f"MAIL FROM:<{sender}>\r\n".encode(),
            f"RCPT TO:<{mailbox}>\r\n".encode(),
            b"DATA\r\n",
        ]
        self._next_message = next_message
        self._message: bytes | None = None
        self._step = -2  # greeting, then EHLO
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.accepted = 0
        self.refused: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._buffer.endswith(b"\n"):
            return
        last = self._buffer[:-2].rpartition(b"\n")[2]
        if last[3:4] == b"-":
            return
        self._buffer = b""
        self._replied(last)

    def _replied(self, reply: bytes) -> None:
        assert self._transport is not None
        if reply[:1] not in b"23":
            self.refused.append(reply)
            self._transport.close()
            return
        if self._step == -2:
            self._step = -1
            self._transport.write(b"EHLO load.example\r\n")
            return
        if self._step == 3:
            assert self._message is not None
            self._step = 4
            self._transport.write(self._message)
            return
        if self._step == 4:
            self.accepted += 1
            self._step = -1
        if self._step == -1:
            self._message = self._next_message()
            if self._message is None:
                self._transport.write(b"QUIT\r\n")
                self._transport.close()
                return
            self._step = 0
        self._transport.write(self._start[self._step])
        self._step += 1

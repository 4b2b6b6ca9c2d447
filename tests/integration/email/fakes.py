"""Doubles of what the e-mail channel asks of the rest of the house, and raw SMTP by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from triggerhub.domain.model.message import Accepted, Account, Arrival

SUPPORT = Account(
    id="acc_support",
    channel="email",
    name="Demo Support",
    addresses=("support@demo.example", "help@demo.example"),
)
SALES = Account(id="acc_sales", channel="email", name="Sales", addresses=("sales@demo.example",))


class FakeInbox:
    """Keeps arrivals and recognises doubles. `fault` may raise, `gate` holds commits back."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.fault: Callable[[Arrival], Exception | None] = lambda arrival: None
        self.gate: asyncio.Event | None = None
        self.waiting = asyncio.Event()

    async def accept(self, arrival: Arrival) -> Accepted:
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()
        fault = self.fault(arrival)
        if fault is not None:
            raise fault
        key = (arrival.account_id, arrival.external_id)
        duplicate = key in {(known.account_id, known.external_id) for known in self.arrivals}
        if not duplicate:
            self.arrivals.append(arrival)
        return Accepted(id=f"arr_{len(self.arrivals)}", duplicate=duplicate)


@dataclass
class FakeAccounts:
    accounts: list[Account] = field(default_factory=lambda: [SUPPORT, SALES])

    def by_id(self, account_id: str) -> Account | None:
        return next((account for account in self.accounts if account.id == account_id), None)

    def by_address(self, channel: str, address: str) -> Account | None:
        return next(
            (
                account
                for account in self.accounts
                if account.channel == channel and address in account.addresses
            ),
            None,
        )

    def of_channel(self, channel: str) -> Sequence[Account]:
        return [account for account in self.accounts if account.channel == channel]


class Wire:
    """A peer that says exactly the bytes it is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int) -> Wire:
        wire = cls(*await asyncio.open_connection("127.0.0.1", port))
        assert (await wire.reply()).startswith("220 ")
        return wire

    async def reply(self) -> str:
        """The next reply, all its lines; "" when the peer has hung up."""
        lines = []
        while True:
            async with asyncio.timeout(10):
                line = (await self.reader.readline()).decode()
            lines.append(line)
            if line[3:4] != "-":
                return "".join(lines)

    async def say(self, line: str | bytes) -> str:
        self.put((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return await self.reply()

    def put(self, data: bytes) -> None:
        self.writer.write(data)

    async def begin(self, *recipients: str) -> None:
        """As far as the 354."""
        assert (await self.say("EHLO peer.example")).startswith("250-")
        assert (await self.say("MAIL FROM:<anna@customer.example>")).startswith("250")
        for recipient in recipients or ("support@demo.example",):
            assert (await self.say(f"RCPT TO:<{recipient}>")).startswith("250")
        assert (await self.say("DATA")).startswith("354")

    async def rest(self) -> bytes:
        """Everything until the peer hangs up."""
        async with asyncio.timeout(10):
            return await self.reader.read()

    def close(self) -> None:
        self.writer.close()

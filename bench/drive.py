"""What the load does: customers who write, mails that come in."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from random import Random
from typing import TypeVar

from bench import company
from bench.desk import Desk
from bench.history import form
from bench.wire import HttpClient, SmtpClient
from channels.sms.form import decode
from channels.sms.signature import sign

T = TypeVar("T")
CONNECTIONS = 64
LONGEST = 10.0  # seconds that conversations are waited for at the end
WINDOW = 256  # customers who have written and are not yet offered to an agent
_WORDS = "Hello, could you please tell me when my order 4711 will arrive? Thank you! 谢谢"


class Messages:
    """Signed webhooks, made before they are needed; every one has an id of its own."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._prefix = f"{self._random.getrandbits(64):016x}"
        self._count = 0

    def of(self, customer: int, to: str) -> bytes:
        """The whole HTTP request."""
        self._count += 1
        body = form(f"SM{self._prefix}{self._count:016x}", company.phone(customer), to, _WORDS)
        url = (company.PUBLIC_URL + company.SMS_PATH).encode()
        signature = sign(company.AUTH_TOKEN, url, decode(body))
        return (
            b"POST %s HTTP/1.1\r\nHost: hub.example\r\nUser-Agent: TwilioProxy/1.1\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n"
            b"X-Twilio-Signature: %s\r\nI-Twilio-Idempotency-Token: %016x\r\nAccept: */*\r\n\r\n%s"
            % (company.SMS_PATH.encode(), len(body), signature, self._count, body)
        )

    async def all(self, customers: Iterable[int], to: str) -> list[bytes]:
        """A request for each; others get their turns meanwhile (consoles must answer pings)."""
        made = []
        for customer in customers:
            made.append(self.of(customer, to))
            if len(made) % 500 == 0:
                await asyncio.sleep(0)
        return made

    async def talks(
        self, customers: Iterable[int], to: str, messages: int
    ) -> dict[bytes, list[bytes]]:
        """So many requests for each, by address."""
        numbers = list(customers)
        made = iter(await self.all([n for n in numbers for _ in range(messages)], to))
        return {company.phone(n).encode(): list(islice(made, messages)) for n in numbers}


async def http_clients(port: int, count: int = CONNECTIONS) -> list[HttpClient]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(HttpClient, "127.0.0.1", port))[1] for _ in range(count)]


async def post_all(port: int, requests: list[bytes], seconds: float) -> tuple[float, int]:
    """(answers with 2xx a second, others) at 64 connections, for as long or until all are sent."""
    clients = await http_clients(port)
    stream = iter(requests)
    finished = asyncio.Event()
    began = time.perf_counter()
    accepted = refused = 0
    busy = len(clients)
    last = began

    def answered(client: HttpClient, status: int) -> None:
        nonlocal accepted, refused, last
        last = time.perf_counter()
        if 200 <= status < 300:
            accepted += 1
        else:
            refused += 1
        go(client)

    def go(client: HttpClient) -> None:
        nonlocal busy
        request = next(stream, None) if last - began < seconds else None
        if request is None:
            busy -= 1
            if not busy:
                finished.set()
        else:
            client.ask(request, partial(answered, client))

    for client in clients:
        go(client)
    await finished.wait()
    for client in clients:
        client.close()
    return accepted / (last - began), refused


@dataclass(frozen=True, slots=True)
class FullPath:
    """`offered`, `closed`: offers and closed conversations less than first messages posted."""

    per_second: float
    offered: int
    closed: int
    bytes_per_message: float


async def full_path(
    port: int, desk: Desk, customers: dict[bytes, list[bytes]], *, warm: float, seconds: float
) -> FullPath:
    """Customers' messages on consoles a second.

    `customers`: by address, what each will write. The first message is offered and accepted; each
    further one is written when the one before is on the agent's console; then the agent closes.
    `WINDOW` customers at a time wait to be offered.
    """
    clients = await http_clients(port)
    idle = list(clients)
    newcomers = iter(customers)
    ready: deque[bytes] = deque()
    times: list[float] = []
    posted = 0
    began = time.perf_counter()
    end = began + warm + seconds
    over = False
    changed = asyncio.Event()
    before = (desk.offers, desk.closed, desk.received)

    def go() -> None:
        nonlocal posted, over
        while not over and posted - (desk.offers - before[0]) < WINDOW:
            address = next(newcomers, None)
            if time.perf_counter() >= end or address is None:
                over = True
                break
            posted += 1
            ready.append(customers[address].pop(0))
        while ready and idle:
            client = idle.pop()
            client.ask(ready.popleft(), partial(answered, client))

    def answered(client: HttpClient, status: int) -> None:
        if status != 200:
            raise RuntimeError(f"a webhook was answered with {status}")
        idle.append(client)
        go()

    def arrived(_address: bytes, at: float) -> None:
        times.append(at)
        changed.set()
        go()

    def write_on(address: bytes) -> bool:
        if not customers[address]:
            return False
        ready.append(customers[address].pop(0))
        go()
        return True

    desk.arrived, desk.write_on = arrived, write_on
    go()
    while not over or desk.closed - before[1] < posted:
        changed.clear()
        try:
            async with asyncio.timeout(0.5):
                await changed.wait()
        except TimeoutError:
            go()
            if time.perf_counter() > end + 30:
                break
    desk.arrived = desk.write_on = None
    for client in clients:
        client.close()
    counted = [at for at in times if began + warm <= at <= end]
    return FullPath(
        per_second=len(counted) / (min(end, max(times, default=end)) - began - warm),
        offered=desk.offers - before[0] - posted,
        closed=desk.closed - before[1] - posted,
        bytes_per_message=(desk.received - before[2]) / max(1, len(times)),
    )


async def answers(port: int, requests: Iterable[bytes], rate: float) -> list[float]:
    """Milliseconds from the first byte of each request to its answer, at `rate` a second.

    One that is never answered counts as infinite.
    """
    found: list[float] = []
    asked_for = 0

    def asked(client: HttpClient, request: bytes, back: Callable[[], None]) -> None:
        nonlocal asked_for
        asked_for += 1
        began = time.perf_counter()

        def answered(_status: int) -> None:
            found.append((time.perf_counter() - began) * 1000)
            back()

        client.ask(request, answered)

    await _at_rate(port, requests, rate, asked)
    return found + [float("inf")] * (asked_for - len(found))


async def latencies(
    port: int,
    desk: Desk,
    customers: dict[bytes, list[bytes]],
    rate: float,
    *,
    messages: int,
    pause: float,
    seconds: float,
) -> list[float]:
    """Milliseconds from the first byte of each request to its frame, at `rate` a second.

    `customers`: by address, the `messages` that each will write. With every `messages`-th turn a
    new one begins; each further message is written `pause` seconds after the one before was on a
    console. Counted are `seconds`, once the first conversations have run their course. A message
    that never arrives counts as infinite.
    """
    newcomers = iter(customers)
    due: deque[tuple[float, bytes]] = deque()
    sent: dict[bytes, float] = {}
    waits: list[float] = []
    began = time.perf_counter()
    counted_from = began + pause * (messages - 1)
    end = counted_from + seconds
    closed = desk.closed
    begun = 0

    def arrived(address: bytes, at: float) -> None:
        since = sent.pop(address, None)
        if since is not None and counted_from <= since <= end:
            waits.append((at - since) * 1000)

    def write_on(address: bytes) -> bool:
        if not customers[address]:
            return False
        due.append((time.perf_counter() + pause, address))
        return True

    def turns() -> Iterator[bytes | None]:
        nonlocal begun
        for turn in itertools.count():
            now = time.perf_counter()
            if turn % messages == 0 and now < end:
                begun += 1
                yield next(newcomers)
            elif due and due[0][0] <= now:
                yield due.popleft()[1]
            elif now < end or (desk.closed - closed < begun and now < end + LONGEST):
                yield None
            else:
                return

    def ask(client: HttpClient, address: bytes, back: Callable[[], None]) -> None:
        request = customers[address].pop(0)
        sent[address] = time.perf_counter()
        client.ask(request, lambda _status: back())

    desk.arrived, desk.write_on = arrived, write_on
    await _at_rate(port, turns(), rate, ask)
    desk.arrived = desk.write_on = None
    return waits + [float("inf") for since in sent.values() if counted_from <= since <= end]


async def _at_rate(
    port: int,
    turns: Iterable[T | None],
    rate: float,
    ask: Callable[[HttpClient, T, Callable[[], None]], None],
) -> None:
    """`ask` at even distances, on a connection that is free; until all are answered.

    A turn may bring nothing to ask for.
    """
    clients = await http_clients(port, 16)
    idle = list(clients)
    next_at = time.perf_counter()
    for asked in turns:
        next_at += 1 / rate
        await asyncio.sleep(max(0.0, next_at - time.perf_counter()))
        if asked is None:
            continue
        if not idle:
            clients += await http_clients(port, 1)
            idle.append(clients[-1])
        client = idle.pop()
        ask(client, asked, partial(idle.append, client))
    for _ in range(100):
        if len(idle) == len(clients):
            break
        await asyncio.sleep(0.05)
    for client in clients:
        client.close()


def mails(seed: int, count: int) -> Iterator[bytes]:
    """Small plain mails, dot-stuffed and ended as they stand on the wire."""
    random = Random(seed)
    prefix = f"{random.getrandbits(64):016x}"
    for number in range(count):
        yield (
            f"From: Avery <avery-{number % 500}@customer.example>\r\n"
            f"To: Support <{company.MAILBOX}>\r\nSubject: Order 4711\r\n"
            f"Message-ID: <{prefix}.{number}@customer.example>\r\n"
            "Date: Fri, 02 Jan 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
            f"\r\n{_WORDS}\r\n\r\n-- \r\nAvery\r\n.\r\n"
        ).encode()


async def send_mails(
    port: int, messages: Iterator[bytes], *, sessions: int, seconds: float
) -> tuple[float, int]:
    """(messages accepted a second, refusals)."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()

    def following() -> bytes | None:
        return next(messages, None) if time.perf_counter() - began < seconds else None

    clients: list[SmtpClient] = []
    for _ in range(sessions):
        _, client = await loop.create_connection(
            lambda: SmtpClient(company.MAILBOX, "avery@customer.example", following),
            "127.0.0.1",
            port,
        )
        clients.append(client)
    await asyncio.wait([client.done for client in clients])
    span = time.perf_counter() - began
    return sum(c.accepted for c in clients) / span, sum(len(c.refused) for c in clients)

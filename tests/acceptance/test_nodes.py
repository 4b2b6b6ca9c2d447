"""Two nodes on one PostgreSQL and one Valkey: either takes, either shows, and one leads."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.acceptance.console import Console, comparable, fresh_snapshot
from tests.acceptance.hub_process import HubProcess, seed
from tests.acceptance.ledger import Delivery, Ledger
from triggerhub.demo.carrier import Carrier
from triggerhub.demo.mailbox import Mailbox
from triggerhub.domain.ports import Json

KEY = "a master key that both nodes share"
TAKES_OVER_WITHIN = 40.0  # seconds; the lease runs for ten


@dataclass(slots=True, kw_only=True)
class Nodes:
    first: HubProcess
    second: HubProcess
    carrier: Carrier
    people: AsyncExitStack

    async def leader(self) -> HubProcess:
        """The node whose own meter says that it holds the lease."""
        async with asyncio.timeout(TAKES_OVER_WITHIN):
            while True:
                for node in (self.first, self.second):
                    if node.process is not None and node.process.returncode is None:
                        async with (
                            ClientSession() as asker,
                            asker.get(f"{node.base}/metrics") as told,
                        ):
                            if "triggerhub_leader 1.0" in await told.text():
                                return node

    async def at_console(self, node: HubProcess, login: str) -> Console:
        console = Console(base=node.base, login=login, origin=node.public_url)
        await self.people.enter_async_context(console)
        await console.sign_in()
        line = asyncio.create_task(console.attend())

        async def hang_up() -> None:
            line.cancel()
            await asyncio.gather(line, return_exceptions=True)

        self.people.push_async_callback(hang_up)
        await console.until(lambda state: state["me"], "its snapshot")
        return console


@pytest.fixture
async def nodes(tmp_path: Path, postgres_url: str, valkey_url: str) -> AsyncIterator[Nodes]:
    async with AsyncExitStack() as stack:
        carrier = await stack.enter_async_context(Carrier())
        mailbox = await stack.enter_async_context(Mailbox())
        made: list[HubProcess] = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            node = HubProcess(
                folder=tmp_path / name,
                seed=seed({"ann": "agent", "ben": "agent", "sue": "supervisor"}),
                settings={
                    "database_url": postgres_url,
                    "redis_url": valkey_url,
                    "master_key": KEY,
                    "relay_url": mailbox.relay_url,
                    "twilio_api_url": carrier.url,
                    "public_url": "http://hub.example",
                },
            )
            stack.push_async_callback(node.end)
            made.append(node)
        # Both at once: one of them makes the schema, and the other waits for it.
        await asyncio.gather(*(node.open() for node in made))
        async with AsyncExitStack() as people:
            yield Nodes(first=made[0], second=made[1], carrier=carrier, people=people)


def _ledger(node: HubProcess) -> Ledger:
    return Ledger(
        http_port=node.http_port,
        smtp_port=node.smtp_port,
        public_url=node.public_url,
        rng=random.Random(11),
    )


async def _handed_over(ledger: Ledger, delivery: Delivery) -> None:
    assert await ledger.hand_over(delivery)
    assert delivery.yes == 1, ledger.refusals


async def _words(console: Console, words: str) -> Json:
    row: Json = await console.until(
        lambda state: next(
            (row for row in state["interactions"].values() if words in row["preview"]), None
        ),
        f"work with {words!r}",
    )
    return row


async def test_either_node_takes_and_shows_and_another_leads_when_one_dies(nodes: Nodes) -> None:
    at_first, at_second = _ledger(nodes.first), _ledger(nodes.second)
    sues = [await nodes.at_console(node, "sue") for node in (nodes.first, nodes.second)]
    await _handed_over(at_first, at_first.text("Words at the first door"))
    await _handed_over(at_second, at_second.mail("Words at the second door", large=False))
    for sue in sues:
        await _words(sue, "Words at the first door")
        await _words(sue, "Words at the second door")
    async with asyncio.timeout(30):
        while (seen := comparable(await fresh_snapshot(sues[0]))) != sues[1].seen():
            assert seen  # each look is a question to the hub, and so a wait

    leader = await nodes.leader()
    other = nodes.second if leader is nodes.first else nodes.first
    leader.kill()
    await leader.gone()
    ledger = _ledger(other)
    await _handed_over(ledger, ledger.text("Words after the leader's death"))
    sue = sues[1] if other is nodes.second else sues[0]
    await sue.until(lambda state: state["me"], "its own line")
    row = await _words(sue, "Words after the leader's death")
    assert await nodes.leader() is other
    await leader.open()
    back = await nodes.at_console(leader, "sue")
    assert row["id"] in back.state["interactions"]
    # The same thing at both doors is one event.
    twice = ledger.text("Words at both doors")
    await _handed_over(ledger, twice)
    twin = _ledger(leader)
    assert await twin.hand_over(twice)
    await _words(back, "Words at both doors")
    events = (await back.get("events?after=0&limit=1000"))["events"]
    received = [one for one in events if one["type"] == "message.received"]
    assert len(received) == len({one["data"]["external_id"] for one in received}) == 4
    assert [int(one["sequence"]) for one in events] == list(range(1, len(events) + 1))
    # Sue was with the node that lived all the time.
    assert [one for one in events if one["type"] == "agent.disconnected"] == []
    for node in (leader, other):
        assert await node.stop() == 0, node.tail()
        assert node.tracebacks() == []


async def test_a_large_mail_waits_until_the_leader_has_its_file(nodes: Nodes) -> None:
    """Each node has a folder of its own here, which is a mistake: nothing may be lost by it."""
    leader = await nodes.leader()
    other = nodes.second if leader is nodes.first else nodes.first
    ledger = _ledger(other)
    sue = await nodes.at_console(leader, "sue")
    await _handed_over(ledger, ledger.mail("Words of a large mail", large=True))
    async with ClientSession() as asker, asyncio.timeout(30):
        while True:
            async with asker.get(f"{leader.base}/metrics") as told:
                if "triggerhub_content_missing 1.0" in await told.text():
                    break
        async with asker.get(f"{leader.base}/readyz") as answer:
            assert answer.status == 200
            checks = (await answer.json())["checks"]
    assert checks["content"].endswith(": 1")
    await _handed_over(ledger, ledger.mail("Words of a small mail", large=False))
    await _handed_over(ledger, ledger.text("Words of a text"))
    await _words(sue, "Words of a small mail")
    await _words(sue, "Words of a text")
    assert (await sue.get("attention?state=open"))["items"] == []
    assert leader.log.read_text().count("reading.content_missing") == 1
    await asyncio.to_thread(
        shutil.copytree, other.folder / "content", leader.folder / "content", dirs_exist_ok=True
    )
    await _words(sue, "Words of a large mail")
    assert (await sue.get("attention?state=all"))["items"] == []
    for node in (leader, other):
        assert await node.stop() == 0, node.tail()
        assert node.tracebacks() == []

"""The leader in other people's transactions: settled at once, or left for its next step."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs

from router.leader import RENEW
from storage.engine import Connection
from storage.precedence import FEW
from storage.transaction import Transaction
from tests.unit.router.test_board import check_board
from tests.unit.router.test_leader import Killed, each_once
from tests.unit.router.test_poison import running
from tests.unit.router.world import World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Unavailable


@pytest.fixture
async def joined(world: World) -> World:
    await world.hire("ann", "bob")
    await world.settle()
    world.store.accompanied_by(world.leader)
    return world


async def test_a_delivery_is_offered_in_its_own_transaction(joined: World) -> None:
    groups = joined.store.writer.groups
    await joined.sms("+15550100")
    assert joined.store.writer.groups == groups + 1
    [offer] = await joined.offers()
    assert offer.agent_id == "user_ann"
    assert joined.leader.position == await joined.views.head()
    await check_board(joined)


async def test_what_a_command_sets_free_is_offered_with_it(joined: World) -> None:
    for number in range(3):
        await joined.sms(f"+1555010{number}")
    ann, _ = await joined.hire("ann", "bob", available=False)
    mine = await joined.take(ann)
    await joined.do(ann, cmd.CloseInteraction(interaction_id=mine))
    assert sorted(o.agent_id for o in await joined.offers()) == ["user_ann", "user_bob"]
    await check_board(joined)


async def test_what_changes_nothing_moves_no_position(joined: World) -> None:
    kept = joined.leader._kept
    await joined.append(ev.AgentCleared(agent_id="user_ann"))
    assert joined.leader.position == await joined.views.head()
    assert joined.leader._kept == kept


async def test_a_group_is_kept_where_joining_fails(
    joined: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose delivery it is gets the acknowledgement; routing is the leader's own trouble."""

    def fails(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(joined.leader, "_settle", fails)
        assert not (await joined.sms("+15550100")).duplicate
    assert await joined.offers() == []
    assert joined.leader.position < await joined.views.head()
    await joined.settle()
    await each_once(joined)
    assert len(await joined.offers()) == 1
    await joined.sms("+15550101")
    assert len(await joined.offers()) == 2
    await check_board(joined)


async def test_a_crash_between_any_two_statements_keeps_what_was_accepted(
    joined: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Transaction._insert
    survived = 0
    while True:
        left, died = survived, False

        def dying(self: Transaction, *args: Any) -> Any:
            nonlocal left, died
            if left == 0 and not died:
                died = True
                raise Killed
            left -= 1
            return insert(self, *args)

        monkeypatch.setattr(Transaction, "_insert", dying)
        try:
            await joined.sms(f"+1555010{survived % 10}")
        except Killed:
            assert survived == 0, "only the delivery's own failure is told"
        monkeypatch.setattr(Transaction, "_insert", insert)
        await joined.settle()
        await each_once(joined)
        await check_board(joined)
        if not died:
            break
        survived += 1
    assert survived >= 4


async def test_a_commit_that_fails_is_forgotten(
    joined: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await joined.views.head()

    def refused(self: Connection) -> None:
        self.one("SELECT * FROM there_is_no_such_table")

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "commit", refused)
        with pytest.raises(Unavailable):
            await joined.sms("+15550100")
    assert await joined.views.head() == before
    await joined.sms("+15550101")
    await joined.settle()
    await each_once(joined)
    assert len(await joined.offers()) == 1
    await check_board(joined)


async def test_in_a_flood_acknowledging_goes_first(joined: World) -> None:
    before = await joined.views.head()
    deliveries = [joined.sms(f"+155502{number:02}") for number in range(FEW + 1)]
    await asyncio.gather(*deliveries)
    assert await joined.views.head() == before + FEW + 1
    await joined.settle()
    await each_once(joined)


async def test_nobody_joins_after_the_lease_must_be_renewed(joined: World) -> None:
    joined.clock.advance(RENEW + timedelta(seconds=1))
    await joined.sms("+15550100")
    assert await joined.offers() == []
    await joined.settle()
    assert len(await joined.offers()) == 1


async def test_a_leader_that_was_overtaken_changes_nothing(joined: World) -> None:
    """The fencing number refuses what it appends; the delivery is kept without."""
    await joined.store.run(lambda work: work.advance("router", work.position("router"), 99))
    await joined.sms("+15550100")
    assert await joined.offers() == []
    assert len(await joined.log(ev.MessageReceived)) == 1
    assert joined.leader._board is None


async def test_a_lead_that_was_not_committed_is_taken_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all that taking it brings: what was done with it was rolled back, too."""
    taken: list[int] = []
    world.leader._on_taking_over = lambda work: taken.append(work.head)

    def refused(self: Connection) -> None:
        self.one("SELECT * FROM there_is_no_such_table")

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "commit", refused)
        with pytest.raises(Unavailable):
            await world.leader.step()
    assert await world.leader.step()
    assert len(taken) == 2
    assert await world.leader.step()
    assert len(taken) == 2


async def test_a_commit_that_fails_rings_for_another_step(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.hire("ann")
    async with running(world.leader.run):
        await world.leader.leading.wait()
        with monkeypatch.context() as patched:
            patched.setattr(
                Connection, "commit", lambda self: self.one("SELECT * FROM no_such_table")
            )
            with pytest.raises(Unavailable):
                await world.sms("+15550100")
        await world.sms("+15550101")
        async with asyncio.timeout(2):  # not only when the lease must be renewed
            async for batch in world.store.subscribe(0):
                if any(isinstance(item.fact, ev.OfferMade) for item in batch):
                    break
    await each_once(world)


async def test_a_step_whose_commit_fails_rests_before_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk without room refuses at the commit: a leader that tried again at once would fill
    what is left of it with its log."""
    tries: list[float] = []

    def refused(self: Connection) -> None:
        tries.append(time.monotonic())
        self.one("SELECT * FROM there_is_no_such_table")

    monkeypatch.setattr(Connection, "commit", refused)
    monkeypatch.setattr(world.leader._bell, "pause", rested := AsyncMock(side_effect=Killed))
    with capture_logs():
        async with running(world.leader.run) as [leading]:
            await asyncio.wait([leading], timeout=5)
    assert len(tries) == 1
    [[seconds], _] = rested.await_args_list[0]
    assert seconds >= 1
    assert not world.leader._bell._rung.is_set()

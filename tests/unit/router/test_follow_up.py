"""Work that is planned when earlier work is closed: when it comes, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.router.world import SUPERVISOR, World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Invalid
from triggerhub.domain.permissions import Actor
from triggerhub.domain.rows import InteractionRow

CAROL = "+15550100"
LATER = timedelta(days=2)


async def planned(world: World) -> tuple[Actor, InteractionRow]:
    """(an agent without work, what follows in two days)."""
    [ann] = await world.hire("ann")
    await world.sms(CAROL)
    await world.settle()
    work = await world.take(ann)
    result = await world.do(
        ann, cmd.CloseInteraction(interaction_id=work, follow_up_at=world.clock.now() + LATER)
    )
    await world.settle()
    [row] = await world.open()
    assert (row.id, row.state) == (result["follow_up_id"], "scheduled")
    assert await world.offers() == [], "not before its time"
    return ann, row


@pytest.mark.parametrize("restarted", [False, True])
async def test_it_comes_to_its_queue_when_it_is_due(world: World, restarted: bool) -> None:
    ann, planned_row = await planned(world)
    if restarted:
        world.leader = world.new_leader("n1")
        await world.settle()
    due = world.clock.now() + LATER
    await world.do(ann, cmd.SetPresence(presence="break"))
    await world.pass_time(days=2)
    [row] = await world.open()
    assert (row.state, row.queue_id, row.enqueued_at) == ("queued", planned_row.queue_id, due)
    await world.do(ann, cmd.SetPresence(presence="available"))
    await world.settle()
    assert await world.take(ann) == planned_row.id
    _seq, snapshot = await world.views.snapshot(ann)
    assert snapshot["interactions"][row.id]["follow_up"]


async def test_its_customers_word_brings_it_at_once_and_not_again(world: World) -> None:
    ann, row = await planned(world)
    await world.pass_time(days=1)
    await world.sms(CAROL, "Any news?")
    await world.settle()
    assert await world.take(ann) == row.id, "no second piece of work"
    came = (await world.log(ev.InteractionQueued))[-1]
    assert (came.reason, came.enqueued_at) == ("new", world.clock.now())
    await world.pass_time(days=2)
    assert await world.state(row.id) == "active"


async def test_a_supervisor_has_it_begun_earlier(world: World) -> None:
    ann, row = await planned(world)
    await world.do(SUPERVISOR, cmd.RequeueInteraction(interaction_id=row.id))
    await world.settle()
    assert await world.take(ann) == row.id
    await world.do(ann, cmd.CloseInteraction(interaction_id=row.id))
    await world.pass_time(days=2)
    assert await world.open() == []


async def test_the_timeline_tells_of_it_and_the_board_counts_it_when_it_comes(world: World) -> None:
    _ann, row = await planned(world)
    page = await world.views.timeline(row.customer_id, before=None, limit=9)
    told = [item["system"] for item in page["items"] if item.get("system")]
    due = (world.clock.now() + LATER).isoformat(timespec="milliseconds")[:-6] + "Z"
    assert told[-1] == {"what": "scheduled", "due_at": due}
    for waiting in (0, 1):
        [queue] = [
            one for one in await world.views.listed("queues") if one["id"] == row.queue_id
        ]  # fmt: skip
        assert queue["waiting"] == waiting
        await world.do(Actor(id="user_ann", role="agent"), cmd.SetPresence(presence="break"))
        await world.pass_time(days=2)


async def test_its_time_lies_ahead_and_within_a_year(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms(CAROL)
    await world.settle()
    work = await world.take(ann)
    for away in (timedelta(0), timedelta(days=367)):
        at = world.clock.now() + away
        with pytest.raises(Invalid):
            await world.do(ann, cmd.CloseInteraction(interaction_id=work, follow_up_at=at))
    assert await world.state(work) == "active"

from __future__ import annotations

import orjson

from agent_console.live.frames import frame
from agent_console.live.viewer import Viewer
from triggerhub.domain.permissions import Actor

ANA = Actor(id="user_ana", role="agent", queue_ids=frozenset({"qu_sales"}))


def joined(seq: int, limit: int = 10) -> Viewer:
    viewer = Viewer(ANA, limit=limit)
    viewer.begin(seq, [("snapshot", seq, frame("snapshot", {}))])
    return viewer


async def taken(viewer: Viewer) -> list[tuple[int, str]]:
    frames, _ = await viewer.take()
    return [(found["seq"], found["type"]) for found in map(orjson.loads, frames)]


async def test_what_the_snapshot_holds_already_is_passed_over() -> None:
    viewer = joined(7)
    viewer.push("interaction:in_1", 6, frame("interaction.changed", {}))
    viewer.push("interaction:in_1", 7, frame("interaction.removed", {}))
    viewer.push("entry:me_1", 6, frame("entry.changed", {}))
    viewer.push("interaction:in_1", 8, frame("interaction.changed", {}))
    assert await taken(viewer) == [
        (7, "snapshot"), (7, "entry.changed"), (8, "interaction.changed"),
    ]  # fmt: skip


async def test_a_number_is_said_only_with_the_last_of_its_frames() -> None:
    viewer = joined(1)
    for key, seq in (("agent:a", 5), ("queue:q", 5), ("agent:b", 6), ("command:c", 0)):
        viewer.push(key, seq, frame("card.changed", {}))
    assert [seq for seq, _ in await taken(viewer)] == [1, 1, 5, 6, 6]


async def test_a_newer_frame_takes_the_place_of_the_older() -> None:
    viewer = joined(1)
    for seq in range(2, 50):
        viewer.push("agent:a", seq, frame("agent.changed", {"n": seq}))
    assert await taken(viewer) == [(1, "snapshot"), (49, "agent.changed")]
    assert viewer.bye is None


async def test_the_buffer_is_bounded() -> None:
    viewer = joined(1, limit=10)
    for number in range(11):
        viewer.push(f"agent:{number}", 2, frame("agent.changed", {}))
    frames, bye = await viewer.take()
    assert frames == []
    assert bye is not None
    assert bye.reason == "slow"


async def test_who_missed_much_isnt_slow_before_taking_it() -> None:
    viewer = Viewer(ANA, limit=10)
    tail = frame("entry.changed", {})
    viewer.begin(99, [("resumed", 1, frame("resumed", {}))] + [(f"entry:{n}", 99, tail)
                                                               for n in range(50)])  # fmt: skip
    viewer.push("queue:q", 100, frame("queue.changed", {}))
    assert viewer.bye is None
    assert len(await taken(viewer)) == 52
    for number in range(11):
        viewer.push(f"entry:{number}", 100, tail)
    assert viewer.bye is not None

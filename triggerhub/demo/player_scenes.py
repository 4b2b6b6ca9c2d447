"""The script cut into scenes: something arrives, and what agents do until the next arrival.

Must not know what comes of a scene; only which of them can be prepared before others are played.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from triggerhub.demo.player_agents import Act, Sends
from triggerhub.demo.steps import (
    AgentReplies,
    CustomerWrites,
    Delivered,
    Failed,
    Read,
    SendsBroken,
    Step,
)
from triggerhub.domain.errors import Invalid

# After the time in which a message can be taken back; before the carrier's first report.
_SENT_AFTER = timedelta(seconds=5, milliseconds=500)
# How many arrivals go to the database together at most.
_RUN = 64

Arriving = CustomerWrites | SendsBroken | Delivered | Read | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Something arrives, and what agents do until the next arrival."""

    arrival: Arriving
    acts: list[Act]


def scenes_of(steps: Sequence[Step]) -> Iterator[Scene]:
    """The script in its order. Raises Invalid where it begins with an agent."""
    sends = [
        Sends(at=step.at + _SENT_AFTER, reply=step)
        for step in steps
        if isinstance(step, AgentReplies)
    ]
    scene: Scene | None = None
    for step in sorted([*steps, *sends], key=lambda step: step.at):
        if isinstance(step, Arriving):
            if scene is not None:
                yield scene
            scene = Scene(arrival=step, acts=[])
        elif scene is None:
            raise Invalid("the script begins with an agent", code="demo_order")
        else:
            scene.acts.append(step)
    if scene is not None:
        yield scene


def together(scenes: Iterator[Scene]) -> Iterator[list[Scene]]:
    """Runs of scenes that can be prepared at once.

    An answering mail carries ids and addresses that the hub makes only while the thread is played.
    """
    run: list[Scene] = []
    played: set[str] = set()
    for scene in scenes:
        arrival = scene.arrival
        waits = (
            isinstance(arrival, CustomerWrites)
            and arrival.replies_to is not None
            and arrival.thread in played
        )
        if run and (waits or len(run) >= _RUN):
            yield run
            run, played = [], set()
        run.append(scene)
        played.update(act.thread for act in scene.acts if not isinstance(act, Sends))
        played.update(act.reply.thread for act in scene.acts if isinstance(act, Sends))
    if run:
        yield run

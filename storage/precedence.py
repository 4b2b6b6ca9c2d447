"""When routing lets deliveries go first: somebody outside waits for those to be acknowledged.

Owns the rule, not the queue. In a flood the router would otherwise take as much of the process as
the deliveries do, in long steps that hold all of them up; what waits is routed when it ebbs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PRESSING = 32  # deliveries that wait when a routing step ends
FEW = 8  # deliveries of one group that may wait until they are routed, too
REST = 9.0  # times as long as that step took
LONGEST = 3.0  # seconds; with a long step before it still well within the leader's lease
# Of the core's process routing takes about four times what taking in does, and Python uses one
# core: while taking in alone needs little more than a sixth of it, the load can be borne, however
# many come.
LOOK_EVERY = 0.02  # seconds
BUSY = 0.18  # of a core
# One calm look says little where the machine is short of processors: who sends may just not have
# had their turn. So the calm has to last, the longer the more the next step may hold up.
CALM = 1 / 3  # of the time that the step took


class Precedence:
    """`clock` and `cpu`: seconds, of the world and of this process."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock = clock
        self._cpu = cpu
        self._came = 0  # counted by one thread,
        self._served = 0  # and this by another
        self._until = 0.0
        self._looked = (0.0, 0.0)
        self._calm = 0.0  # seconds of it that still have to be seen
        self._waived = False

    def came(self, deliveries: int) -> None:
        self._came += deliveries

    def served(self, deliveries: int) -> None:
        self._served += deliveries

    def waive(self) -> None:
        """From now on nobody rests: the hub goes down."""
        self._waived = True

    def lets_join(self, deliveries: int) -> bool:
        """Whether a group with so many may be routed in its own transaction."""
        return deliveries <= FEW and self.rest() == 0

    def begin(self) -> float:
        """To be given to `ended`, when the routing step that begins now has ended."""
        return self._clock()

    def ended(self, began: float) -> None:
        now = self._clock()
        if self._came - self._served >= PRESSING:
            self._until = now + min(REST * (now - began), LONGEST)
            self._looked = now, self._cpu()
            self._calm = CALM * (now - began)

    def rest(self) -> float:
        """Seconds after which to ask again; 0 when routing may go on."""
        now = self._clock()
        if self._waived or now >= self._until:
            return 0.0
        looked, used = self._looked
        if now - looked >= LOOK_EVERY:
            cpu = self._cpu()
            self._looked = now, cpu
            idle = cpu - used < BUSY * (now - looked)
            if idle and self._came - self._served < PRESSING:
                self._calm -= now - looked
                if self._calm <= 0:
                    self._until = now
                    return 0.0
        return min(self._until - now, LOOK_EVERY)

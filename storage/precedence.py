"""When routing lets deliveries go first: somebody outside waits for those to be acknowledged.

Owns the rule, not the queue. In a flood the router would otherwise take as much of the process as
the deliveries do, in long steps that hold all of them up; what waits is routed when it ebbs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from triggerhub.domain.work import rest_after

PRESSING = 32  # deliveries that wait when a routing step ends
FEW = 8  # deliveries of one group that may wait until they are routed, too
# Routing takes about four times what taking in does, and Python uses one core: fewer than so many
# can be borne however long they come. Counted, not measured by the processor: where that is short,
# the hub looks idle while senders wait for their turn. And one calm look says little there, so the
# calm has to last, the longer the more the next step may hold up.
BEARABLE = 400.0  # deliveries a second
LOOK_EVERY = 0.003  # seconds: each look too late is time that nobody uses
CALM = 1 / 3  # of the time that the step took
OVER = 0.1  # seconds over which it is counted whether a flood is on


class Precedence:
    """`clock`: seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._came = 0  # counted by one thread,
        self._served = 0  # and this by another
        self._until = 0.0
        self._looked = (0.0, 0)  # when, and how many had come by then
        self._enough = 0.0  # seconds of calm after which the flood is over
        self._calm_since = 0.0
        self._waived = False
        self._counted = (0.0, 0)  # when, and how many had come by then
        self._flooded = False

    def came(self, deliveries: int) -> None:
        self._came += deliveries

    def served(self, deliveries: int) -> None:
        self._served += deliveries

    def waive(self) -> None:
        """From now on nobody rests: the hub goes down."""
        self._waived = True

    def flooded(self) -> bool:
        """Whether more come than can be borne, as of the last tenth of a second."""
        now, came = self._clock(), self._came
        counted, before = self._counted
        if now - counted >= OVER:
            self._counted = now, came
            self._flooded = came - before > BEARABLE * (now - counted)
        return self._flooded and not self._waived

    def lets_join(self, deliveries: int) -> bool:
        """Whether a group with so many may be routed in its own transaction."""
        return deliveries <= FEW and self.rest() == 0

    def begin(self) -> float:
        """To be given to `ended`, when the routing step that begins now has ended."""
        return self._clock()

    def ended(self, began: float) -> None:
        now = self._clock()
        if self._came - self._served >= PRESSING:
            self._until = now + rest_after(now - began)
            self._enough = CALM * (now - began)
            self._looked = now, self._came
            self._calm_since = now

    def rest(self) -> float:
        """Seconds after which to ask again; 0 when routing may go on."""
        now, came = self._clock(), self._came
        if self._waived or now >= self._until:
            return 0.0
        looked, before = self._looked
        if now - looked >= LOOK_EVERY:
            self._looked = now, came
            many = came - before > BEARABLE * (now - looked)
            if many or came - self._served >= PRESSING:
                self._calm_since = now
            elif now - self._calm_since >= self._enough:
                self._until = now
                return 0.0
        return min(self._until - now, LOOK_EVERY)

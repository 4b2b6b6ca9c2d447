"""When routing rests so that deliveries go first, and when it doesn't."""

from __future__ import annotations

import math

from storage.precedence import (
    BEARABLE,
    CALM,
    FEW,
    LOOK_EVERY,
    OVER,
    PRESSING,
    Precedence,
)
from triggerhub.domain.work import LONGEST_REST, REST

FLOOD = 4 * BEARABLE


class Machine:
    """A clock that is moved by hand, and deliveries that come meanwhile and are taken in."""

    def __init__(self) -> None:
        self.now = 100.0
        self.coming = 0.0  # a part of a delivery
        self.rule = Precedence(lambda: self.now)

    def step(self, seconds: float) -> None:
        began = self.rule.begin()
        self.now += seconds
        self.rule.ended(began)

    def pass_time(self, seconds: float, rate: float = 0.0) -> None:
        self.now += seconds
        self.coming += rate * seconds
        self.take_in(whole := math.floor(self.coming))
        self.coming -= whole

    def take_in(self, deliveries: int) -> None:
        self.rule.came(deliveries)
        self.rule.served(deliveries)

    def rested(self, rate: float) -> float:
        """Seconds until routing goes on, while so many come a second."""
        began = self.now
        while (wait := self.rule.rest()) > 0:
            assert wait <= LOOK_EVERY
            self.pass_time(wait, rate)
        return self.now - began


def test_few_who_wait_are_no_flood() -> None:
    machine = Machine()
    machine.rule.came(PRESSING - 1)
    machine.step(0.1)
    assert machine.rule.rest() == 0


def test_in_a_flood_it_rests_as_long_as_the_step_was() -> None:
    machine = Machine()
    machine.rule.came(PRESSING)
    machine.step(0.1)
    machine.rule.served(PRESSING)
    assert abs(machine.rested(FLOOD) - REST * 0.1) < LOOK_EVERY


def test_never_longer_than_the_longest() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(60)
    assert abs(machine.rested(FLOOD) - LONGEST_REST) < LOOK_EVERY


def test_many_who_wait_are_a_flood_however_few_come() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(0.1)
    assert abs(machine.rested(0) - REST * 0.1) < LOOK_EVERY


def test_a_load_that_can_be_borne_is_no_flood() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(0.5)
    machine.rule.served(1000)
    assert machine.rested(BEARABLE / 2) <= CALM * 0.5 + 2 * LOOK_EVERY


def test_a_flood_that_ebbs_ends_the_rest() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(0.5)
    machine.rule.served(1000)
    for _ in range(5):
        assert machine.rule.rest() > 0
        machine.pass_time(LOOK_EVERY, FLOOD)
    assert machine.rested(0) <= CALM * 0.5 + 3 * LOOK_EVERY
    assert machine.rule.rest() == 0


def test_a_flood_that_only_catches_its_breath_does_not_end_the_rest() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(0.3)
    machine.rule.served(1000)
    for rate in (0, 0, 0, FLOOD, 0, 0, 0, FLOOD):
        assert machine.rule.rest() > 0
        machine.pass_time(LOOK_EVERY, rate)
    assert machine.rested(0) >= CALM * 0.3


def test_after_a_short_step_one_calm_look_is_enough() -> None:
    machine = Machine()
    machine.rule.came(PRESSING)
    machine.step(LOOK_EVERY / CALM)
    machine.rule.served(PRESSING)
    assert machine.rested(0) < 2 * LOOK_EVERY


def test_who_was_served_waits_no_more() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.rule.served(1000)
    machine.step(0.5)
    assert machine.rule.rest() == 0


def test_nobody_rests_while_the_hub_goes_down() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(0.5)
    machine.rule.waive()
    assert machine.rule.rest() == 0


def test_few_deliveries_are_routed_with_their_acknowledgement_unless_it_rests() -> None:
    machine = Machine()
    assert machine.rule.lets_join(0)
    assert machine.rule.lets_join(FEW)
    assert not machine.rule.lets_join(FEW + 1)
    machine.rule.came(PRESSING)
    machine.step(0.1)
    assert not machine.rule.lets_join(1)
    machine.rested(FLOOD)
    assert machine.rule.lets_join(1)


def test_more_than_can_be_borne_is_a_flood_until_it_ebbs() -> None:
    machine = Machine()
    assert not machine.rule.flooded()
    for rate, flooded in ((BEARABLE / 2, False), (FLOOD, True), (BEARABLE / 2, False)):
        machine.pass_time(1.1 * OVER, rate)
        assert machine.rule.flooded() is flooded
        machine.pass_time(OVER / 2, FLOOD)
        assert machine.rule.flooded() is flooded, "a moment says little"
        machine.pass_time(2 * OVER, 0)
        machine.rule.flooded()


def test_going_down_is_no_flood() -> None:
    machine = Machine()
    machine.rule.flooded()
    machine.pass_time(1.1 * OVER, FLOOD)
    machine.rule.waive()
    assert not machine.rule.flooded()

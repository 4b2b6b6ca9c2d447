"""When routing rests so that deliveries go first, and when it doesn't."""

from __future__ import annotations

from storage.precedence import BUSY, CALM, FEW, LONGEST, LOOK_EVERY, PRESSING, REST, Precedence


class Machine:
    """A clock and a process that are moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.used = 7.0
        self.rule = Precedence(lambda: self.now, lambda: self.used)

    def step(self, seconds: float) -> None:
        began = self.rule.begin()
        self.pass_time(seconds)
        self.rule.ended(began)

    def pass_time(self, seconds: float, share: float = 1.0) -> None:
        self.now += seconds
        self.used += seconds * share

    def rested(self, share: float) -> float:
        """Seconds until routing goes on, while the process works with this share of a core."""
        began = self.now
        while (wait := self.rule.rest()) > 0:
            assert wait <= LOOK_EVERY
            self.pass_time(wait, share)
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
    assert abs(machine.rested(share=1.0) - REST * 0.1) < LOOK_EVERY


def test_never_longer_than_the_longest() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(60)
    assert abs(machine.rested(share=1.0) - LONGEST) < LOOK_EVERY


def test_a_load_that_leaves_the_process_idle_is_no_flood() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(0.5)
    machine.rule.served(1000)
    assert machine.rested(share=BUSY - 0.1) < CALM * 0.5 + 2 * LOOK_EVERY


def test_a_process_that_may_use_little_is_not_idle_while_many_wait() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(0.1)
    assert abs(machine.rested(share=BUSY - 0.1) - REST * 0.1) < LOOK_EVERY


def test_a_flood_that_ebbs_ends_the_rest() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(0.5)
    for _ in range(5):
        assert machine.rule.rest() > 0
        machine.pass_time(LOOK_EVERY)
    machine.rule.served(1000)
    assert machine.rested(share=0.1) < CALM * 0.5 + 3 * LOOK_EVERY
    assert machine.rule.rest() == 0


def test_a_flood_that_only_catches_its_breath_does_not_end_the_rest() -> None:
    machine = Machine()
    machine.rule.came(1000)
    machine.step(0.6)
    machine.rule.served(1000)
    for share in (0.1, 1.0, 0.1, 1.0, 0.1):
        assert machine.rule.rest() > 0
        machine.pass_time(LOOK_EVERY, share)
    assert machine.rule.rest() > 0
    assert machine.rested(share=0.1) > CALM * 0.6 - 4 * LOOK_EVERY


def test_after_a_short_step_one_calm_look_is_enough() -> None:
    machine = Machine()
    machine.rule.came(PRESSING)
    machine.step(0.03)
    machine.rule.served(PRESSING)
    assert machine.rested(share=0.1) < 2 * LOOK_EVERY


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
    machine.rested(share=1.0)
    assert machine.rule.lets_join(1)

"""Who shows the list of customers is told when to read it again: in turns, and only then."""

from __future__ import annotations

import asyncio

from agent_console.live.customer_list import AT_A_TIME, CustomerList
from agent_console.live.touched import Touched
from agent_console.live.viewer import Viewer
from triggerhub.domain.permissions import Actor


class Told(Viewer):
    """Counts what it is told."""

    def __init__(self, number: int, order: list[int]) -> None:
        super().__init__(Actor(id=f"user_{number}", role="agent"))
        self._number = number
        self._order = order

    def push(self, key: str, seq: int, tail: bytes) -> None:
        assert b"customers.changed" in tail
        self._order.append(self._number)


def wrote() -> Touched:
    return Touched(came={"in_1": "cu_1"})


async def turns(shown: CustomerList) -> None:
    """As many as could be wanted here."""
    running = asyncio.create_task(shown.run())
    for _ in range(100):
        await asyncio.sleep(0)
    running.cancel()


async def test_each_has_its_turn_before_any_has_two() -> None:
    order: list[int] = []
    shown = CustomerList(every=0.0)
    viewers = [Told(number, order) for number in range(3 * AT_A_TIME)]
    for viewer in viewers:
        shown.show(viewer, shows=True)
    shown.note(wrote())
    shown.note(wrote())
    await turns(shown)
    assert sorted(order) == list(range(len(viewers)))


async def test_no_more_than_a_few_are_told_at_once() -> None:
    order: list[int] = []
    shown = CustomerList(every=3600.0)
    for number in range(3 * AT_A_TIME):
        shown.show(Told(number, order), shows=True)
    shown.note(wrote())
    await turns(shown)
    assert len(order) == AT_A_TIME


async def test_who_shows_it_no_longer_and_what_isnt_in_it_tell_nothing() -> None:
    order: list[int] = []
    shown = CustomerList(every=0.0)
    stays, leaves = Told(1, order), Told(2, order)
    for viewer in (stays, leaves):
        shown.show(viewer, shows=True)
    shown.note(Touched(interactions={"in_1"}, figures=True))
    await turns(shown)
    assert order == []
    shown.note(Touched(renamed={"cu_1"}))
    shown.show(leaves, shows=False)
    await turns(shown)
    assert order == [1]

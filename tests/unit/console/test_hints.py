"""Who follows a conversation's customer no more leaves those who look at it at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.unit.console import scenes
from tests.unit.console.furnished import configured, furnished
from tests.unit.console.screen import Running, Screen
from triggerhub.domain import events as e

Act = Callable[[Screen], object]


def to_queue(queue_id: str) -> Act:
    def act(other: Screen) -> None:
        at = other.house.clock.now()
        other.house.append(
            e.InteractionQueued(
                interaction_id="in_1", queue_id=queue_id, enqueued_at=at, first_enqueued_at=at,
                reason="transfer",
            )
        )  # fmt: skip

    return act


def unwatch(other: Screen) -> None:
    assert other.viewer is not None
    other.hub.watches.unwatch(other.viewer, "cu_1")


def cut(other: Screen) -> None:
    assert other.viewer is not None
    other.hub.leave(other.viewer)


def moved(other: Screen) -> None:
    other.house.append(configured("user_ana", "agent", ("qu_support",)))


def take_back(other: Screen) -> None:
    other.house.append(e.OfferTimedOut(offer_id="of_1", interaction_id="in_1", agent_id="user_bo"))


@pytest.mark.parametrize(
    ("login", "held", "act"),
    [
        ("ana", "watched", unwatch),
        ("ana", "watched", cut),
        ("ana", "watched", moved),
        ("ana", "watched", to_queue("qu_support")),
        ("bo", "offered", take_back),
        ("bo", "in hand", to_queue("qu_sales")),
    ],
    ids=["unwatched", "cut", "other rights", "another queue's", "offer over", "out of hand"],
)
async def test_who_has_lost_the_customer_is_neither_told_nor_told_of(
    login: str, held: str, act: Act
) -> None:
    house = furnished()
    house.append(*scenes.new_work(house, "1", "cu_1", "qu_sales"))
    async with Running(house, every=timedelta(0)) as running:
        sue = Screen(house, running.hub, "user_sue")
        other = Screen(house, running.hub, f"user_{login}")
        await sue.open()
        await other.open()
        await sue.watch("cu_1")
        if held == "watched":
            await other.watch("cu_1")
        else:
            house.append(scenes.offered(house, "1", "of_1", other.user_id))
        if held == "in hand":
            house.append(*scenes.accepted("1", "of_1", other.user_id, "qu_sales"))
        await running.settle()
        for screen in (sue, other):
            assert screen.viewer is not None
            await running.hub.view(screen.viewer, "co_1")
        await running.settle()
        assert seen_by(sue) == seen_by(other) == {"user_sue", other.user_id}
        other.frames.clear()
        act(other)
        await running.settle()
        assert seen_by(sue) == {"user_sue"}
        assert "viewers.changed" not in {frame["type"] for frame in other.frames}
        await other.cut()
        await sue.cut()


def seen_by(screen: Screen) -> set[str]:
    return {viewer["agent_id"] for viewer in screen.state["viewers"]["co_1"]}

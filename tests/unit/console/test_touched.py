from __future__ import annotations

from agent_console.live.touched import covered, touched
from tests.unit.console import scenes
from tests.unit.console.furnished import furnished
from triggerhub.domain import events as e
from triggerhub.domain.events import event_types


def test_every_event_type_is_covered() -> None:
    assert covered() == frozenset(event_types().values())


def test_an_offer_that_ended_in_the_same_batch_is_an_ended_one() -> None:
    house = furnished()
    house.append(*scenes.new_work(house, "1", "cu_1", "qu_sales"))
    at = house.append(scenes.offered(house, "1", "of_1", "user_ana"))
    house.append(e.OfferTimedOut(offer_id="of_1", interaction_id="in_1", agent_id="user_ana"))
    keys = touched(house.log[at - 1 :])
    assert keys.offers["of_1"].reason == "timed_out"
    assert keys.moved == {"in_1"}
    assert keys.agents == {"user_ana"}

"""Who holds what, as far as the feed needs to know it."""

from agent_console.live.holdings import Holdings
from triggerhub.domain.ports import Json


def row(**more: str | None) -> Json:
    return {
        "state": "active",
        "owner_id": "us_1",
        "customer_id": "cu_1",
        "likely_customer_id": None,
    } | more


def test_who_holds_work_that_claims_to_be_a_customers_holds_theirs_as_well() -> None:
    holdings = Holdings()
    holdings.put("in_1", row(likely_customer_id="cu_2"))
    assert holdings.agents_of("cu_2") == {"us_1"}
    assert holdings.shown_with("cu_2") == {"cu_1"}


def test_a_likely_customer_who_is_the_customer_is_noted_once() -> None:
    holdings = Holdings()
    holdings.put("in_1", row(customer_id="cu_2", likely_customer_id="cu_2"))
    assert holdings.put("in_1", row(customer_id="cu_2")) == {"us_1"}
    assert holdings.agents_of("cu_2") == {"us_1"}
    assert holdings.put("in_1", None) == frozenset()
    assert holdings.agents_of("cu_2") == set()

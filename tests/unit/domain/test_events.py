"""What is written to the log can be read again: this release's facts and older ones."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.strategies import START, fact
from triggerhub.domain import events as ev
from triggerhub.domain.events import registry

ANY_FACT = st.one_of(*(fact(cls, named=False) for cls in ev.event_types().values()))


@settings(max_examples=400, deadline=None)
@given(ANY_FACT)
def test_a_fact_comes_back_equal(item: ev.Fact) -> None:
    assert ev.decode(item.TYPE, item.VERSION, ev.encode(item)) == item


@pytest.mark.parametrize("name", sorted(ev.event_types()))
def test_types_are_named_in_the_past_tense_by_one_class(name: str) -> None:
    cls = ev.event_types()[name]
    noun, _, verb = name.partition(".")
    assert noun
    assert verb
    assert name == cls.TYPE
    assert cls.VERSION >= 1
    names = {f.name for f in dataclasses.fields(cls)}
    # Personal content lies beside the log: nothing that could hold it is a field here.
    assert not names & {"text", "body", "subject", "address", "phone", "email", "raw"}


def test_times_are_written_in_utc_and_read_aware() -> None:
    shanghai = timezone(timedelta(hours=8))
    item = ev.InteractionScheduled(
        interaction_id="int_1", due_at=datetime(2026, 1, 5, 17, tzinfo=shanghai)
    )
    again = ev.decode(item.TYPE, 1, ev.encode(item))
    assert again == item
    assert isinstance(again, ev.InteractionScheduled)
    assert again.due_at.tzinfo is UTC


def test_fields_are_in_the_order_of_their_declaration() -> None:
    item = ev.OfferAccepted(
        offer_id="off_1", interaction_id="int_1", agent_id="usr_1", queue_id="que_1"
    )
    assert list(json.loads(ev.encode(item))) == [f.name for f in dataclasses.fields(item)]
    assert ev.fields_of(item) == json.loads(ev.encode(item))


@pytest.mark.parametrize(("name", "version"), [("offer.forgotten", 1), ("offer.accepted", 99)])
def test_what_a_newer_release_wrote_is_refused(name: str, version: int) -> None:
    with pytest.raises(ev.UnknownEvent, match="not known to this release"):
        ev.decode(name, version, "{}")


@pytest.fixture
def third_version(monkeypatch: pytest.MonkeyPatch) -> type[ev.Fact]:
    """An event type in its third version, with both steps from the first."""
    for table in ("_TYPES", "_TIMES", "_TUPLES", "_UPCASTS"):
        monkeypatch.setattr(registry, table, dict(getattr(registry, table)))

    @ev.fact("kettle.boiled", version=3)
    class KettleBoiled(ev.Fact):
        kettle_id: str
        litres: tuple[str, ...]
        boiled_at: datetime

    @ev.upcast("kettle.boiled", 1)
    def _renamed(values: ev.Json) -> ev.Json:
        return {"kettle_id": values["id"], "litres": values["litres"], "at": values["at"]}

    @ev.upcast("kettle.boiled", 2)
    def _listed(values: ev.Json) -> ev.Json:
        return {
            "kettle_id": values["kettle_id"],
            "litres": [values["litres"]],
            "boiled_at": values["at"],
        }

    return KettleBoiled


def test_old_versions_are_upcast_step_by_step(third_version: type[ev.Fact]) -> None:
    at = "2026-01-05T09:00:00.000Z"
    newest = ev.decode(
        "kettle.boiled", 3, json.dumps({"kettle_id": "k", "litres": ["2"], "boiled_at": at})
    )
    assert isinstance(newest, third_version)
    assert ev.fields_of(newest) == {"kettle_id": "k", "litres": ("2",), "boiled_at": START}
    first = json.dumps({"id": "k", "litres": "2", "at": at})
    second = json.dumps({"kettle_id": "k", "litres": "2", "at": at})
    assert ev.decode("kettle.boiled", 1, first) == newest
    assert ev.decode("kettle.boiled", 2, second) == newest

"""Commands from plain JSON: what is wrong is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.lookups import base as lookups
from storage.projections import rows as projections
from triggerhub.domain import commands as cmd
from triggerhub.domain.errors import Invalid, NotFound
from triggerhub.domain.events import InteractionParked, decode, encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_good_command() -> None:
    built = cmd.build(
        "message.send",
        {
            "interaction_id": "int_1",
            "channel": "email",
            "account_id": "acc_1",
            "identity_id": "idn_1",
            "text": "您好",
            "upload_ids": ["upl_1"],
            "subject": None,
        },
    )
    assert isinstance(built, cmd.SendMessage)
    assert built.upload_ids == ("upl_1",)
    assert built.subject is None
    assert built.NAME == "message.send"


def test_times_need_a_zone() -> None:
    built = cmd.build(
        "interaction.park", {"interaction_id": "int_1", "until": "2026-01-05T09:00:00.000Z"}
    )
    assert isinstance(built, cmd.ParkInteraction)
    assert built.until == datetime(2026, 1, 5, 9, tzinfo=UTC)
    with pytest.raises(Invalid, match="'until' must be a time with its zone"):
        cmd.build("interaction.park", {"interaction_id": "int_1", "until": "2026-01-05T09:00"})


@given(st.datetimes(timezones=st.timezones()))
@example(datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-14))))
@example(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))))
@example(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
def test_a_time_from_outside_is_one_that_the_log_gives_back(moment: datetime) -> None:
    """A fact that can't be read again would end the log for everybody."""
    data = {"interaction_id": "int_1", "until": moment.isoformat()}
    try:
        built = cmd.build("interaction.park", data)
    except Invalid:
        return
    assert isinstance(built, cmd.ParkInteraction)
    assert built.until is not None
    assert abs(moment - built.until) < timedelta(milliseconds=1)
    parked = InteractionParked(interaction_id="int_1", until_at=built.until)
    assert decode(parked.TYPE, parked.VERSION, encode(parked)) == parked
    kept = lookups.moment(projections.ms(built.until))
    assert kept is not None
    assert abs(kept - built.until) < timedelta(milliseconds=2)


@pytest.mark.parametrize(
    ("name", "data", "code", "field"),
    [
        ("offer.accept", {}, "missing_field", "offer_id"),
        ("offer.accept", {"offer_id": None}, "missing_field", "offer_id"),
        ("offer.accept", {"offer_id": 7}, "wrong_field", "offer_id"),
        ("offer.accept", {"offer_id": "x" * 1001}, "wrong_field", "offer_id"),
        ("offer.accept", {"offer_id": "o", "force": True}, "unknown_field", "force"),
        ("interaction.read", {"interaction_id": "i", "seq": True}, "wrong_field", "seq"),
        ("note.add", {"conversation_id": "c", "text": "x" * 100_001}, "wrong_field", "text"),
        ("customer.update", {"customer_id": "c", "tags": "vip"}, "wrong_field", "tags"),
        ("customer.update", {"customer_id": "c", "tags": [1]}, "wrong_field", "tags"),
    ],
)
def test_what_is_wrong_is_named(name: str, data: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Invalid, match=field) as caught:
        cmd.build(name, data)
    assert caught.value.code == code


def test_there_is_no_such_command() -> None:
    with pytest.raises(NotFound) as caught:
        cmd.build("hub.explode", {})
    assert caught.value.code == "unknown_command"


@pytest.mark.thorough
@given(st.sampled_from(cmd.command_names()), st.dictionaries(st.text(max_size=15), JSON))
def test_malformed_json_is_never_more_than_invalid(name: str, data: dict[str, Any]) -> None:
    try:
        built = cmd.build(name, data)
    except Invalid:
        return
    assert isinstance(built, cmd.command_type(name))


@given(st.sampled_from(cmd.command_names()), st.data())
def test_wrong_values_are_never_more_than_invalid(name: str, data: st.DataObject) -> None:
    keys = cmd.command_type(name).__dataclass_fields__
    values = {key: data.draw(JSON) for key in keys if key != "NAME"}
    try:
        built = cmd.build(name, values)
    except Invalid:
        return
    assert name == built.NAME

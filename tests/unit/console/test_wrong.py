"""What is refused is said in our own words, for whatever is wrong in whichever field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from agent_console.api.route import validated
from agent_console.api.table import ROUTES
from agent_console.live import messages
from triggerhub.domain.commands import build, command_names, command_type
from triggerhub.domain.errors import Invalid

STRANGE: tuple[Any, ...] = (
    None, "", "x", "-1", "99999999999999999999999", "1.5", "nan", "x" * 100_001, 7, -1, 2**70, 1.5,
    True, [], [1], ["x" * 201], ["a"] * 1_001, {}, "2026-01-01", "2026-01-01T00:00:00",
    "0001-01-01T00:00:00+14:00",
)  # fmt: skip
FORMS = [
    model
    for route in ROUTES
    for model in (route.query, route.body)
    if isinstance(model, type) and issubclass(model, BaseModel)
]


def _said(refused: Invalid, known: set[str]) -> Iterator[str]:
    yield str(refused)
    for field, what in refused.errors:
        assert field.split(".")[0] in known, field
        yield what


def _is_ours(text: str) -> None:
    assert not any(word in text for word in ("nput", "should", "valid", "xtra", "another form")), (
        text
    )
    assert any(word in text for word in ("must ", "is missing", "is no field")), text
    assert len(text) < 500, text


@pytest.mark.parametrize("model", FORMS, ids=lambda model: model.__name__)
def test_forms(model: type[BaseModel]) -> None:
    fields = set(model.model_fields)
    for given in ({}, {"un known": 1}, *({field: x} for field in fields for x in STRANGE)):
        try:
            validated(model, given)
        except Invalid as refused:
            for text in _said(refused, fields | set(given)):
                _is_ours(text)


@pytest.mark.parametrize(
    "kind", ["hello", "command", "watch", "typing", "viewing", "dance", 7, None]
)
def test_the_feeds_messages(kind: object) -> None:
    fields = ("after", "epoch", "csrf", "watch", "id", "name", "data", "customer_id", "typing",
              "conversation_id")  # fmt: skip
    for field in fields:
        for value in STRANGE:
            text = json.dumps({"type": kind, field: value})
            try:
                messages.read(text)
            except Invalid as refused:
                _is_ours(str(refused))


@pytest.mark.parametrize("name", command_names())
def test_commands(name: str) -> None:
    fields = set(command_type(name).__dataclass_fields__)
    whole: dict[str, Any] = dict.fromkeys(fields)
    given: dict[str, Any]
    for given in ({}, {"un known": 1}, *(whole | {field: x} for field in fields for x in STRANGE)):
        try:
            build(name, given)
        except Invalid as refused:
            for text in _said(refused, fields | set(given)):
                _is_ours(text)


def test_what_was_given_is_not_repeated() -> None:
    model = next(route.body for route in ROUTES if route.name == "signIn")
    assert isinstance(model, type)
    with pytest.raises(Invalid) as refused:
        validated(model, {"login": ["secret"], "password": {"secret": 1}, "x" * 200: "secret"})
    assert "secret" not in str(refused.value) + str(refused.value.errors)
    assert [len(field) for field, _ in refused.value.errors] == [5, 8, 100]

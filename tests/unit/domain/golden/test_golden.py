"""What a release has written stays readable for ever. Lines are added here, never changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from triggerhub.domain import events as ev
from triggerhub.domain.events import registry

LINES = [
    (path.stem, json.loads(line))
    for path in sorted(Path(__file__).parent.glob("*.jsonl"))
    for line in path.read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize(
    ("release", "line"), LINES, ids=[f"{r}-{i}-{x['type']}" for i, (r, x) in enumerate(LINES)]
)
def test_every_line_is_read(release: str, line: dict[str, Any]) -> None:
    fact = ev.decode(line["type"], line["version"], json.dumps(line["data"]))
    assert line["type"] == fact.TYPE
    again = ev.decode(fact.TYPE, fact.VERSION, ev.encode(fact))
    assert again == fact
    if line["version"] == fact.VERSION:
        written = json.loads(ev.encode(fact))
        assert {key: written[key] for key in line["data"]} == line["data"]


def test_the_newest_version_of_every_type_has_a_line() -> None:
    """A new event, or a new version of one, is written down with the release that brings it."""
    written = {(line["type"], line["version"]) for _release, line in LINES}
    assert {(name, cls.VERSION) for name, cls in ev.event_types().items()} <= written


def test_every_older_version_has_a_step_to_the_next() -> None:
    for _release, line in LINES:
        for version in range(line["version"], ev.event_types()[line["type"]].VERSION):
            assert (line["type"], version) in registry._UPCASTS


def test_an_old_line_is_upcast(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a later release renames a field: the line of v0.1 becomes the new fact."""
    for table in ("_TYPES", "_TIMES", "_TUPLES", "_UPCASTS"):
        monkeypatch.setattr(registry, table, dict(getattr(registry, table)))

    @ev.fact("token.revoked", version=2)
    class TokenRevokedAgain(ev.Fact):
        token: str
        reason: str

    @ev.upcast("token.revoked", 1)
    def _renamed(values: ev.Json) -> ev.Json:
        return {"token": values["token_id"], "reason": "not said"}

    [line] = [line for release, line in LINES
              if release == "v0.1" and line["type"] == "token.revoked"]  # fmt: skip
    assert ev.decode("token.revoked", 1, json.dumps(line["data"])) == TokenRevokedAgain(
        token=line["data"]["token_id"], reason="not said"
    )

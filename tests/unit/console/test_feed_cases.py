"""The reducer's cases, shared with the console's own reducer."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.unit.console.reducer import empty, reduce

CASES = sorted((Path(__file__).parents[2] / "feed_cases").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_frames_lead_from_before_to_after(path: Path) -> None:
    case = orjson.loads(path.read_bytes())
    state = empty() | case["before"]
    for frame in case["frames"]:
        state = reduce(state, frame)
    assert state == empty() | case["after"], case["name"]

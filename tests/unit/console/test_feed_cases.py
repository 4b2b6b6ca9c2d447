"""The reducer's cases, shared with the console's own reducer."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.unit.console.reducer import reduce

CASES = sorted((Path(__file__).parents[2] / "feed_cases").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_frames_lead_from_before_to_after(path: Path) -> None:
    found = orjson.loads(path.read_bytes())
    for case in found if isinstance(found, list) else [found]:
        state = case["before"]
        for frame in case["frames"]:
            state = reduce(state, frame)
        assert {key: state[key] for key in case["after"]} == case["after"], case["name"]

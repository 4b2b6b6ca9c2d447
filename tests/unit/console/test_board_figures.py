"""What the console lists behind a number is what the hub counts."""

from __future__ import annotations

from pathlib import Path

import orjson

from triggerhub.domain.figures import FIGURES

CONSOLE = Path("agent_console/web/src/supervisor/figures.json")


def test_the_console_counts_as_the_hub_does() -> None:
    assert orjson.loads(CONSOLE.read_bytes()) == {
        name: {
            "rows": figure.rows,
            "where": [
                {field: list(values) for field, values in fields.items()} for fields in figure.where
            ],
            "formula": figure.formula,
        }
        for name, figure in FIGURES.items()
    }

"""The day begins at its first midnight, also where the clock is set back over it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import pytest

from storage.reading import Reader
from storage.views import rows


@pytest.mark.parametrize(
    ("zone", "now", "begun"),
    [
        ("UTC", (2026, 1, 5, 9), (2026, 1, 5, 0)),
        ("Asia/Shanghai", (2026, 1, 5, 9), (2026, 1, 4, 16)),
        # At one in the morning it becomes midnight again.
        ("America/Havana", (2025, 11, 2, 4, 30), (2025, 11, 2, 4)),
        ("America/Havana", (2025, 11, 2, 5, 30), (2025, 11, 2, 4)),
        ("America/Havana", (2025, 11, 2, 18), (2025, 11, 2, 4)),
        # At midnight it becomes one: the day begins there.
        ("America/Havana", (2026, 3, 8, 12), (2026, 3, 8, 5)),
    ],
)
def test_midnight(
    zone: str, now: tuple[int, ...], begun: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "hub", lambda _reader: {"timezone": zone})
    asked = datetime(*now, tzinfo=UTC)  # type: ignore[misc,arg-type]
    found = rows.midnight(cast("Reader", None), asked)
    assert found == datetime(*begun, tzinfo=UTC).timestamp() * 1000  # type: ignore[misc,arg-type]

"""docs/settings.md is what the models say."""

from __future__ import annotations

from pathlib import Path

from config.reference import settings_markdown
from config.settings import Keys

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == settings_markdown(), (
        "run: python -m config.reference > docs/settings.md"
    )


def test_every_setting_explains_itself() -> None:
    for key, info in Keys.model_fields.items():
        assert info.description, key
        assert isinstance(info.json_schema_extra, dict), key
        assert info.json_schema_extra["right"], key

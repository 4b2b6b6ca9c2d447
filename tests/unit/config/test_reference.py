"""docs/settings.md is what the models say, and a container can be told all of it."""

from __future__ import annotations

from pathlib import Path

from config.reference import settings_markdown
from config.settings import Keys

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "settings.md"
# Inside the container, so for the image to say; outside, the published ports are what counts.
OF_THE_IMAGE = {"data_dir", "http_host", "http_port", "smtp_host", "smtp_port"}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == settings_markdown(), (
        "run: python -m config.reference > docs/settings.md"
    )


def test_every_setting_explains_itself() -> None:
    for key, info in Keys.model_fields.items():
        assert info.description, key
        assert isinstance(info.json_schema_extra, dict), key
        assert info.json_schema_extra["right"], key


def test_compose_hands_every_setting_on() -> None:
    """One that isn't named there would be set in .env and never arrive."""
    compose = (ROOT / "compose.yaml").read_text("utf-8")
    image = (ROOT / "Dockerfile").read_text("utf-8")
    for key in Keys.model_fields:
        name = f"TRIGGERHUB_{key.upper()}"
        if key in OF_THE_IMAGE:
            assert f"{name}=" in image, name
        else:
            assert f"\n      {name}:" in compose, name

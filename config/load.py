"""Defaults < file < environment < flags, and every fault of all of them at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from config.cross import cross_faults, pair_faults
from config.explain import explain, seed_section
from config.faults import SettingsError, SettingsFault, meant
from config.seed import Seed
from config.settings import PREFIX, Keys, Settings

Values = Mapping[str, Any]
_FILE_KEYS = frozenset(Keys.model_fields) - {"config"}


def load(
    path: Path | None = None,
    flags: Values | None = None,
    options: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of this process; raises SettingsError with everything that is wrong.

    `path`: the file, instead of the one that TRIGGERHUB_CONFIG names. `flags`: what the command
    line says, by the settings' names; what is None doesn't count. `options`: what is typed for
    those that aren't called as their setting is.
    """
    said = {key: value for key, value in (flags or {}).items() if value is not None}
    environment = EnvSettingsSource(Keys)()
    if path is None and environment.get("config"):
        path = Path(environment["config"])
    faults = list(_environment_faults())
    written: dict[str, Any] = {}
    if path is not None:
        written, unread = _file(path)
        faults += unread
        environment["config"] = path
    keys = {key: value for key, value in written.items() if key in _FILE_KEYS}
    rest = {key: value for key, value in written.items() if key not in _FILE_KEYS}
    merged = {**keys, **environment, **said}
    seed = Seed()
    try:
        seed = Seed.model_validate(rest)
    except ValidationError as wrong:
        faults += explain(Seed, rest, wrong, partial(seed_section, rest), _FILE_KEYS)
    faults += cross_faults(rest)

    def origin(location: tuple[str | int, ...]) -> tuple[str, str]:
        key = str(location[0]) if location else ""
        if key in said:
            return "command line", (options or {}).get(key) or "--" + key.replace("_", "-")
        if key in environment:
            return "environment", PREFIX + key.upper()
        return ("settings" if path is None else path.name), key

    faults += pair_faults(merged, origin)
    settings: Settings | None = None
    try:
        settings = Settings.model_validate({**merged, "seed": seed})
    except ValidationError as wrong:
        faults += explain(Keys, merged, wrong, origin)
    if faults or settings is None:
        raise SettingsError(faults)
    return settings


def _environment_faults() -> Iterator[SettingsFault]:
    known = {PREFIX + key.upper() for key in Keys.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            yield SettingsFault(
                section="environment",
                key=name,
                wrong="there is no such setting",
                right=meant(name.upper()[len(PREFIX) :], (k.upper() for k in Keys.model_fields)),
            )


def _file(path: Path) -> tuple[dict[str, Any], list[SettingsFault]]:
    try:
        return tomllib.loads(path.read_text("utf-8")), []
    except OSError as error:
        wrong, right = (error.strerror or "it can't be read").lower(), "the path of a TOML file"
    except UnicodeDecodeError:
        wrong, right = "it is not UTF-8", "a TOML file in UTF-8"
    except tomllib.TOMLDecodeError as error:
        wrong, right = (
            f"it is not TOML: {error}",
            'lines such as http_port = 8080, text in "quotes"',
        )
    return {}, [SettingsFault(section=str(path), key="", wrong=wrong, right=right)]

"""From pydantic's errors to sentences that name the place and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from config.faults import SettingsFault, meant

Origin = Callable[[tuple[str | int, ...]], tuple[str, str]]

_SENTENCES = {
    "missing": "it is missing",
    "string_type": "it is not text",
    "string_pattern_mismatch": "it has another form",
    "string_too_short": "it is empty",
    "too_short": "it is empty",
    "string_too_long": "it is too long",
    "int_type": "it is not a whole number",
    "int_parsing": "it is not a whole number",
    "int_from_float": "it is not a whole number",
    "bool_type": "it is neither true nor false",
    "bool_parsing": "it is neither true nor false",
    "tuple_type": "it is not a list",
    "model_type": "it is not a section",
    "literal_error": "there is no such choice",
    "greater_than_equal": "it is too small",
    "less_than_equal": "it is too large",
    "path_type": "it is not a path",
}


def explain(
    model: type[BaseModel],
    values: Mapping[str, Any],
    wrong: ValidationError,
    origin: Origin,
    elsewhere: frozenset[str] = frozenset(),
) -> Iterator[SettingsFault]:
    """One fault for each of pydantic's errors about `values`.

    `origin`: section and key of a location. `elsewhere`: keys that are good, but not there.
    """
    for error in wrong.errors(include_url=False):
        location = error["loc"]
        if error["type"] == "too_short" and _at(values, location):
            continue  # pydantic doesn't count the wrong elements, each of which is told
        section, key = origin(location)
        parent, info = _field(model, location)
        if error["type"] == "extra_forbidden":
            text, right = _unknown(parent, location, values, elsewhere)
        else:
            text = _sentence(error["type"], error["msg"], _shown(values, location, info))
            right = _right(info) or _tables(error["type"], info, location)
        yield SettingsFault(section=section, key=key, wrong=text, right=right)


def _tables(kind: str, info: FieldInfo | None, location: Sequence[str | int]) -> str:
    """How sections are written of which there may be many."""
    if kind != "tuple_type" or info is None or _model_in(info.annotation) is None:
        return ""
    return f"[[{'.'.join(map(str, location))}]] in two brackets, once for each"


def _unknown(
    parent: type[BaseModel],
    location: tuple[str | int, ...],
    values: Mapping[str, Any],
    elsewhere: frozenset[str],
) -> tuple[str, str]:
    word = str(location[-1])
    if isinstance(_at(values, location), dict | list):
        return "there is no such section", meant(word, parent.model_fields)
    if word in elsewhere:
        return "it doesn't belong here", "above the first [section] of the file"
    known = set(parent.model_fields)
    return "there is no such setting", meant(
        word, known | elsewhere if len(location) == 1 else known
    )


def seed_section(values: Mapping[str, Any], location: tuple[str | int, ...]) -> tuple[str, str]:
    """`[[sms.accounts]] 2 (Main)` and the key within it."""
    section: list[str] = []
    for depth, part in enumerate(location):
        here = _at(values, location[: depth + 1])
        if isinstance(part, int):
            found = here.get("login") or here.get("name") if isinstance(here, dict) else None
            name = f" ({found})" if found and isinstance(found, str) else ""
            return f"[[{'.'.join(section)}]] {part + 1}{name}", _dotted(location[depth + 1 :])
        if not isinstance(here, dict) and not _is_tables(here):
            return f"[{'.'.join(section)}]" if section else "settings", _dotted(location[depth:])
        section.append(part)
    return f"[{'.'.join(section)}]", ""


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) for v in value)


def _dotted(location: Sequence[str | int]) -> str:
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _at(values: Any, location: Sequence[str | int]) -> Any:
    for part in location:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return None
    return values


def _field(
    model: type[BaseModel], location: Sequence[str | int]
) -> tuple[type[BaseModel], FieldInfo | None]:
    """The model whose key is at the end of `location`, and that key's field if it has one."""
    info: FieldInfo | None = None
    for part in location:
        if isinstance(part, int):
            continue
        if info is not None:
            inner = _model_in(info.annotation)
            if inner is None:
                break
            model = inner
        info = model.model_fields.get(part)
        if info is None:
            break
    return model, info


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def _right(info: FieldInfo | None) -> str:
    extra = info.json_schema_extra if info is not None else None
    return str(extra.get("right", "")) if isinstance(extra, dict) else ""


def _shown(values: Any, location: Sequence[str | int], info: FieldInfo | None) -> str:
    """What stood there, if it can be shown: never a secret."""
    if info is None or info.annotation is None or _holds_secret(info.annotation):
        return ""
    value = _at(values, location)
    return repr(value) if isinstance(value, str | int | float) and len(str(value)) <= 60 else ""


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_secret(part) for part in get_args(annotation))


def _sentence(kind: str, message: str, shown: str) -> str:
    text = _SENTENCES.get(kind) or message.removeprefix("Value error, ")
    text = text[:1].lower() + text[1:]
    return f"{shown}: {text}" if shown and shown not in text else text

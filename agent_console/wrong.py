"""What is wrong with what was asked, in our own words: which field, and what would be right.

Must not know HTTP, nor repeat what was given: it may be a password.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

_NUMBER = "a whole number"
_MOMENT = "a time with its zone, such as 2026-11-20T14:05:11Z"
# What pydantic finds wrong, by its own name of it: what the field must be.
_MUST_BE: Mapping[str, str] = {
    "string_type": "text",
    "literal_error": "{expected}",
    "union_tag_invalid": "one of {expected_tags}",
    "int_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_parsing_size": _NUMBER,
    "int_from_float": _NUMBER,
    "float_type": "a number",
    "float_parsing": "a number",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "bool_type": "true or false",
    "dict_type": "an object",
    "list_type": "a list",
    "timezone_aware": _MOMENT,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "value_error": _MOMENT,
}
_OTHERWISE: Mapping[str, str] = {
    "missing": "is missing",
    "union_tag_not_found": "is missing",
    "extra_forbidden": "is no field of this call",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
}
_LONGEST_NAME = 100


def wrong_fields(error: ValidationError) -> list[tuple[str, str]]:
    """(field, what is wrong with it) pairs, each field once. Fields within fields have dots."""
    musts: dict[str, list[str]] = {}
    others: dict[str, str] = {}
    for found in error.errors(include_url=False, include_input=False):
        kind, context = found["type"], _plain(found.get("ctx", {}))
        field = _field(found["loc"], of_theirs=kind == "extra_forbidden")
        if kind in _OTHERWISE:
            others.setdefault(field, _OTHERWISE[kind].format_map(context))
        else:
            # Where a field may be of several kinds, each says what was wrong for it.
            must = _MUST_BE.get(kind, "of another form").format_map(context)
            musts.setdefault(field, [])
            if must not in musts[field]:
                musts[field].append(must)
    said = {field: "must be " + " or ".join(of) for field, of in musts.items()} | others
    return list(said.items())


def _plain(context: Mapping[str, object]) -> dict[str, object]:
    """Limits as people write them: 60, not 60.0."""
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in context.items()
    }


def _field(location: tuple[int | str, ...], *, of_theirs: bool) -> str:
    """Without the kinds of a field that may be of several."""
    own = location[:-1] if of_theirs else location
    parts = [str(part) for part in own if isinstance(part, int) or part.isidentifier()]
    if of_theirs:
        parts.append(str(location[-1])[:_LONGEST_NAME])
    return ".".join(parts)


def sentence(fields: list[tuple[str, str]]) -> str:
    """The first of them, for people."""
    field, what = fields[0]
    more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
    return f"{field!r} {what}{more}."

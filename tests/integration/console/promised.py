"""Holds what the hub serves to the OpenAPI document, and lets it say nothing beyond that."""

from __future__ import annotations

import re
from typing import Any

from jsonschema import Draft202012Validator

from agent_console.api.openapi import openapi
from agent_console.api.table import ROUTES

DOCUMENT = openapi(ROUTES, version="1")
_CLOSED = {
    "schemas": {
        name: {"additionalProperties": False, **schema}
        for name, schema in DOCUMENT["components"]["schemas"].items()
    }
}
"""Clients must bear new fields; a test must not bear those that nobody has declared."""


def operations_at(path: str) -> dict[str, Any] | None:
    """What the document says of this address, by method in small letters."""
    for pattern, operations in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub("{[a-z]+}", "[^/]+", pattern), path):
            found: dict[str, Any] = operations
            return found
    return None


def hold_to(schema: dict[str, Any] | str, value: object) -> None:
    """Raises jsonschema.ValidationError. `schema`: one of the document's, or a model's name."""
    if isinstance(schema, str):
        schema = {"$ref": f"#/components/schemas/{schema}"}
    Draft202012Validator({**schema, "components": _CLOSED}).validate(value)

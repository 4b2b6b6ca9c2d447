"""The console's hand-written types say what the OpenAPI document says.

They are written by hand because they say more: which words a string can be, and the live feed's
frames. They know each promised field and no other, each promised word, and expect null and nothing
wherever the document allows it; the console may be more careful than it must. Commands take the
same fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from agent_console.api.openapi import openapi
from agent_console.api.table import ROUTES
from agent_console.live.frames import Kind

TYPES = Path("agent_console/web/src/api/types.ts")
# The console's name of a shape, where it is another one.
CALLED = {
    "Hold": "Held",
    "Identity": "CardIdentity",
    "PastInteraction": "CardInteraction",
    "Customer": "CardCustomer",
    "Attachment": "EntryAttachment",
    "WhyReason": "NoWorkReason",
    "WhyNoWorkAnswer": "WhyNoWork",
}
SAME = (
    "About", "Account", "Agent", "AttentionItem", "Card", "CustomerHit", "Entry", "Interaction",
    "Offer", "Page", "Problem", "Queue", "ReplyWay", "Session", "Snapshot", "Upload", "User",
)  # fmt: skip
WITHOUT_CONSOLE = {"integration"}  # a role that signs in by token alone

_ALIAS = re.compile(r"^export type (\w+) =(.*?)(?=^\S)", re.MULTILINE | re.DOTALL)
_INTERFACE = re.compile(r"^export interface (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (\w+)(\??): (.+)$", re.MULTILINE)
_COMMAND = re.compile(
    r"^  '([a-z_.]+)': \{\s*data: (.*?)[;\n]\s*result: ", re.MULTILINE | re.DOTALL
)
_IN_BRACES = re.compile(r"(\w+)(\??): ")

Fields = dict[str, tuple[bool, bool]]  # by name: whether it may be left out, whether it may be null


@cache
def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = openapi(ROUTES, version="1")["components"]["schemas"]
    return found


@cache
def _interfaces() -> dict[str, Fields]:
    return {
        name: {
            field: (mark == "?", kind.endswith(" | null"))
            for field, mark, kind in _FIELD.findall(body)
        }
        for name, body in _INTERFACE.findall(TYPES.read_text())
    }


def _promised(schema: Mapping[str, Any]) -> Fields:
    return {
        field: (field not in schema["required"], {"type": "null"} in kind.get("anyOf", ()))
        for field, kind in schema["properties"].items()
    }


@pytest.mark.parametrize("name", [*SAME, *CALLED])
def test_a_shape_has_the_fields_that_the_document_promises(name: str) -> None:
    written, promised = _interfaces()[name], _promised(_schemas()[CALLED.get(name, name)])
    assert written.keys() == promised.keys()
    for field, (left_out, null) in promised.items():
        assert written[field][0] >= left_out, f"{field} may be left out"
        assert written[field][1] >= null, f"{field} may be null"


@pytest.mark.parametrize("name", [*SAME, *CALLED])
def test_a_shape_knows_the_words_that_the_document_promises(name: str) -> None:
    text = TYPES.read_text()
    aliases = dict(_ALIAS.findall(text))
    kinds = {field: kind for field, _, kind in _FIELD.findall(dict(_INTERFACE.findall(text))[name])}
    for field, schema in _schemas()[CALLED.get(name, name)]["properties"].items():
        if words := set(schema.get("enum", ())) - WITHOUT_CONSOLE:
            written = aliases.get(kinds[field], kinds[field])
            assert words == set(re.findall(r"'([^']+)'", written)), field


def test_the_console_knows_every_kind_of_frame() -> None:
    union = dict(_ALIAS.findall(TYPES.read_text()))["Frame"]
    kinds = re.findall(r"type: ((?:'[a-z.]+'(?: \| )?)+)", union)
    assert set(re.findall(r"'([a-z.]+)'", " ".join(kinds))) == set(get_args(Kind))


def test_the_console_knows_every_command_and_what_it_takes() -> None:
    text = TYPES.read_text()
    written = {
        name: {field: mark == "?" for field, mark in _IN_BRACES.findall(data)}
        for name, data in _COMMAND.findall(text)
    }
    written["message.send"] = {
        field: left_out for field, (left_out, _) in _interfaces()["SendData"].items()
    }
    promised = {
        name.removeprefix("Command."): {
            field: field not in schema["required"] for field in schema["properties"]
        }
        for name, schema in _schemas().items()
        if name.startswith("Command.")
    }
    assert written == promised

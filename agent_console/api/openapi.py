"""The OpenAPI 3.1 document, made from the table and the models; nothing is written twice."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, get_type_hints

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from agent_console.api.route import Route
from agent_console.api.shapes.live import Snapshot
from agent_console.api.shapes.problem import Problem
from triggerhub.domain.commands import command_names, command_type

Schema = dict[str, Any]
_REF = "#/components/schemas/{model}"
_PROBLEMS = {
    "400": "The request can't be read",
    "401": "Nobody, or nobody any more",
    "403": "The role doesn't allow it",
    "404": "There is no such thing, or it is not for the caller",
    "405": "This address knows other methods alone: they are in Allow",
    "409": "No longer in the state that this needs",
    "413": "Too large",
    "415": "Another media type is needed",
    "422": "A field is wrong",
    "429": "Too many attempts",
    "500": "A fault of the hub's own",
    "503": "Try again later",
}
_HEADERS = {
    "401": ("WWW-Authenticate", "Bearer"),
    "405": ("Allow", "The methods of this address, with commas between them"),
    "429": ("Retry-After", "Seconds"),
    "503": ("Retry-After", "Seconds"),
}


def openapi(routes: Iterable[Route], *, version: str) -> Schema:
    listed = list(routes)
    refs, schemas = _schemas(listed)
    paths: dict[str, Schema] = {}
    for route in listed:
        path = f"/api/v1/{route.path}"
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trigger Center",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "triggerhub_session"},
            },
        },
        "security": [{"token": []}, {"cookie": []}],
    }


def _models(route: Route) -> Iterable[tuple[type[BaseModel], str]]:
    if isinstance(route.body, type):
        yield route.body, "validation"
    if isinstance(route.answer, type):
        yield route.answer, "serialization"


def _schemas(routes: list[Route]) -> tuple[dict[type[BaseModel], Schema], Schema]:
    wanted: dict[type[BaseModel], Any] = {
        Problem: "serialization",
        Snapshot: "serialization",
    }
    for route in routes:
        wanted.update(_models(route))
    found, definitions = models_json_schema(list(wanted.items()), ref_template=_REF)
    schemas: Schema = dict(definitions["$defs"])
    for name in command_names():
        schemas[_command_schema(name)] = _command(name)
    refs = {model: schema for (model, _), schema in found.items() if issubclass(model, BaseModel)}
    return refs, schemas


def _operation(route: Route, refs: dict[type[BaseModel], Schema]) -> Schema:
    operation: Schema = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "responses": _responses(route, refs),
    }
    parameters = [*_path_parameters(route), *_query_parameters(route)]
    if route.path.startswith("commands/"):
        parameters.append(
            {
                "name": "Idempotency-Key", "in": "header", "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            }
        )  # fmt: skip
    if parameters:
        operation["parameters"] = parameters
    if route.action is None:
        operation["security"] = []
    else:
        operation["x-permission"] = route.action
    body = _body(route, refs)
    if body is not None:
        operation["requestBody"] = body
    return operation


def _path_parameters(route: Route) -> Iterable[Schema]:
    for name in re.findall(r"{(\w+)}", route.path):
        schema: Schema = {"type": "string", "minLength": 1}
        if route.path.startswith("commands/"):
            schema["enum"] = list(command_names())
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route) -> Iterable[Schema]:
    if route.query is None:
        return
    schema = route.query.model_json_schema(ref_template=_REF)
    for name, found in schema["properties"].items():
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _without_null(found),
        }


def _without_null(schema: Schema) -> Schema:
    """A query parameter is absent rather than null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {
        key: value
        for key, value in schema.items()
        if key not in ("anyOf", "title") and not (key == "default" and value is None)
    }
    return {**kinds[0], **rest} if len(kinds) == 1 else rest | ({"anyOf": kinds} if kinds else {})


def _body(route: Route, refs: dict[type[BaseModel], Schema]) -> Schema | None:
    match route.body:
        case None:
            return None
        case "file":
            file = {"type": "string", "contentMediaType": "application/octet-stream"}
            schema: Schema = {
                "type": "object", "properties": {"file": file}, "required": ["file"],
            }  # fmt: skip
            return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
        case "any":
            schema = {"anyOf": [{"$ref": _ref(_command_schema(n))} for n in command_names()]}
            return {"required": False, "content": {"application/json": {"schema": schema}}}
        case model:
            return {"required": True, "content": {"application/json": {"schema": refs[model]}}}


def _responses(route: Route, refs: dict[type[BaseModel], Schema]) -> Schema:
    good: Schema = {"description": "As asked"}
    match route.answer:
        case None:
            status = "204"
        case "bytes":
            status, good["content"] = "200", {"application/octet-stream": {}}
        case "html":
            status, good["content"] = "200", {"text/html": {}}
        case "any":
            status, good["content"] = "200", {"application/json": {"schema": {"type": "object"}}}
        case model:
            status, good["content"] = "200", {"application/json": {"schema": refs[model]}}
    return {status: good} | {code: _problem(code) for code in sorted(_refusals(route))}


def _refusals(route: Route) -> set[str]:
    """The statuses of the problems that a call may be answered with: by its row of the table."""
    found = {"400", "405", "500", *route.also}
    if route.action is not None:
        found |= {"401", "503"}
        if not route.hidden or route.method != "GET":
            found.add("403")
    if route.hidden:
        found.add("404")
    if route.query is not None or route.body is not None:
        found.add("422")
    if route.body is not None:
        found |= {"413", "415"}
    return found


def _problem(code: str) -> Schema:
    described: Schema = {
        "description": _PROBLEMS[code],
        "content": {"application/problem+json": {"schema": {"$ref": _ref("Problem")}}},
    }
    if code in _HEADERS:
        name, what = _HEADERS[code]
        described["headers"] = {name: {"description": what, "schema": {"type": "string"}}}
    return described


def _ref(name: str) -> str:
    return _REF.format(model=name)


def _command_schema(name: str) -> str:
    return "Command." + name


def _command(name: str) -> Schema:
    cls = command_type(name)
    hints = get_type_hints(cls)
    properties: Schema = {}
    required: list[str] = []
    for spec in dataclasses.fields(cls):
        properties[spec.name] = _field(hints[spec.name])
        if spec.default is dataclasses.MISSING:
            required.append(spec.name)
    return {
        "type": "object",
        "title": name,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _field(kind: Any) -> Schema:
    optional = type(None) in getattr(kind, "__args__", ())
    schema: Schema
    if kind in (int, int | None):
        schema = {"type": "integer"}
    elif kind in (datetime, datetime | None):
        schema = {"type": "string", "format": "date-time"}
    elif kind in (str, str | None):
        schema = {"type": "string"}
    else:
        schema = {"type": "array", "items": {"type": "string"}}
    return {"anyOf": [schema, {"type": "null"}]} if optional else schema

"""How a fact becomes a row and a row a fact: the registry of event types and their versions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar, dataclass_transform

import orjson

from triggerhub.domain.errors import HubError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The base of every event's payload."""

    TYPE: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A fact with its place in the log."""

    seq: int
    id: str
    at: datetime
    actor: str
    cause: str | None
    fact: Fact

    @property
    def type(self) -> str:
        return self.fact.TYPE


class UnknownEvent(HubError):
    """The log holds a type or version that this release doesn't know."""

    code = "unknown_event"


Json = dict[str, Any]
_TYPES: dict[str, type[Fact]] = {}
_TIMES: dict[type[Fact], tuple[str, ...]] = {}
_TUPLES: dict[type[Fact], tuple[str, ...]] = {}
_UPCASTS: dict[tuple[str, int], Callable[[Json], Json]] = {}


F = TypeVar("F", bound=Fact)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def fact(name: str, version: int = 1) -> Callable[[type[F]], type[F]]:
    """Register a payload class under the event type `name`."""

    def register(cls: type[F]) -> type[F]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.TYPE = name
        made.VERSION = version
        _TYPES[name] = made
        # As they are written: evaluating them all would cost every start a tenth of a second.
        hints = made.__annotations__
        _TIMES[made] = tuple(n for n, t in hints.items() if t in ("datetime", "datetime | None"))
        _TUPLES[made] = tuple(n for n, t in hints.items() if t.startswith("tuple["))
        return made

    return register


def upcast(name: str, from_version: int) -> Callable[[Callable[[Json], Json]], None]:
    """Register how data of `from_version` becomes data of the next version."""

    def register(step: Callable[[Json], Json]) -> None:
        _UPCASTS[name, from_version] = step

    return register


def event_types() -> Mapping[str, type[Fact]]:
    return _TYPES


def encode(item: Fact) -> str:
    """The fact's fields as JSON text, in the order of their declaration."""
    return orjson.dumps(item, option=orjson.OPT_UTC_Z).decode()


def decode(name: str, version: int, data: str | bytes) -> Fact:
    """The fact of one row; raises UnknownEvent for what a newer release has written."""
    cls = _TYPES.get(name)
    if cls is None or version > cls.VERSION:
        raise UnknownEvent(f"event {name} version {version} is not known to this release")
    values: Json = orjson.loads(data)
    while version < cls.VERSION:
        values = _UPCASTS[name, version](values)
        version += 1
    for key in _TIMES[cls]:
        if values.get(key) is not None:
            values[key] = datetime.fromisoformat(values[key]).astimezone(UTC)
    for key in _TUPLES[cls]:
        if key in values:
            values[key] = tuple(values[key])
    return cls(**values)


def fields_of(item: Fact) -> Json:
    """The fact's fields as plain values (times stay datetimes)."""
    return {f.name: getattr(item, f.name) for f in dataclasses.fields(item)}

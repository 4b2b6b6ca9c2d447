"""The log as CloudEvents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from agent_console.api.shapes.form import Form, Shape


class EventsQuery(Form):
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    epoch: Annotated[str, StringConstraints(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    wait: Annotated[float, Field(ge=0, le=60)] = 0


class CloudEvent(Shape):
    """CloudEvents 1.0, JSON format, with the `sequence` extension."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: datetime
    datacontenttype: Literal["application/json"]
    subject: str | None = None
    sequence: Annotated[str, StringConstraints(pattern=r"^\d{20}$")]
    data: dict[str, Any]


class Events(Shape):
    events: list[CloudEvent]
    epoch: str
    next: int

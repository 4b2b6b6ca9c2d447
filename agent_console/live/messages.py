"""What a console may say on the feed, read strictly: a wrong message ends the connection."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from agent_console.wire import decode_object
from agent_console.wrong import sentence, wrong_fields
from triggerhub.domain.errors import Invalid

MAX_WATCHED = 50  # customers; the rest of a greeting's list is passed over
Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Hello(_Message):
    type: Literal["hello"]
    after: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    epoch: Annotated[str, StringConstraints(max_length=200)] | None = None
    csrf: Annotated[str, StringConstraints(max_length=200)]
    watch: Annotated[list[Id], Field(max_length=1_000)] = []


class CommandMessage(_Message):
    type: Literal["command"]
    id: Id
    name: Annotated[str, StringConstraints(max_length=100)]
    data: dict[str, Any] = {}


class Watch(_Message):
    type: Literal["watch"]
    customer_id: Id


class Unwatch(_Message):
    type: Literal["unwatch"]
    customer_id: Id


class Typing(_Message):
    type: Literal["typing"]
    conversation_id: Id
    typing: bool


class Viewing(_Message):
    type: Literal["viewing"]
    conversation_id: Id | None


class ListingMessage(_Message):
    type: Literal["listing"]
    listing: bool


Message = Hello | CommandMessage | Watch | Unwatch | Typing | Viewing | ListingMessage
_READER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def read(text: str) -> Message:
    """Raises Invalid: `malformed` for what isn't a JSON object, else naming what is wrong."""
    given = decode_object(text)
    try:
        return _READER.validate_python(given)
    except ValidationError as error:
        found = [(field.partition(".")[2] or "type", what) for field, what in wrong_fields(error)]
        raise Invalid(sentence(found), code="wrong_message") from None

"""What people ask of the hub, in the imperative; as docs/console-contract.md has it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, TypeVar, dataclass_transform, get_type_hints

from triggerhub.domain.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    NAME: ClassVar[str] = ""


C = TypeVar("C", bound=Command)
_COMMANDS: dict[str, type[Command]] = {}
MAX_TEXT = 100_000
MAX_WORD = 1_000


@dataclass_transform(frozen_default=True, kw_only_default=True)
def _command(name: str) -> Any:
    def register(cls: type[C]) -> type[C]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.NAME = name
        _COMMANDS[name] = made
        return made

    return register


def command_names() -> tuple[str, ...]:
    return tuple(_COMMANDS)


def command_type(name: str) -> type[Command]:
    try:
        return _COMMANDS[name]
    except KeyError:
        raise NotFound(f"there is no command {name!r}", code="unknown_command") from None


@cache
def _fields_of(name: str) -> tuple[Mapping[str, Any], Mapping[str, Field[Any]]]:
    """(types, fields) of a command's class, by their names."""
    cls = command_type(name)
    return get_type_hints(cls), {f.name: f for f in fields(cls)}


def build(name: str, data: Mapping[str, Any]) -> Command:
    """The command of that name from plain JSON.

    Raises Invalid that names the field, and what would be right.
    """
    cls = command_type(name)
    hints, known = _fields_of(name)
    for key in data:
        if key not in known:
            raise _wrong(name, key[:100], "is no field of this command", "unknown_field")
    values: dict[str, Any] = {}
    for key, spec in known.items():
        value = data.get(key)
        if value is None:
            if spec.default is MISSING:
                raise _wrong(name, key, "is missing", "missing_field")
            continue
        values[key] = _checked(name, key, hints[key], value)
    return cls(**values)


def _checked(name: str, key: str, kind: Any, value: Any) -> Any:
    if kind in (str, str | None):
        most = MAX_TEXT if key == "text" else MAX_WORD
        if isinstance(value, str) and len(value) <= most:
            return value
        right = f"text of at most {most} characters"
    elif kind in (int, int | None):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        right = "a whole number"
    elif kind in (datetime, datetime | None):
        with suppress(TypeError, ValueError, OverflowError):
            return _instant(value)
        right = "a time with its zone, such as 2026-11-20T14:05:11Z"
    else:
        if isinstance(value, list) and all(
            isinstance(v, str) and len(v) <= MAX_WORD for v in value
        ):
            return tuple(value)
        right = f"a list of texts of at most {MAX_WORD} characters"
    raise _wrong(name, key, f"must be {right}", "wrong_field")


def _wrong(name: str, key: str, what: str, code: str) -> Invalid:
    return Invalid(f"{name}: {key!r} {what}", code=code, errors=[(key, what)])


def _instant(value: Any) -> datetime:
    """As facts hold times: UTC, whole milliseconds. A time that is none in UTC (the last hours of
    the year 9999, said elsewhere) would be a fact that nobody can read again.
    """
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("without a time zone it is no moment")
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@_command("presence.set")
class SetPresence(Command):
    presence: str
    next_presence: str | None = None


@_command("status.clear")
class ClearStatus(Command):
    pass


@_command("offer.accept")
class AcceptOffer(Command):
    offer_id: str


@_command("offer.decline")
class DeclineOffer(Command):
    offer_id: str


@_command("work.take_next")
class TakeNext(Command):
    pass


@_command("message.send")
class SendMessage(Command):
    interaction_id: str
    channel: str
    account_id: str
    identity_id: str
    text: str
    subject: str | None = None
    upload_ids: tuple[str, ...] = ()


@_command("message.cancel")
class CancelMessage(Command):
    message_id: str


@_command("message.retry")
class RetryMessage(Command):
    message_id: str


@_command("note.add")
class AddNote(Command):
    conversation_id: str
    text: str


@_command("interaction.read")
class MarkRead(Command):
    interaction_id: str
    seq: int


@_command("interaction.wrap_up")
class WrapUp(Command):
    interaction_id: str


@_command("interaction.hold")
class Hold(Command):
    interaction_id: str


@_command("interaction.unhold")
class Unhold(Command):
    interaction_id: str


@_command("interaction.close")
class CloseInteraction(Command):
    interaction_id: str
    code: str | None = None
    disposition: str | None = None
    follow_up_at: datetime | None = None


@_command("interaction.park")
class ParkInteraction(Command):
    interaction_id: str
    until: datetime | None = None


@_command("interaction.resume")
class ResumeInteraction(Command):
    interaction_id: str


@_command("interaction.transfer")
class TransferInteraction(Command):
    interaction_id: str
    queue_id: str | None = None
    agent_id: str | None = None
    note: str | None = None


@_command("interaction.set_aside")
class SetAside(Command):
    interaction_id: str
    rule: str


@_command("interaction.assign")
class AssignInteraction(Command):
    interaction_id: str
    agent_id: str


@_command("interaction.requeue")
class RequeueInteraction(Command):
    interaction_id: str
    queue_id: str | None = None


@_command("agent.set_presence")
class SetAgentPresence(Command):
    agent_id: str
    presence: str


@_command("customer.update")
class UpdateCustomer(Command):
    customer_id: str
    name: str | None = None
    language: str | None = None
    company: str | None = None
    tier: str | None = None
    tags: tuple[str, ...] | None = None


@_command("identity.confirm")
class ConfirmIdentity(Command):
    identity_id: str
    customer_id: str


@_command("identity.undo")
class UndoLink(Command):
    identity_id: str
    version: int


@_command("attention.replay")
class ReplayAttention(Command):
    attention_id: str


@_command("attention.dismiss")
class DismissAttention(Command):
    attention_id: str

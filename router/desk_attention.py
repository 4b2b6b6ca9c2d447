"""Commands about what needs attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from router import grant
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, NotFound
from triggerhub.domain.permissions import Actor
from triggerhub.domain.work import Work

if TYPE_CHECKING:
    from router.desk import Options

Json = dict[str, Any]


def _attention(work: Work, actor: Actor, attention_id: str) -> Json:
    grant.require(actor, "attention.act")
    item = work.attention_item(attention_id)
    if item is None:
        raise NotFound(f"there is no item {attention_id}")
    if item["state"] != "open":
        raise Conflict("somebody has dealt with it", code="not_open")
    return item


def replay(work: Work, actor: Actor, command: cmd.ReplayAttention, options: Options) -> Json:
    """Read it again: what was mended since may make sense of it."""
    item = _attention(work, actor, command.attention_id)
    if item["kind"] != "unparseable":
        raise Conflict("only what could not be read can be read again", code="wrong_kind")
    work.append(
        ev.AttentionReplayed(
            attention_id=item["id"],
            message_id=item["message_id"],
            channel=item["channel"],
            account_id=item["account_id"],
            raw_content=item["raw_content"],
        ),
        ev.AttentionClosed(attention_id=item["id"], how="replayed"),
        actor=actor.id,
    )
    return {"message_id": item["message_id"]}


def dismiss(work: Work, actor: Actor, command: cmd.DismissAttention, options: Options) -> Json:
    item = _attention(work, actor, command.attention_id)
    work.append(ev.AttentionClosed(attention_id=item["id"], how="dismissed"), actor=actor.id)
    return {}

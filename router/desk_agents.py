"""Commands about agents: presence and status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from router.desk_offers import take_back_offers
from router.grant import person, require, user
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Invalid
from triggerhub.domain.model.agent import PRESENCES, Agent, presence_due
from triggerhub.domain.permissions import Actor, Subject
from triggerhub.domain.rows import UserRow
from triggerhub.domain.work import Work

if TYPE_CHECKING:
    from router.desk import Options

Json = dict[str, Any]


def _check_presence(work: Work, presence: str) -> None:
    if presence in PRESENCES:
        return
    known = (*PRESENCES, *work.presences())
    if presence not in known:
        raise Invalid(f"{presence!r} is not a presence; one of {', '.join(known)}",
                      code="wrong_presence")  # fmt: skip


def set_presence(work: Work, actor: Actor, command: cmd.SetPresence, options: Options) -> Json:
    """Who says that they are available is back: a missed offer is cleared by it."""
    require(actor, "presence.set", Subject(owner_id=actor.id))
    row = person(work, actor)
    _change(work, actor, row, command.presence, command.next_presence)
    if command.presence == "available" and row.not_responding:
        work.append(ev.AgentCleared(agent_id=row.id), actor=actor.id)
    return {}


def steer_presence(
    work: Work, actor: Actor, command: cmd.SetAgentPresence, options: Options
) -> Json:
    require(actor, "agent.steer")
    _change(work, actor, user(work, command.agent_id), command.presence, None)
    return {}


def _change(
    work: Work, actor: Actor, row: UserRow, presence: str, next_presence: str | None
) -> None:
    _check_presence(work, presence)
    if next_presence is not None:
        _check_presence(work, next_presence)
        holds = sum(1 for leg in work.legs() if leg.agent_id == row.id and not leg.parked)
        if presence_due(next_presence, holds) is not None:
            presence, next_presence = next_presence, None
    if (presence, next_presence) == (row.presence, row.next_presence):
        return
    work.append(
        ev.PresenceChanged(agent_id=row.id, presence=presence, next_presence=next_presence),
        actor=actor.id,
    )
    if presence != "available":
        take_back_offers(work, actor, row.id)


def clear_status(work: Work, actor: Actor, command: cmd.ClearStatus, options: Options) -> Json:
    require(actor, "presence.set", Subject(owner_id=actor.id))
    row = person(work, actor)
    fact = ev.AgentCleared(agent_id=row.id)
    Agent(id=row.id, presence=row.presence, not_responding=row.not_responding).apply(fact, work.now)
    work.append(fact, actor=actor.id)
    return {}

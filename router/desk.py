"""Carries out what people ask for: permission, load, decide, append; one function a command.

The rule of who may what is `domain.permissions`; what may follow what is the state machines'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from router import (
    desk_agents,
    desk_attention,
    desk_messages,
    desk_offers,
    desk_people,
    desk_work,
)
from triggerhub.domain import commands as cmd
from triggerhub.domain.commands import Command
from triggerhub.domain.errors import Invalid
from triggerhub.domain.permissions import Actor
from triggerhub.domain.work import Store, Work

Json = dict[str, Any]
Handler = Callable[[Work, Actor, Any, "Options"], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`undo`: how long a message waits before the first attempt to send it."""

    undo: timedelta = timedelta(seconds=5)


HANDLERS: dict[type[Command], Handler] = {
    cmd.SetPresence: desk_agents.set_presence,
    cmd.ClearStatus: desk_agents.clear_status,
    cmd.SetAgentPresence: desk_agents.steer_presence,
    cmd.AcceptOffer: desk_offers.accept_offer,
    cmd.DeclineOffer: desk_offers.decline_offer,
    cmd.TakeNext: desk_offers.take_next,
    cmd.MarkRead: desk_work.mark_read,
    cmd.WrapUp: desk_work.wrap_up,
    cmd.Hold: desk_work.hold,
    cmd.Unhold: desk_work.unhold,
    cmd.CloseInteraction: desk_work.close,
    cmd.ParkInteraction: desk_work.park,
    cmd.ResumeInteraction: desk_work.resume,
    cmd.TransferInteraction: desk_work.transfer,
    cmd.SetAside: desk_work.set_aside,
    cmd.AssignInteraction: desk_work.assign,
    cmd.RequeueInteraction: desk_work.requeue,
    cmd.SendMessage: desk_messages.send,
    cmd.CancelMessage: desk_messages.cancel,
    cmd.RetryMessage: desk_messages.retry,
    cmd.AddNote: desk_messages.add_note,
    cmd.UpdateCustomer: desk_people.update_customer,
    cmd.ConfirmIdentity: desk_people.confirm_identity,
    cmd.UndoLink: desk_people.undo_link,
    cmd.ReplayAttention: desk_attention.replay,
    cmd.DismissAttention: desk_attention.dismiss,
}
MAX_KEY = 200
_OF = "of"  # what the command was, beside its result


class RouterDesk:
    """Implements domain.ports.Desk on a store."""

    def __init__(self, store: Store, options: Options | None = None) -> None:
        self._store = store
        self._options = options or Options()

    async def execute(self, actor: Actor, command: Command, *, key: str | None = None) -> Json:
        """The command's result, once committed; the same key again is answered, not repeated.

        Raises what the command raises, and Invalid where the key came with other data before.
        """
        if key is not None and not 0 < len(key) <= MAX_KEY:
            raise Invalid(f"an idempotency key has 1 to {MAX_KEY} characters", code="wrong_key")
        handler = HANDLERS[type(command)]
        # One person's key is not another's, nor is one command's answer another's. The key stands
        # first: a console's begin with the time, so new ones are neighbours in the index.
        full = None if key is None else f"{key}:{actor.id}:{command.NAME}"

        def work(unit: Work) -> Json:
            result = {**handler(unit, actor, command, self._options)}
            result["seq"] = unit.head
            return result

        def once(unit: Work) -> Json:
            assert full is not None
            of = unit.keyed_hash(repr(command)).hex()
            earlier = unit.remembered(full)
            if earlier is None:
                result = work(unit)
                unit.remember(full, {**result, _OF: of})
                return result
            if earlier.pop(_OF, of) != of:
                raise Invalid("this idempotency key was another command's", code="key_reused")
            return earlier

        return await self._store.run(work if full is None else once)

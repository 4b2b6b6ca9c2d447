"""What agents do in the demo's past: the desk's own commands, in the transaction at hand.

Owns the translation of an agent's step into commands, and what must be remembered of them. Sending
is stood in for: nothing leaves, but the facts are those of delivery.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from router.desk import HANDLERS, Options
from triggerhub.demo import wire
from triggerhub.demo.company import Company
from triggerhub.demo.steps import AddsNote, AgentReplies, Closes, Parks, Takes, Transfers
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.commands import Command
from triggerhub.domain.errors import Invalid
from triggerhub.domain.model.message import Account
from triggerhub.domain.permissions import Actor
from triggerhub.domain.work import Work

DELIVERY = "system:delivery"
Json = dict[str, Any]


class Replies(Protocol):
    """The signed reply addresses and Message-IDs that the e-mail channel uses."""

    def make(self, mailbox: str, token: str) -> str: ...
    def message_id(self, message: str, mailbox: str) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sends:
    """The moment at which a reply leaves the hub."""

    at: datetime
    reply: AgentReplies


Act = Takes | AgentReplies | Sends | AddsNote | Parks | Transfers | Closes


@dataclass(slots=True, kw_only=True)
class Thread:
    """What the hub made of one thread of the script."""

    interaction: str
    conversation: str
    identity: str
    reply_token: str
    queue: str
    queued_at: datetime
    owner: str | None = None
    parked: bool = False
    failed: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Kept:
    """The script's keys and what they are in the hub.

    `accounts`: by channel and key. `mail_ids`: Message-IDs by message key. `chains`: those of a
    thread, oldest first.
    """

    actors: dict[str, Actor] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    threads: dict[str, Thread] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    mail_ids: dict[str, str] = field(default_factory=dict)
    chains: dict[str, list[str]] = field(default_factory=dict)


class Agents:
    """Everyone who works in the company."""

    def __init__(self, company: Company, kept: Kept, addresses: Replies) -> None:
        self._kept = kept
        self._addresses = addresses
        self._options = Options()
        self._supervisor = next(u.login for u in company.users if u.role == "supervisor")

    def _do(self, work: Work, login: str, command: Command) -> Json:
        """One of the desk's commands, in this transaction."""
        return HANDLERS[type(command)](work, self._kept.actors[login], command, self._options)

    def act(self, work: Work, step: Act) -> None:
        match step:
            case Takes():
                self._takes(work, step)
            case AgentReplies():
                self._writes(work, step)
            case Sends():
                self._sends(work, step)
            case AddsNote():
                thread = self._kept.threads[step.thread]
                note = cmd.AddNote(conversation_id=thread.conversation, text=step.text)
                self._do(work, step.agent, note)
            case Parks():
                thread = self._kept.threads[step.thread]
                thread.parked = True
                park = cmd.ParkInteraction(interaction_id=thread.interaction)
                self._do(work, step.agent, park)
            case Transfers():
                thread = self._kept.threads[step.thread]
                thread.owner, thread.queue = None, self._kept.queues[step.queue]
                thread.queued_at = step.at
                hand_on = cmd.TransferInteraction(
                    interaction_id=thread.interaction, queue_id=thread.queue
                )
                self._do(work, step.agent, hand_on)
            case Closes():
                self._closes(work, step)

    def _takes(self, work: Work, step: Takes) -> None:
        thread = self._kept.threads[step.thread]
        if thread.owner is None:
            self._gets(work, step, thread)
            thread.owner = step.agent
        elif thread.parked:
            thread.parked = False
            self._do(work, step.agent, cmd.ResumeInteraction(interaction_id=thread.interaction))
        seen = cmd.MarkRead(interaction_id=thread.interaction, seq=work.head)
        self._do(work, step.agent, seen)

    def _gets(self, work: Work, step: Takes, thread: Thread) -> None:
        """The agent takes what waits longest; the supervisor gives them what does not."""
        actor = self._kept.actors[step.agent]
        waiting = [
            other
            for other in self._kept.threads.values()
            if other.owner is None and other.queue in actor.queue_ids
        ]
        if min(waiting, key=lambda other: other.queued_at) is thread:
            taken = self._do(work, step.agent, cmd.TakeNext())
            if taken["interaction_id"] != thread.interaction:
                raise Invalid(f"{step.thread} was not next", code="demo_order")
            return
        given = cmd.AssignInteraction(interaction_id=thread.interaction, agent_id=actor.id)
        self._do(work, self._supervisor, given)

    def _writes(self, work: Work, step: AgentReplies) -> None:
        thread = self._kept.threads[step.thread]
        account = self._kept.accounts[step.channel, step.account]
        message = cmd.SendMessage(
            interaction_id=thread.interaction,
            channel=account.channel,
            account_id=account.id,
            identity_id=thread.identity,
            text=step.text,
            subject=step.subject or None,
        )
        self._kept.sent[step.key] = self._do(work, step.agent, message)["message_id"]

    def _sends(self, work: Work, step: Sends) -> None:
        """What delivery records when the relay or the carrier has taken a message."""
        reply, message_id = step.reply, self._kept.sent[step.reply.key]
        if reply.channel == "email":
            mailbox = self._kept.accounts[reply.channel, reply.account].addresses[0]
            reference = self._addresses.message_id(message_id, mailbox)
            self._kept.mail_ids[reply.key] = reference
            self._kept.chains.setdefault(reply.thread, []).append(reference)
        else:
            reference = wire.message_sid(reply.key)
        work.append(ev.MessageSending(message_id=message_id, attempt=1), actor=DELIVERY)
        kept = work.put_json("reference", {"reference": reference})
        sent = ev.MessageSent(message_id=message_id, reference_content=kept)
        work.append(sent, actor=DELIVERY)

    def _closes(self, work: Work, step: Closes) -> None:
        thread = self._kept.threads.pop(step.thread)
        for message_id in thread.failed:
            # It was followed by another message and needs nobody's attention any more.
            for attention_id in work.attention_of(message_id):
                dismissed = cmd.DismissAttention(attention_id=attention_id)
                self._do(work, self._supervisor, dismissed)
        close = cmd.CloseInteraction(interaction_id=thread.interaction, code=step.code)
        self._do(work, step.agent, close)

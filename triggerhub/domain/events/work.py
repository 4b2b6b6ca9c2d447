"""Facts about work: conversations, interactions, offers, assignments."""

from __future__ import annotations

from datetime import datetime

from triggerhub.domain.events.registry import Fact, fact


@fact("conversation.opened")
class ConversationOpened(Fact):
    conversation_id: str
    channel: str
    account_id: str
    identity_id: str
    customer_id: str
    likely_customer_id: str | None
    subject_content: str | None
    reply_token: str
    related_to: str | None


@fact("interaction.created")
class InteractionCreated(Fact):
    interaction_id: str
    conversation_id: str
    channel: str
    account_id: str
    identity_id: str
    customer_id: str
    priority: int
    proof: str


@fact("interaction.scheduled")
class InteractionScheduled(Fact):
    """Begins by itself at `due_at`, in that queue; `follow_up_of`: the work that it follows."""

    interaction_id: str
    due_at: datetime
    queue_id: str = ""
    follow_up_of: str | None = None


@fact("interaction.queued")
class InteractionQueued(Fact):
    """Waiting in a queue.

    `reason`: new, due, declined, missed, rescinded, transfer, returned, resumed, reassigned.
    Requeueing keeps both times; a transfer to another queue renews `enqueued_at` alone.
    """

    interaction_id: str
    queue_id: str
    enqueued_at: datetime
    first_enqueued_at: datetime
    reason: str


@fact("interaction.parked")
class InteractionParked(Fact):
    """Waits for the customer, or until a due time."""

    interaction_id: str
    until_at: datetime | None


@fact("interaction.resumed")
class InteractionResumed(Fact):
    """Parked work that its owner has again."""

    interaction_id: str
    reason: str


@fact("interaction.closed")
class InteractionClosed(Fact):
    """`how`: handled, abandoned, set_aside."""

    interaction_id: str
    how: str
    code: str | None
    disposition: str | None


@fact("interaction.transferred")
class InteractionTransferred(Fact):
    interaction_id: str
    from_agent_id: str | None
    to_agent_id: str | None
    to_queue_id: str | None


@fact("interaction.seen")
class InteractionSeen(Fact):
    """Its owner has read the timeline up to the entry with this sequence number."""

    interaction_id: str
    up_to: int


@fact("offer.made")
class OfferMade(Fact):
    """`candidates`: the best five, in order. `refused`: how many agents by reason.

    With `log_position` and `configuration` the full list can be computed again.
    """

    offer_id: str
    interaction_id: str
    queue_id: str
    agent_id: str
    expires_at: datetime
    candidates: tuple[str, ...]
    refused: dict[str, int]
    log_position: int
    configuration: int
    auto_accept: bool = False


@fact("offer.accepted")
class OfferAccepted(Fact):
    offer_id: str
    interaction_id: str
    agent_id: str
    queue_id: str


@fact("offer.declined")
class OfferDeclined(Fact):
    offer_id: str
    interaction_id: str
    agent_id: str


@fact("offer.timed_out")
class OfferTimedOut(Fact):
    offer_id: str
    interaction_id: str
    agent_id: str


@fact("offer.cancelled")
class OfferCancelled(Fact):
    """The customer left, or the interaction ended, before the agent answered."""

    offer_id: str
    interaction_id: str
    agent_id: str
    reason: str


@fact("offer.rescinded")
class OfferRescinded(Fact):
    """Taken back by the router or a supervisor: the agent went away, the work was reassigned."""

    offer_id: str
    interaction_id: str
    agent_id: str
    reason: str


@fact("assignment.started")
class AssignmentStarted(Fact):
    """`role`: owner, consult, monitor, whisper, barge."""

    assignment_id: str
    interaction_id: str
    agent_id: str
    role: str
    previous_id: str | None


@fact("assignment.held")
class AssignmentHeld(Fact):
    assignment_id: str
    interaction_id: str


@fact("assignment.unheld")
class AssignmentUnheld(Fact):
    assignment_id: str
    interaction_id: str


@fact("assignment.wrap_up_started")
class AssignmentWrapUpStarted(Fact):
    assignment_id: str
    interaction_id: str


@fact("assignment.ended")
class AssignmentEnded(Fact):
    """`reason`: closed, transferred, returned, reassigned."""

    assignment_id: str
    interaction_id: str
    agent_id: str
    reason: str

"""Facts about what needs a person."""

from __future__ import annotations

from triggerhub.domain.events.registry import Fact, fact


@fact("attention.replayed")
class AttentionReplayed(Fact):
    """What could not be read is to be read again."""

    attention_id: str
    message_id: str
    channel: str
    account_id: str
    raw_content: str


@fact("attention.closed")
class AttentionClosed(Fact):
    """`how`: dismissed, replayed, retried."""

    attention_id: str
    how: str


@fact("attention.raised")
class AttentionRaised(Fact):
    """Work came back to its queue because its agent went away; `kind`: returned."""

    attention_id: str
    kind: str
    reason: str
    interaction_id: str | None
    message_id: str | None

"""Why something was not read or fetched, as the log has it: a word for programs, then for people.

The first word is stable, and the console translates it; what follows may be anybody's, so that
addresses and numbers in it are masked.
"""

from __future__ import annotations

from typing import Protocol

from triggerhub.domain.errors import HubError, Rejected
from triggerhub.domain.events import MessageUnparseable
from triggerhub.domain.masking import masked
from triggerhub.domain.work import Work

MAX_REASON = 500


class RawDelivery(Protocol):
    """A delivery whose bytes were kept: an event that says so, or the row of what is pending."""

    @property
    def message_id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def account_id(self) -> str: ...
    @property
    def raw_content(self) -> str: ...


def because(error: HubError) -> str:
    return f"{error.code} {masked(str(error))}"[:MAX_REASON]


def unparseable(work: Work, kept: RawDelivery, why: Rejected) -> MessageUnparseable:
    """That nothing could be made of it; people see it under "needs attention".

    What was to be read again keeps its place there.
    """
    return MessageUnparseable(
        message_id=kept.message_id,
        channel=kept.channel,
        account_id=kept.account_id,
        raw_content=kept.raw_content,
        attention_id=work.read_again(kept.message_id) or work.new_id("at"),
        reason=because(why),
    )

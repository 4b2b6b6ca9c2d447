"""Facts as the router would write them, in the sequences that belong together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.unit.console.house import House
from triggerhub.domain import events as e
from triggerhub.domain.events import Fact


def new_work(house: House, number: str, customer_id: str, queue_id: str) -> list[Fact]:
    """A message that was received, resolved and queued: interaction in_<number>."""
    now = house.clock.now()
    common = {"channel": "sms", "account_id": "acc_1"}
    ids = {"conversation_id": f"co_{number}", "customer_id": customer_id,
           "identity_id": f"id_{customer_id}"}  # fmt: skip
    return [
        e.MessageReceived(message_id=f"me_{number}", raw_content="ct_r", **common),
        e.ConversationOpened(
            likely_customer_id=None, subject_content=None, reply_token=number, related_to=None,
            **common, **ids,
        ),
        e.InteractionCreated(
            interaction_id=f"in_{number}", priority=0, proof="verified", **common, **ids
        ),
        resolved(f"me_{number}", number, customer_id),
        e.InteractionQueued(
            interaction_id=f"in_{number}", queue_id=queue_id, enqueued_at=now,
            first_enqueued_at=now, reason="new",
        ),
    ]  # fmt: skip


def resolved(message_id: str, number: str, customer_id: str) -> e.MessageResolved:
    return e.MessageResolved(
        message_id=message_id, channel="sms", account_id="acc_1", raw_content="ct_r",
        parsed_content="ct_p", conversation_id=f"co_{number}", interaction_id=f"in_{number}",
        customer_id=customer_id, identity_id=f"id_{customer_id}", rule="address", proof="signature",
        likely_customer_id=None,
    )  # fmt: skip


def offered(house: House, number: str, offer_id: str, agent_id: str) -> e.OfferMade:
    queue_id = house.interaction_rows[f"in_{number}"]["queue_id"]
    return e.OfferMade(
        offer_id=offer_id, interaction_id=f"in_{number}", queue_id=queue_id, agent_id=agent_id,
        expires_at=house.clock.now() + timedelta(seconds=20), candidates=(agent_id,), refused={},
        log_position=0, configuration=0,
    )  # fmt: skip


def accepted(number: str, offer_id: str, agent_id: str, queue_id: str) -> list[Fact]:
    return [
        e.OfferAccepted(
            offer_id=offer_id, interaction_id=f"in_{number}", agent_id=agent_id, queue_id=queue_id
        ),
        e.AssignmentStarted(
            assignment_id=f"as_{offer_id}", interaction_id=f"in_{number}", agent_id=agent_id,
            role="owner", previous_id=None,
        ),
    ]  # fmt: skip


def closed(number: str, agent_id: str) -> list[Fact]:
    return [
        e.AssignmentEnded(
            assignment_id=f"as_{number}", interaction_id=f"in_{number}", agent_id=agent_id,
            reason="closed",
        ),
        e.InteractionClosed(
            interaction_id=f"in_{number}", how="handled", code=None, disposition=None
        ),
    ]  # fmt: skip


def transferred(house: House, number: str, agent_id: str, queue_id: str) -> list[Fact]:
    now = house.clock.now()
    return [
        e.AssignmentEnded(
            assignment_id=f"as_{number}", interaction_id=f"in_{number}", agent_id=agent_id,
            reason="transferred",
        ),
        e.InteractionTransferred(
            interaction_id=f"in_{number}", from_agent_id=agent_id, to_agent_id=None,
            to_queue_id=queue_id,
        ),
        e.InteractionQueued(
            interaction_id=f"in_{number}", queue_id=queue_id, enqueued_at=now,
            first_enqueued_at=now, reason="transfer",
        ),
    ]  # fmt: skip


def sent(number: str, message_id: str, customer_id: str) -> e.MessageQueued:
    return e.MessageQueued(
        message_id=message_id, channel="sms", account_id="acc_1", conversation_id=f"co_{number}",
        interaction_id=f"in_{number}", customer_id=customer_id, identity_id=f"id_{customer_id}",
        content="ct_m", author="user_ana", not_before_at=datetime(2026, 11, 20, tzinfo=UTC),
        in_reply_to=None, retry_of=None,
    )  # fmt: skip


def note(number: str, note_id: str, customer_id: str) -> e.NoteAdded:
    return e.NoteAdded(
        note_id=note_id, conversation_id=f"co_{number}", interaction_id=f"in_{number}",
        customer_id=customer_id, identity_id=f"id_{customer_id}", content="ct_n",
        author="user_ana",
    )  # fmt: skip

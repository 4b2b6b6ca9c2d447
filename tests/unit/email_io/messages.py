"""Outgoing messages for the tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from channels.email.reply_address import ReplyAddresses
from triggerhub.domain.model.message import Account, Address, OutboundMessage

REPLIES = ReplyAddresses(b"k" * 32)
ACCOUNT = Account(
    id="acc_1", channel="email", name="Demo Support", addresses=("support@demo.example",)
)


def outbound(**changed: Any) -> OutboundMessage:
    fields: dict[str, Any] = {
        "message_id": "msg_01",
        "conversation_id": "cnv_01",
        "to": Address(kind="email", address="anna@customer.example", name="Anna Lind"),
        "subject": "Where is my order?",
        "text": "It is on its way.\n\nBest regards\nMei",
        "author_name": "Mei Chen",
        "reply_token": "tok_01",
        "created_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "attempt": 1,
    }
    return OutboundMessage(**{**fields, **changed})

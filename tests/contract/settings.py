"""What an administrator sets in the course of a day."""

from __future__ import annotations

from collections.abc import Iterable

from tests.unit.router.world import World
from triggerhub.domain import events as ev


def settings(world: World, secret: str) -> Iterable[tuple[str, ev.Fact]]:
    """By a name; `secret`: a piece of content beside the log."""
    return (
        ("where that was midnight", ev.HubConfigured(
            name="Demo", timezone="Pacific/Kiritimati", default_region="GB", language="en")),
        ("another presence", ev.HubConfigured(
            name="Demo", timezone="Pacific/Kiritimati", default_region="GB", language="en",
            presences=("Coaching",))),
        ("a queue", ev.QueueConfigured(
            queue_id="q_new", name="new", sla_seconds=60, offer_seconds=30, auto_accept=False,
            managed_by="test")),
        ("a queue's goal", ev.QueueConfigured(
            queue_id="q_sales", name="sales", sla_seconds=600, offer_seconds=30,
            auto_accept=False, managed_by="test")),
        ("a queue is gone", ev.QueueRemoved(queue_id="q_new")),
        ("an account", ev.AccountConfigured(
            account_id="ac_sms2", channel="sms", name="two", addresses=("+15550198",),
            queue_id="q_sales", options={}, secret_content=None, managed_by="test")),
        ("an account is gone", ev.AccountRemoved(account_id="ac_sms2")),
        ("a password", ev.UserPasswordSet(user_id="user_bob", hash_content=secret)),
        ("a token", ev.TokenCreated(
            token_id="to_1", name="erp", role="integration", hash_content=secret)),
        ("a token is revoked", ev.TokenRevoked(token_id="to_1")),
        ("another queue", world.user("eve", queues=("q_help", "q_sales"))),
        ("no queue", world.user("bob", queues=())),
        ("another name", world.user("ada", role="admin", queues=())),
        ("another role", world.user("bob", role="supervisor", queues=())),
        ("and the old one again", world.user("bob", queues=())),
        ("gone", world.user("eve", queues=("q_help",), disabled=True)),
    )  # fmt: skip

"""The company that most tests of the console begin with."""

from __future__ import annotations

from tests.unit.console.house import House
from triggerhub.domain import events as e
from triggerhub.domain.permissions import Role

QUEUES = ("qu_sales", "qu_support")
STAFF: tuple[tuple[str, Role, tuple[str, ...]], ...] = (
    ("user_ana", "agent", ("qu_sales",)),
    ("user_bo", "agent", ("qu_support",)),
    ("user_sue", "supervisor", QUEUES),
    ("user_ada", "admin", ()),
)


def furnished() -> House:
    """Two queues, two agents in one each, a supervisor, an admin, an account, three customers."""
    house = House()
    for queue_id in QUEUES:
        house.append(
            e.QueueConfigured(
                queue_id=queue_id, name=queue_id[3:], sla_seconds=60, offer_seconds=20,
                auto_accept=False, managed_by="test",
            )
        )  # fmt: skip
    for user_id, role, queues in STAFF:
        house.append(configured(user_id, role, queues))
    house.append(
        e.AccountConfigured(
            account_id="acc_1", channel="sms", name="Main number", addresses=("+15550199",),
            queue_id="qu_sales", options={}, secret_content=None, managed_by="test",
        )
    )  # fmt: skip
    for number in (1, 2, 3):
        house.append(
            e.CustomerCreated(customer_id=f"cu_{number}", profile_content="ct_p", provisional=False)
        )
    return house


def configured(
    user_id: str, role: str, queues: tuple[str, ...], *, disabled: bool = False
) -> e.UserConfigured:
    return e.UserConfigured(
        user_id=user_id, login=user_id[5:], name=user_id[5:].title(), role=role, language="en",
        queue_ids=queues, managed_by="test", disabled=disabled,
    )  # fmt: skip

"""The demo company: its script is a story that could have happened, and the same each time."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import phonenumbers
import pytest

from triggerhub.demo.company import PAST, Company, script
from triggerhub.demo.steps import (
    AddsNote,
    AgentReplies,
    Closes,
    CustomerWrites,
    Delivered,
    Failed,
    Parks,
    Read,
    SendsBroken,
    Takes,
    Transfers,
)
from triggerhub.demo.thread import spoken

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def company() -> Company:
    return script(NOW)


def test_same_now_and_seed_tell_the_same_story(company: Company) -> None:
    assert script(NOW) == company
    assert script(NOW, seed=8).steps != company.steps


@pytest.mark.parametrize("hour", [0, 3, 9, 17, 23])
def test_every_step_lies_in_the_past_and_in_order(hour: int) -> None:
    now = NOW.replace(hour=hour)
    steps = script(now).steps
    assert all(a.at <= b.at for a, b in pairwise(steps))
    assert now - PAST - timedelta(days=3) < steps[0].at
    assert steps[-1].at < now


def test_it_is_as_large_and_as_mixed_as_promised(company: Company) -> None:
    assert 1_000 <= spoken(company.steps) <= 1_500
    assert len(company.customers) == 50
    assert [person.role for person in company.users].count("agent") == 4
    assert len(company.queues) == 3
    texts = [s.text for s in company.steps if isinstance(s, CustomerWrites | AgentReplies)]
    chinese = sum(any("一" <= c <= "鿿" for c in text) for text in texts)
    assert 0.33 <= chinese / len(texts) <= 0.5
    channels = Counter(s.channel for s in company.steps if isinstance(s, CustomerWrites))
    assert all(channels[name] >= 100 for name in ("email", "sms", "whatsapp"))
    assert any(isinstance(s, Failed) for s in company.steps)
    assert any(isinstance(s, Transfers) for s in company.steps)
    codes = {s.code for s in company.steps if isinstance(s, Closes)}
    assert len(codes) >= 10


def test_nothing_is_left_unfilled_in_the_words(company: Company) -> None:
    for step in company.steps:
        for text in (getattr(step, "text", ""), getattr(step, "subject", "")):
            assert not set("{}|") & set(text), text
            assert "$" not in text.replace("US$", ""), text


def test_keys_are_unique_and_answers_point_backwards(company: Company) -> None:
    seen: set[str] = set()
    for step in company.steps:
        if isinstance(step, CustomerWrites | AgentReplies | SendsBroken):
            assert step.key not in seen
            if not isinstance(step, SendsBroken) and step.replies_to is not None:
                assert step.replies_to in seen
            seen.add(step.key)
        if isinstance(step, Delivered | Read | Failed):
            assert step.message in seen


def test_an_agent_holds_what_they_work_on(company: Company) -> None:
    """Every thread begins with the customer; agents act only between taking and letting go."""
    queues = {person.login: person.queues for person in company.users}
    holder: dict[str, str] = {}
    queue: dict[str, str] = {}
    closed: set[str] = set()
    for step in company.steps:
        match step:
            case CustomerWrites():
                assert step.thread not in closed
                queue.setdefault(step.thread, step.queue)
            case Takes():
                assert queue[step.thread] in queues[step.agent]
                holder[step.thread] = step.agent
            case AgentReplies() | AddsNote():
                assert holder[step.thread] == step.agent
            case Parks() | Transfers():
                assert holder.pop(step.thread) == step.agent
                if isinstance(step, Transfers):
                    queue[step.thread] = step.queue
            case Closes():
                holder.pop(step.thread, None)
                closed.add(step.thread)
            case _:
                pass
    assert not holder


def test_work_is_left_open(company: Company) -> None:
    last: dict[str, object] = {}
    where: dict[str, str] = {}
    for step in company.steps:
        thread = getattr(step, "thread", None)
        if thread:
            last[thread] = step
        if isinstance(step, CustomerWrites):
            where[step.thread] = step.queue
    waiting = Counter(
        where[thread] for thread, step in last.items() if isinstance(step, CustomerWrites)
    )
    assert set(waiting) == {"deliveries", "billing", "zh"}
    assert sum(waiting.values()) >= 4
    assert sum(isinstance(step, Parks) for step in last.values()) >= 2
    assert any(isinstance(s, SendsBroken) for s in company.steps)
    assert any(isinstance(s, CustomerWrites) and not s.proven for s in company.steps)


def test_today_has_something_to_count(company: Company) -> None:
    closed = [s for s in company.steps if isinstance(s, Closes) and s.at.date() == NOW.date()]
    assert len(closed) >= 6


def test_addresses_are_reserved_and_distinct(company: Company) -> None:
    phones = [person.phone for person in company.customers]
    mails = [person.email for person in company.customers]
    assert len(set(phones)) == len(set(mails)) == 50
    assert all(mail.endswith(".example") for mail in mails)
    for phone in phones:
        assert phonenumbers.is_possible_number(phonenumbers.parse(phone))
        drama = phone.startswith("+447700900") or phone[5:10] == "55501"
        assert drama or phone.startswith("+861380000")

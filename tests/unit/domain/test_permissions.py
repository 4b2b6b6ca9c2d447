"""`may`: role by action by subject."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggerhub.domain.permissions import ACTIONS, ROLES, Actor, Role, Subject, may

AGENT = Actor(id="usr_1", role="agent", queue_ids=frozenset({"que_1"}))
SUPERVISOR = Actor(id="usr_2", role="supervisor")
ADMIN = Actor(id="usr_3", role="admin")
INTEGRATION = Actor(id="tok_1", role="integration")
SYSTEM = Actor(id="system", role="system")
MINE = Subject(queue_ids=frozenset({"que_1"}))
FOREIGN = Subject(queue_ids=frozenset({"que_2"}))
IN_HAND = Subject(queue_ids=frozenset({"que_2"}), holder_ids=frozenset({"usr_1"}))
OFFERED = Subject(queue_ids=frozenset({"que_2"}), offered_ids=frozenset({"usr_1"}))
OWN = Subject(owner_id="usr_1")

IDS = st.frozensets(st.sampled_from(["que_1", "que_2"]))
SUBJECTS = st.builds(
    Subject,
    queue_ids=IDS,
    holder_ids=st.frozensets(st.sampled_from(["usr_1", "usr_2"])),
    offered_ids=st.frozensets(st.sampled_from(["usr_1", "usr_2"])),
    owner_id=st.sampled_from([None, "usr_1", "usr_2"]),
)
ANY_ACTION = st.sampled_from(sorted(ACTIONS))


def actors(*roles: Role) -> st.SearchStrategy[Actor]:
    return st.builds(
        Actor, id=st.sampled_from(["usr_1", "usr_2"]), role=st.sampled_from(roles), queue_ids=IDS
    )


@pytest.mark.parametrize(
    ("action", "subject", "allowed"),
    [
        ("customer.read", MINE, True),
        ("customer.read", FOREIGN, False),
        ("customer.read", IN_HAND, True),
        ("customer.read", Subject(), False),
        ("interaction.act", MINE, False),
        ("interaction.act", IN_HAND, True),
        ("content.read", FOREIGN, False),
        ("content.read", IN_HAND, True),
        ("interaction.read", OFFERED, True),
        ("customer.read", OFFERED, True),
        ("content.read", OFFERED, True),
        ("customer.write", OFFERED, False),
        ("interaction.act", OFFERED, False),
        ("identity.confirm", OFFERED, False),
        ("offer.answer", OWN, True),
        ("offer.answer", Subject(owner_id="usr_2"), False),
        ("agent.read", Subject(owner_id="usr_2"), False),
        ("agent.steer", OWN, False),
        ("interaction.steer", IN_HAND, False),
        ("attention.read", MINE, False),
        ("events.read", MINE, False),
        ("metrics.read", MINE, False),
        ("hub.configure", MINE, False),
        ("feed", Subject(), True),
    ],
)
def test_an_agent(action: str, subject: Subject, allowed: bool) -> None:
    assert may(AGENT, action, subject) is allowed


def test_nobody_answers_for_somebody_else() -> None:
    for actor in (SUPERVISOR, ADMIN, INTEGRATION):
        assert not may(actor, "offer.answer", OWN)
        assert not may(actor, "presence.set", OWN)
    assert may(SYSTEM, "presence.set", OWN)


def test_an_integration_reads() -> None:
    allowed = {a for a in ACTIONS if may(INTEGRATION, a, FOREIGN)}
    assert "events.read" in allowed
    assert not {a for a in allowed if a.endswith((".write", ".act", ".steer", ".configure"))}
    assert "feed" not in allowed


@given(actors(*ROLES), st.text(), SUBJECTS)
def test_unknown_actions_are_refused_to_all(actor: Actor, action: str, subject: Subject) -> None:
    if action not in ACTIONS:
        assert not may(actor, action, subject)
        assert not may(ADMIN, action, subject)


@given(actors("agent"), ANY_ACTION, SUBJECTS)
def test_a_supervisor_may_what_an_agent_may(actor: Actor, action: str, subject: Subject) -> None:
    if may(actor, action, subject):
        assert may(Actor(id=actor.id, role="supervisor"), action, subject)


@given(actors("supervisor", "integration"), ANY_ACTION, SUBJECTS)
def test_an_admin_may_what_anybody_above_agents_may(
    actor: Actor, action: str, subject: Subject
) -> None:
    if may(actor, action, subject):
        assert may(Actor(id=actor.id, role="admin"), action, subject)


@given(actors("agent"), ANY_ACTION, SUBJECTS)
def test_a_foreign_queue_gives_nothing(actor: Actor, action: str, subject: Subject) -> None:
    apart = not subject.queue_ids & actor.queue_ids
    not_mine = actor.id not in subject.holder_ids | subject.offered_ids | {subject.owner_id}
    if apart and not_mine:
        assert may(actor, action, subject) == may(actor, action)


@given(actors("supervisor"), ANY_ACTION, SUBJECTS)
def test_only_admins_configure(actor: Actor, action: str, subject: Subject) -> None:
    assert not may(actor, "hub.configure", subject)
    assert may(ADMIN, "hub.configure", subject)

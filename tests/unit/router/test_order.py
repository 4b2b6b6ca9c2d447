"""Among the queues of an agent the contact that waits longest is offered first. The board alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from router.assign import decide
from router.assign.board import Board
from triggerhub.domain import events as ev
from triggerhub.domain.clock import CountedIds
from triggerhub.domain.events import Fact, Recorded

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUEUES = ("q_a", "q_b", "q_c", "q_d")
CHANNELS = ("email", "sms")
Contact = tuple[str, str, int, int]  # queue, channel, seconds waited, priority
Agent = tuple[frozenset[str], int]  # queues, capacity of each channel
CONTACTS = st.lists(
    st.tuples(
        st.sampled_from(QUEUES), st.sampled_from(CHANNELS), st.integers(0, 300), st.integers(0, 3)
    ),
    max_size=12,
)
AGENTS = st.lists(st.tuples(st.frozensets(st.sampled_from(QUEUES)), st.integers(0, 3)), max_size=4)
REFUSALS = st.sets(st.tuples(st.integers(0, 11), st.integers(0, 3)), max_size=8)


def furnish(board: Board, *facts: Fact) -> None:
    for fact in facts:
        seq = board.position + 1
        board.fold(Recorded(seq=seq, id=f"e{seq}", at=NOW, actor="test", cause=None, fact=fact))
        board.read_to(seq)


def board_of(contacts: list[Contact], agents: list[Agent]) -> Board:
    board = Board()
    for number, (queues, capacity) in enumerate(agents):
        agent_id = f"user_{number}"
        furnish(
            board,
            ev.UserConfigured(
                user_id=agent_id, login="", name="", role="agent", language="en", managed_by="",
                queue_ids=tuple(sorted(queues)), capacity=dict.fromkeys(CHANNELS, capacity),
            ),
            ev.AgentConnected(agent_id=agent_id),
            ev.PresenceChanged(agent_id=agent_id, presence="available", next_presence=None),
        )  # fmt: skip
    for number, (queue_id, channel, waited, priority) in enumerate(contacts):
        since = NOW - timedelta(seconds=waited)
        furnish(
            board,
            ev.InteractionCreated(
                interaction_id=f"in_{number}", conversation_id="cv", channel=channel,
                account_id="ac", identity_id="id", customer_id="cu", priority=priority,
                proof="verified",
            ),
            ev.InteractionQueued(
                interaction_id=f"in_{number}", queue_id=queue_id, enqueued_at=since,
                first_enqueued_at=since, reason="new",
            ),
        )  # fmt: skip
    return board


def matched(board: Board) -> list[ev.OfferMade]:
    offers = []
    for fact in decide.match(board, NOW, CountedIds()):
        if isinstance(fact, ev.OfferMade):
            offers.append(fact)
        furnish(board, fact)
    return offers


@given(CONTACTS, AGENTS, REFUSALS)
def test_nobody_is_offered_a_contact_while_an_older_one_waits_for_them(
    contacts: list[Contact], agents: list[Agent], refusals: set[tuple[int, int]]
) -> None:
    board = board_of(contacts, agents)
    board.left_out = {
        (f"in_{contact}", f"user_{agent}"): NOW + timedelta(seconds=1)
        for contact, agent in refusals
    }
    waiting = dict(board.work)
    queues = {f"user_{number}": agent[0] for number, agent in enumerate(agents)}
    for offer in matched(board):
        taken = waiting.pop(offer.interaction_id)
        older = [
            other.interaction_id
            for other in waiting.values()
            if other.score < taken.score
            and other.channel == taken.channel
            and other.queue_id in queues[offer.agent_id]
            and (other.interaction_id, offer.agent_id) not in board.left_out
        ]
        assert older == []
    for left in waiting.values():  # nobody who could take what is left has room
        for worker in board.ready.of((left.queue_id, left.channel)):
            assert (left.interaction_id, worker[2]) in board.left_out


@given(CONTACTS, AGENTS)
def test_the_order_of_configuration_decides_nothing(
    contacts: list[Contact], agents: list[Agent]
) -> None:
    one, two = board_of(contacts, agents), board_of(contacts, agents)
    two.waiting = dict(reversed(list(two.waiting.items())))
    assert matched(one) == matched(two)

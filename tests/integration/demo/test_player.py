"""The demo's past, played through the hub's own parts: what the hub then believes."""

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.leader import Leader
from storage.reading import Reader
from storage.rebuild import RebuildReport, rebuild
from tests.integration.demo.hub import past_hub
from triggerhub.demo.company import Company, script
from triggerhub.demo.player import play
from triggerhub.demo.steps import AddsNote, Closes, CustomerWrites, Failed
from triggerhub.demo.thread import spoken
from triggerhub.domain import events as ev
from triggerhub.domain.clock import RandomIds
from triggerhub.domain.errors import Conflict
from triggerhub.domain.events import Recorded

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Played:
    company: Company
    log: list[Recorded]
    entries: Counter[tuple[str, str]]
    waiting: Counter[str]
    attention: list[tuple[str, str]]
    after: list[Recorded]
    rebuilt: RebuildReport | None


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(_play(tmp_path_factory.mktemp("demo")))


async def _play(folder: Path) -> Played:
    company = script(NOW)
    async with past_hub(company, folder) as (doors, store):
        assert await play(company, doors) == len(company.steps)

        def look(reader: Reader) -> Played:
            rows = reader.connection.all
            return Played(
                company=company,
                log=reader.events_after(0, 100_000),
                entries=Counter((k, s) for k, s in rows("SELECT kind, state FROM entries", {})),
                waiting=Counter(
                    q
                    for (q,) in rows("SELECT queue_id FROM interactions WHERE state = 'queued'", {})
                ),
                attention=[(k, s) for k, s in rows("SELECT kind, state FROM attention", {})],
                after=[],
                rebuilt=None,
            )

        found = await store.read(look)
        leader = Leader(
            store,
            store,
            doors.resolver,
            clock=doors.clock,
            ids=RandomIds(doors.clock),
            node="next",
        )
        assert await leader.step()
        rebuilt = await asyncio.to_thread(rebuild, store.database, store.kit)
        last = found.log[-1].seq
        after = await store.read(lambda reader: reader.events_after(last, 1_000))
        return replace(found, after=after, rebuilt=rebuilt)


def test_everything_bears_the_time_of_the_script(played: Played) -> None:
    steps = played.company.steps
    arrivals = [s.at for s in steps if isinstance(s, CustomerWrites)]
    received = [r.at for r in played.log if isinstance(r.fact, ev.MessageReceived)]
    resolved = [r.at for r in played.log if isinstance(r.fact, ev.MessageResolved)]
    assert len(received) == len(arrivals) + 1
    assert [_ms(at) for at in resolved] == [_ms(at) for at in arrivals]
    notes = [r.at for r in played.log if isinstance(r.fact, ev.NoteAdded)]
    assert [_ms(at) for at in notes] == [_ms(s.at) for s in steps if isinstance(s, AddsNote)]
    assert [r.at for r in played.log] == sorted(r.at for r in played.log)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def test_timelines_hold_what_was_said(played: Played) -> None:
    steps = played.company.steps
    said = sum(count for (kind, _), count in played.entries.items() if kind != "system")
    # One mail can't be read and stands under "needs attention" instead.
    assert said == spoken(steps)
    assert played.entries["message", "received"] == sum(
        isinstance(s, CustomerWrites) for s in steps
    )
    assert played.entries["message", "failed"] == sum(isinstance(s, Failed) for s in steps)
    assert played.entries["message", "read"] > 50
    assert not any(state in ("queued", "sending") for _, state in played.entries)


def test_answers_come_back_by_the_reply_address(played: Played) -> None:
    answers = sum(
        isinstance(s, CustomerWrites) and s.replies_to is not None for s in played.company.steps
    )
    rules = Counter(r.fact.rule for r in played.log if isinstance(r.fact, ev.MessageResolved))
    assert rules["reply_address"] == answers
    assert "related" not in rules


def test_customers_are_known_on_both_ways(played: Played) -> None:
    # All but the unproven sender were in the address book.
    assert sum(isinstance(r.fact, ev.CustomerCreated) for r in played.log) == 51
    resolved = [r.fact for r in played.log if isinstance(r.fact, ev.MessageResolved)]
    ways: dict[str, set[str]] = {}
    for fact in resolved:
        ways.setdefault(fact.customer_id, set()).add(fact.channel)
    assert sum(len(channels) >= 2 for channels in ways.values()) >= 40
    forged = [fact for fact in resolved if not fact.proof]
    assert len(forged) == 1
    assert forged[0].likely_customer_id in ways
    assert forged[0].likely_customer_id != forged[0].customer_id


def test_open_work_is_left(played: Played) -> None:
    assert set(played.waiting) == {"deliveries", "billing", "zh"}
    assert sum(played.waiting.values()) >= 4
    open_items = [kind for kind, state in played.attention if state == "open"]
    assert open_items == ["unparseable"]
    closed = sum(isinstance(r.fact, ev.InteractionClosed) for r in played.log)
    assert closed == sum(isinstance(s, Closes) for s in played.company.steps)


def test_a_leader_reads_nothing_again(played: Played) -> None:
    made = {type(record.fact) for record in played.after}
    assert not made & {ev.MessageResolved, ev.InteractionCreated, ev.CustomerCreated}


def test_folding_the_log_again_gives_the_same(played: Played) -> None:
    assert played.rebuilt is not None
    assert played.rebuilt.differences == ()


async def test_it_doesn_t_play_while_somebody_leads(tmp_path: Path) -> None:
    company = script(NOW)
    async with past_hub(company, tmp_path) as (doors, store):
        # Its lease lies ahead of the script's beginning.
        doors.clock.set(company.steps[0].at)
        other = Leader(
            store,
            store,
            doors.resolver,
            clock=doors.clock,
            ids=RandomIds(doors.clock),
            node="other",
        )
        assert await other.step()
        with pytest.raises(Conflict):
            await play(company, doors)

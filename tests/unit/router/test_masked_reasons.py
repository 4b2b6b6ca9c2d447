"""What providers and customers say may name people; the facts that keep it don't."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from router import media, reading
from router.reasons import MAX_REASON
from tests.unit.router.sending import attempt, in_hand, outbox_of, write
from tests.unit.router.world import World
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Ambiguous, HubError, Invalid, Rejected, Unavailable

SAID = "550 5.1.1 <eve@cust.example>: +44 7700 900123 is unknown"
KEPT = "550 5.1.1 <e…@c…>: …23 is unknown"


async def the_log(world: World) -> str:
    return repr(await world.log())


async def nothing_named(world: World) -> None:
    log = await the_log(world)
    assert KEPT in log
    assert "eve@" not in log
    assert "900123" not in log


@pytest.mark.parametrize("error", [Rejected(SAID), Unavailable(SAID), Ambiguous(SAID)])
async def test_why_a_message_was_not_sent(world: World, error: HubError) -> None:
    agent, interaction_id, identity_id = await in_hand(world)
    await write(world, agent, interaction_id, identity_id)
    world.channels["sms"].outcomes.append(error)
    await world.pass_time(seconds=10)
    with capture_logs() as lines:
        await attempt(world, await outbox_of(world))
    await nothing_named(world)
    assert "eve@" not in repr(lines)


async def test_what_a_provider_reports(world: World) -> None:
    agent, interaction_id, identity_id = await in_hand(world)
    message_id = await write(world, agent, interaction_id, identity_id)
    await world.pass_time(seconds=10)
    await attempt(world, await outbox_of(world))
    await world.deliver(
        "sms",
        "ac_sms",
        {
            "from": "+15550100",
            "report": {
                "reference": f"ref-{message_id}-1", "state": "failed", "code": "eve@cust.example",
                "reason": SAID,
            },
        },
    )  # fmt: skip
    await world.settle()
    [failed] = await world.log(ev.MessageFailed)
    assert (failed.code, failed.reason) == ("e…@c…", KEPT)
    await nothing_named(world)


async def test_why_something_could_not_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise Rejected(SAID)

    monkeypatch.setattr(world.channels["sms"], "read", refuse)
    monkeypatch.setattr(world.channels["sms"], "read_status", refuse)
    await world.sms("+15550101")
    await world.report("SM1", "failed")
    await world.settle()
    [unread] = await world.log(ev.MessageUnparseable)
    [aside] = await world.log(ev.StatusSetAside)
    assert unread.reason == f"rejected {KEPT}"
    assert aside.rule == f"unreadable: {KEPT}"
    await nothing_named(world)


async def test_why_a_mail_could_not_be_read(world: World) -> None:
    await world.deliver("email", "ac_mail", {"from": "carol@customer.example"})
    [row] = await world.store.read(lambda r: r.pending(1))
    await world.store.run(lambda unit: reading._unreadable(row, Rejected(SAID), unit))
    await nothing_named(world)


async def test_why_a_part_was_lost(world: World) -> None:
    await world.sms("+15550101", media=["https://carrier.example/1"])
    await world.settle()
    [row] = await world.store.read(lambda r: r.fetches_due(world.clock.now(), 1))
    error = Rejected(SAID, code="media_refused")
    await world.store.run(lambda unit: media._missed(row, error, unit))
    [lost] = await world.log(ev.AttachmentLost)
    assert lost.reason == f"media_refused {KEPT}"
    await nothing_named(world)


async def test_an_address_that_the_limit_cuts_is_masked_too(world: World) -> None:
    await world.deliver("email", "ac_mail", {"from": "carol@customer.example"})
    [row] = await world.store.read(lambda r: r.pending(1))
    error = Invalid("x " * ((MAX_REASON - len("invalid ")) // 2 - 1) + "eve@cust.example")
    await world.store.run(lambda unit: reading._unreadable(row, error, unit))
    [unread] = await world.log(ev.MessageUnparseable)
    assert unread.reason.endswith("x e…")

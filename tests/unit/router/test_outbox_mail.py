"""A mail that goes out: its thread, its subject, whom it answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.router.sending import attempt, in_hand, outbox_of, shown, write
from tests.unit.router.world import World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Invalid, Rejected


async def test_a_mail_continues_its_thread(world: World) -> None:
    agent, interaction_id, identity_id = await in_hand(world, "carol@customer.example")
    await write(world, agent, interaction_id, identity_id, channel="email", account_id="ac_mail")
    world.clock.advance(timedelta(seconds=5))
    outbox = await outbox_of(world)
    await attempt(world, outbox)
    [first] = world.channels["email"].sent
    assert first.in_reply_to == "<first@x.example>"
    assert first.references == ()
    assert first.subject == "Re: Order 7"
    assert first.reply_token
    reference = f"ref-{first.message_id}-1"
    # The customer answers our mail: the reference leads home.
    await world.mail("carol@customer.example", proof="dkim", references=[reference])
    await world.settle()
    resolved = await world.log(ev.MessageResolved)
    assert [r.rule for r in resolved] == ["new", "references"]
    assert resolved[0].conversation_id == resolved[1].conversation_id


async def test_an_answer_refers_to_what_its_parent_refers_to(world: World) -> None:
    """RFC 5322, 3.6.4: the parent's References, then the parent; kept as the newest first."""
    agent, interaction_id, identity_id = await in_hand(world, "carol@customer.example")
    await world.mail(
        "carol@customer.example", proof="dkim", external_id="<third@x.example>",
        references=["<first@x.example>", "<elsewhere@y.example>", "<root@y.example>"],
    )  # fmt: skip
    await world.settle()
    await write(world, agent, interaction_id, identity_id, channel="email", account_id="ac_mail")
    world.clock.advance(timedelta(seconds=5))
    await attempt(world, await outbox_of(world))
    [sent] = world.channels["email"].sent
    assert sent.in_reply_to == "<third@x.example>"
    assert sent.references == ("<root@y.example>", "<elsewhere@y.example>", "<first@x.example>")


async def test_a_retry_refers_to_the_same(world: World) -> None:
    agent, interaction_id, identity_id = await in_hand(world, "carol@customer.example")
    await world.mail(
        "carol@customer.example", proof="dkim", external_id="<next@x.example>",
        references=[f"<{n}@x.example>" for n in range(200)] + ["<first@x.example>"],
    )  # fmt: skip
    await world.settle()
    message_id = await write(
        world, agent, interaction_id, identity_id, channel="email", account_id="ac_mail"
    )
    world.channels["email"].outcomes.append(Rejected("no"))
    world.clock.advance(timedelta(seconds=5))
    outbox = await outbox_of(world)
    await attempt(world, outbox)
    await world.do(agent, cmd.RetryMessage(message_id=message_id))
    await attempt(world, outbox)
    first, again = world.channels["email"].sent
    assert first.references == again.references
    assert len(first.references) == 50
    assert (first.references[0], first.references[-1]) == ("<first@x.example>", "<0@x.example>")


async def test_the_timeline_shows_the_subject_that_was_sent(world: World) -> None:
    agent, interaction_id, identity_id = await in_hand(world, "carol@customer.example")
    for subject in (None, "About your order"):
        message_id = await write(
            world, agent, interaction_id, identity_id, channel="email", account_id="ac_mail",
            subject=subject,
        )  # fmt: skip
        world.clock.advance(timedelta(seconds=5))
        await attempt(world, await outbox_of(world))
        entry = await shown(world, message_id)
        assert entry["subject"] == world.channels["email"].sent[-1].subject
        assert entry["subject"] == f"Re: {subject or 'Order 7'}"


async def test_an_answer_goes_to_the_sender_and_a_reply_to_is_told(world: World) -> None:
    [ann] = await world.hire("ann")
    received = await world.mail(
        "carol@customer.example", proof="dkim", reply_to="carol.home@elsewhere.example"
    )
    await world.settle()
    interaction_id = await world.take(ann)
    [row] = await world.open()
    how = {"channel": "email", "account_id": "ac_mail"}
    answer = await write(world, ann, interaction_id, row.identity_id, **how)
    world.clock.advance(timedelta(seconds=5))
    await attempt(world, await outbox_of(world))
    [sent] = world.channels["email"].sent
    assert sent.to.address == "carol@customer.example"
    assert (await shown(world, received.id))["reply_to"] == "carol.home@elsewhere.example"
    assert "reply_to" not in await shown(world, answer)


async def test_a_subject_without_end_is_answered_all_the_same(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.mail("dave@customer.example", proof="dkim", subject="x" * 5000)
    await world.settle()
    interaction_id = await world.take(ann)
    [row] = await world.open()
    how = {"channel": "email", "account_id": "ac_mail"}
    await write(world, ann, interaction_id, row.identity_id, **how)
    with pytest.raises(Invalid) as refused:
        await write(world, ann, interaction_id, row.identity_id, subject="x" * 901, **how)
    assert refused.value.code == "wrong_field"
    world.clock.advance(timedelta(seconds=5))
    await attempt(world, await outbox_of(world))
    [sent] = world.channels["email"].sent
    assert sent.subject == "Re: " + "x" * 896

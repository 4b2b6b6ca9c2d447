"""What the desk must refuse: foreign records, work that is only offered, words sent twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.router.claims import CAROL, proven_carol, reply
from tests.unit.router.world import SUPERVISOR, World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, Forbidden, Invalid
from triggerhub.domain.permissions import Actor, may

# --- what is only offered, and what is only claimed ---------------------------------------------


async def test_an_offer_lets_one_look_and_not_act(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.mail(CAROL, proof="dkim")
    await world.settle()
    [work] = await world.log(ev.MessageResolved)
    [offer] = await world.offers()
    assert offer.agent_id == ann.id
    outsider = replace(ann, queue_ids=frozenset())
    assert may(outsider, "customer.read", await world.views.reach(work.customer_id))
    for command in (
        reply(work),
        cmd.CloseInteraction(interaction_id=work.interaction_id),
        cmd.SetAside(interaction_id=work.interaction_id, rule="spam"),
        cmd.TransferInteraction(interaction_id=work.interaction_id, queue_id="q_sales"),
        cmd.MarkRead(interaction_id=work.interaction_id, seq=1),
        cmd.UpdateCustomer(customer_id=work.customer_id, name="Mine"),
    ):
        with pytest.raises(Forbidden):
            await world.do(outsider, command)
    await world.do(ann, cmd.AcceptOffer(offer_id=offer.id))
    await world.do(ann, reply(work))


async def test_a_claim_opens_a_record_to_its_holder_alone_and_to_read(world: World) -> None:
    real = await proven_carol(world)  # of q_help
    [ann] = await world.hire("ann", queues=("q_sales",))
    [bob] = await world.hire("bob", queues=("q_sales",), available=False)
    await world.mail(CAROL, "It's me", account="ac_mail2")  # of q_sales, unproven
    await world.settle()
    [offer] = await world.offers()
    assert offer.agent_id == ann.id
    for _ in range(2):
        reach = await world.views.reach(real.customer_id)
        assert may(ann, "customer.read", reach)
        assert not may(ann, "customer.write", reach)
        assert not may(bob, "customer.read", reach)
        if await world.offers():
            await world.take(ann)
    with pytest.raises(Forbidden):
        await world.do(ann, cmd.UpdateCustomer(customer_id=real.customer_id, name="Other"))
    claimed = (await world.log(ev.MessageResolved))[-1]
    await world.do(ann, cmd.CloseInteraction(interaction_id=claimed.interaction_id))
    assert not may(ann, "customer.read", await world.views.reach(real.customer_id))


# --- sending ------------------------------------------------------------------------------------


async def failed_reply(world: World) -> tuple[Actor, ev.MessageResolved, str]:
    [ann] = await world.hire("ann")
    await world.mail(CAROL, proof="dkim")
    await world.settle()
    await world.take(ann)
    [work] = await world.log(ev.MessageResolved)
    message_id = (await world.do(ann, reply(work)))["message_id"]
    await world.append(
        ev.MessageSending(message_id=message_id, attempt=1),
        ev.MessageFailed(message_id=message_id, code="smtp_550", reason="no", attention_id="at_1"),
    )
    return ann, work, message_id


async def test_words_are_sent_again_once(world: World) -> None:
    ann, _work, message_id = await failed_reply(world)
    again = cmd.RetryMessage(message_id=message_id)
    second = (await world.do(ann, again))["message_id"]
    for actor in (ann, SUPERVISOR):
        with pytest.raises(Conflict) as refused:
            await world.do(actor, again)
        assert refused.value.code == "already_retried"
    assert len(await world.log(ev.MessageQueued)) == 2
    await world.do(ann, cmd.CancelMessage(message_id=second))
    await world.do(ann, again)


async def test_nothing_is_sent_again_in_work_that_has_left_ones_hands(world: World) -> None:
    ann, work, message_id = await failed_reply(world)
    again = cmd.RetryMessage(message_id=message_id)
    [eve] = await world.hire("eve", available=False)
    await world.do(
        SUPERVISOR, cmd.AssignInteraction(interaction_id=work.interaction_id, agent_id=eve.id)
    )
    for actor in (ann, eve):  # it isn't Ann's work any more, and they aren't Eve's words
        with pytest.raises(Forbidden):
            await world.do(actor, again)
    await world.do(
        SUPERVISOR, cmd.AssignInteraction(interaction_id=work.interaction_id, agent_id=ann.id)
    )
    await world.do(ann, cmd.CloseInteraction(interaction_id=work.interaction_id))
    with pytest.raises(Conflict) as refused:
        await world.do(ann, again)
    assert refused.value.code == "closed"
    await world.do(SUPERVISOR, again)  # who sees to what failed


async def test_an_address_that_is_none_is_not_written_to(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.mail("unknown:msg_7@", proof="dkim")
    await world.settle()
    await world.take(ann)
    [work] = await world.log(ev.MessageResolved)
    with pytest.raises(Conflict) as refused:
        await world.do(ann, reply(work))
    assert refused.value.code == "no_address"
    assert await world.log(ev.MessageQueued) == []


# --- what may stand in the log ------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        {"code": "refunded to carol@customer.example"},
        {"disposition": "called +44 7700 900123"},
        {"disposition": "x" * 101},
        {"disposition": ""},
    ],
)
async def test_codes_are_codes_and_no_text(world: World, words: dict[str, Any]) -> None:
    ann, work, _message_id = await failed_reply(world)
    with pytest.raises(Invalid):
        await world.do(ann, cmd.CloseInteraction(interaction_id=work.interaction_id, **words))
    with pytest.raises(Invalid):
        await world.do(ann, cmd.SetAside(interaction_id=work.interaction_id, rule="It's spam"))
    await world.do(
        ann,
        cmd.CloseInteraction(
            interaction_id=work.interaction_id, code="billing", disposition="waiting_us"
        ),
    )


async def test_files_are_refused_before_they_fail(world: World) -> None:
    """WhatsApp carries none of ours yet: said when writing, not by a failed message."""
    await world.append(
        ev.AccountConfigured(
            account_id="ac_wa", channel="whatsapp", name="WhatsApp", addresses=("+15550198",),
            queue_id="q_sales", options={}, secret_content=None, managed_by="test",
        )
    )  # fmt: skip
    [ann] = await world.hire("ann")
    await world.sms("+15550101")
    await world.settle()
    await world.take(ann)
    [work] = await world.log(ev.MessageResolved)
    upload = await world.views.put_upload("a.txt", "text/plain", b"x", ann.id)
    with pytest.raises(Invalid) as refused:
        await world.do(
            ann,
            cmd.SendMessage(
                interaction_id=work.interaction_id, channel="whatsapp", account_id="ac_wa",
                identity_id=work.identity_id, text="x", upload_ids=(upload["id"],),
            ),
        )  # fmt: skip
    assert refused.value.code == "no_attachments"

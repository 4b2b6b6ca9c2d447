"""Whose a message is and where it belongs: each rule, and that a batch decides as its parts."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.router.world import SUPERVISOR, World, world_in
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev

CAROL, DAVE = "carol@customer.example", "dave@stranger.example"


async def resolved(world: World) -> list[ev.MessageResolved]:
    await world.settle()
    return await world.log(ev.MessageResolved)


async def token(world: World) -> str:
    return str((await world.log(ev.ConversationOpened))[0].reply_token)


async def test_a_stranger_becomes_a_customer_with_a_visible_reason(world: World) -> None:
    await world.sms("+15550101")
    [one] = await resolved(world)
    assert (one.rule, one.proof, one.likely_customer_id) == ("new", "signature", None)
    [identity] = await world.log(ev.IdentityAdded)
    assert (identity.standing, identity.why) == ("verified", "signature")
    [row] = await world.open()
    assert row.queue_id == "q_sales"


async def test_who_names_no_address_is_somebody_else_each_time(world: World) -> None:
    """Whatever name they give: it is shown, and proves nothing."""
    for name in ("", "", "Front Desk", "Front Desk"):
        await world.mail("", "From nowhere", name=name)
    found = await resolved(world)
    assert len({one.customer_id for one in found}) == 4
    assert len({one.identity_id for one in found}) == 4
    assert {(one.rule, one.proof, one.likely_customer_id) for one in found} == {("new", "", None)}
    [ann] = await world.hire("ann")
    shown = (await world.views.customers("", viewer=ann, after=None, limit=9))["items"]
    assert sorted(hit["name"] for hit in shown) == ["", "", "Front Desk", "Front Desk"]
    assert {tuple(hit["addresses"]) for hit in shown} == {()}
    card = await world.views.card(found[0].customer_id)
    assert card is not None
    assert card["customer"]["name"] == ""
    assert [(way["address"], way["reason"]) for way in card["reply_ways"]] == [("", "no_address")]
    assert [identity["address"] for identity in card["identities"]] == [""]


async def test_a_number_has_one_thread_with_an_account(world: World) -> None:
    await world.sms("+15550101")
    await world.sms("+15550101")
    one, two = await resolved(world)
    assert two.rule == "sender"
    assert one.conversation_id == two.conversation_id
    assert one.interaction_id == two.interaction_id


async def test_references_lead_a_participant_home(world: World) -> None:
    await world.mail(CAROL, proof="dkim", external_id="<a@x>")
    await world.mail(CAROL, proof="dkim", references=["<a@x>"])
    await world.mail(CAROL, proof="dkim", subject="the same subject is no reference")
    one, two, three = await resolved(world)
    assert [m.rule for m in (one, two, three)] == ["new", "references", "new"]
    assert one.conversation_id == two.conversation_id != three.conversation_id
    assert one.customer_id == two.customer_id == three.customer_id


async def test_a_reply_address_proves_its_participant(world: World) -> None:
    await world.mail(CAROL, proof="dkim")
    await world.settle()
    await world.mail(CAROL, tokens=[await token(world)])
    one, two = await resolved(world)
    assert (two.rule, two.proof) == ("reply_address", "reply_token")
    assert two.customer_id == one.customer_id
    assert two.identity_id == one.identity_id


async def test_who_answers_at_the_address_we_wrote_to_is_no_second_customer(world: World) -> None:
    await world.mail(CAROL)
    await world.settle()
    await world.mail(CAROL, tokens=[await token(world)])
    one, two = await resolved(world)
    assert (one.proof, two.proof) == ("", "reply_token")
    assert two.conversation_id == one.conversation_id
    assert two.customer_id == one.customer_id
    assert two.identity_id != one.identity_id  # this one is proven


async def test_a_stranger_with_a_reply_address_only_gets_a_related_thread(world: World) -> None:
    await world.mail(CAROL, proof="dkim", external_id="<a@x>")
    await world.settle()
    await world.mail(DAVE, proof="dkim", tokens=[await token(world)])
    await world.mail(DAVE, proof="dkim", references=["<a@x>"])
    one, two, three = await resolved(world)
    assert [m.rule for m in (two, three)] == ["related", "related"]
    assert one.conversation_id not in (two.conversation_id, three.conversation_id)
    assert one.customer_id != two.customer_id
    opened = await world.log(ev.ConversationOpened)
    assert [o.related_to for o in opened] == [None, one.conversation_id, one.conversation_id]


async def test_who_is_not_proven_joins_nothing(world: World) -> None:
    """Promise 5: an identity and customer of their own; whom they claim to be is said."""
    await world.mail(CAROL, proof="dkim", external_id="<a@x>")
    await world.mail(CAROL, references=["<a@x>"])
    one, two = await resolved(world)
    assert two.proof == ""
    assert two.likely_customer_id == one.customer_id
    assert two.customer_id != one.customer_id
    assert two.conversation_id != one.conversation_id
    created = await world.log(ev.CustomerCreated)
    assert [c.provisional for c in created] == [False, True]
    await world.mail(CAROL, "once more")
    three = (await resolved(world))[2]
    assert three.identity_id == two.identity_id


async def test_an_agents_word_moves_the_link_and_no_message(world: World) -> None:
    await world.mail(CAROL, proof="dkim")
    await world.mail(CAROL)
    one, two = await resolved(world)
    boss = (await world.hire("ann"))[0]
    await world.settle()
    mine = await world.take(boss)
    assert mine == one.interaction_id
    before = await world.log(ev.MessageResolved)
    await world.do(
        SUPERVISOR,
        cmd.ConfirmIdentity(identity_id=two.identity_id, customer_id=one.customer_id),
    )
    page = await world.views.timeline(one.customer_id, before=None, limit=50)
    said = [item["id"] for item in page["items"] if item["kind"] == "message"]
    assert said == [one.message_id, two.message_id]
    assert await world.log(ev.MessageResolved) == before


async def test_one_mail_to_two_of_our_accounts_is_one(world: World) -> None:
    await world.mail(CAROL, proof="dkim", key="<a@x>")
    await world.mail(CAROL, proof="dkim", key="<a@x>", account="ac_mail2")
    [one] = await resolved(world)
    [aside] = await world.log(ev.MessageSetAside)
    assert (aside.rule, aside.about_message_id) == ("second_delivery", one.message_id)


async def test_after_the_closing_a_new_piece_of_work_begins(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms("+15550101")
    await world.settle()
    await world.do(ann, cmd.CloseInteraction(interaction_id=await world.take(ann)))
    await world.sms("+15550101")
    one, two = await resolved(world)
    assert one.conversation_id == two.conversation_id
    assert one.interaction_id != two.interaction_id
    assert await world.state(one.interaction_id) == "closed"


async def test_an_automatic_answer_is_shown_and_wakes_nobody(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.mail(CAROL, proof="dkim", external_id="<a@x>")
    await world.settle()
    work = await world.take(ann)
    await world.do(ann, cmd.ParkInteraction(interaction_id=work))
    await world.mail(CAROL, proof="dkim", references=["<a@x>"], auto="auto-reply")
    await world.settle()
    assert await world.state(work) == "parked"
    await world.do(ann, cmd.CloseInteraction(interaction_id=work))
    await world.mail(CAROL, proof="dkim", references=["<a@x>"], auto="auto-reply")
    assert len(await resolved(world)) == 3
    assert await world.open() == []


async def test_a_bounce_is_a_report_on_our_message(world: World) -> None:
    await world.append(
        ev.ConversationOpened(
            conversation_id="cv_1", channel="email", account_id="ac_mail", identity_id="id_1",
            customer_id="cu_1", likely_customer_id=None, subject_content=None, reply_token="t1",
            related_to=None,
        ),
        ev.MessageQueued(
            message_id="msg_out", channel="email", account_id="ac_mail", conversation_id="cv_1",
            interaction_id=None, customer_id="cu_1", identity_id="id_1", content="ct_none",
            author="user_boss", not_before_at=world.clock.now(), in_reply_to=None, retry_of=None,
        ),
        ev.MessageSending(message_id="msg_out", attempt=1),
    )  # fmt: skip
    await world.store.run(
        lambda u: u.append(
            ev.MessageSent(
                message_id="msg_out",
                reference_content=u.put_json("reference", {"reference": "<out@demo.example>"}),
            ),
            actor="test",
        )
    )
    report = {"reference": "<out@demo.example>", "state": "failed", "code": "5.1.1"}
    await world.mail("mailer-daemon@relay.example", auto="bounce", report=report)
    await world.settle()
    [failed] = await world.log(ev.MessageFailed)
    assert (failed.message_id, failed.code) == ("msg_out", "5.1.1")
    [aside] = await world.log(ev.MessageSetAside)
    assert (aside.rule, aside.about_message_id) == ("report_failed", "msg_out")
    assert await world.open() == []


_WRITES = st.lists(
    st.tuples(
        st.sampled_from(("sms", "mail")),
        st.integers(0, 2),  # who writes
        st.sampled_from(("", "dkim")),
        st.lists(st.integers(0, 7), max_size=2),  # which earlier mails it refers to
        st.sampled_from(("no", "no", "auto-reply")),
        st.integers(0, 9),  # equal keys: the same mail
    ),
    max_size=8,
)


def _normal(facts: list[Any]) -> str:
    """With ids by their first appearance."""
    names: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f"#{len(names)}")

    text = "\n".join(repr(fact) for fact in facts)
    text = re.sub(r"(parsed_content|raw_content)='[^']*'", "", text)
    text = re.sub(r"reply_token='[^']*'", "reply_token", text)
    return re.sub(r"\b[a-z]+_\d+\b", name, text)


async def _correspond(writes: list[Any], *, together: bool) -> str:
    with TemporaryDirectory() as folder:
        async with world_in(Path(folder)) as world:
            for number, (what, who, proof, refers, auto, key) in enumerate(writes):
                if what == "sms":
                    await world.sms(f"+1555010{who}")
                else:
                    await world.mail(
                        f"c{who}@customer.example", proof=proof, external_id=f"<m{number}@x>",
                        references=[f"<m{n}@x>" for n in refers if n < number], auto=auto,
                        key=f"<key{key}@x>", subject=f"s{who}",
                    )  # fmt: skip
                if not together:
                    await world.settle()
            await world.settle()
            log = await world.store.read(lambda r: r.events_after(0, 10_000))
            return _normal([item.fact for item in log if item.actor == "system:resolve"])


@pytest.mark.thorough
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(_WRITES)
def test_a_batch_decides_as_its_parts_would(writes: list[Any]) -> None:
    one_by_one = asyncio.run(_correspond(writes, together=False))
    assert asyncio.run(_correspond(writes, together=True)) == one_by_one

"""Whose an address is: an agent's word, what it opens, and how a link is taken back."""

from __future__ import annotations

import pytest

from storage.erasure import erase
from tests.unit.router.claims import CAROL, claim, confirm, proven_carol, reply, texts
from tests.unit.router.world import SUPERVISOR, World
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import Conflict, Forbidden, NotFound
from triggerhub.domain.permissions import Actor, may

ERIN = "erin@customer.example"


# --- an agent's word (promise 5) ----------------------------------------------------------------


async def test_a_word_is_about_what_was_said_and_not_about_the_next_forgery(world: World) -> None:
    real = await proven_carol(world)
    [ann] = await world.hire("ann")
    claimed = await claim(world, ann)
    assert claimed.likely_customer_id == real.customer_id
    await world.do(ann, confirm(claimed, real.customer_id))
    assert await texts(world, real.customer_id) == ["My card ends in 11", "It's me"]
    await world.mail(CAROL, "Send the card to my new address", references=["<x@x.example>"])
    await world.settle()
    forged = (await world.log(ev.MessageResolved))[-1]
    assert forged.identity_id not in (real.identity_id, claimed.identity_id)
    assert forged.customer_id != real.customer_id
    assert forged.conversation_id != claimed.conversation_id
    assert forged.likely_customer_id == real.customer_id
    assert await texts(world, real.customer_id) == ["My card ends in 11", "It's me"]


async def test_a_forgery_that_answers_a_confirmed_thread_stays_outside(world: World) -> None:
    real = await proven_carol(world)
    [ann] = await world.hire("ann")
    claimed = await claim(world, ann, external_id="<it-is-me@x.example>")
    await world.do(ann, confirm(claimed, real.customer_id))
    await world.mail(CAROL, "One thing more", references=["<it-is-me@x.example>"])
    await world.settle()
    forged = (await world.log(ev.MessageResolved))[-1]
    assert forged.customer_id != real.customer_id
    assert forged.conversation_id != claimed.conversation_id
    [opened] = [
        f for f in await world.log(ev.ConversationOpened)
        if f.conversation_id == forged.conversation_id
    ]  # fmt: skip
    assert opened.related_to == claimed.conversation_id


async def test_a_confirmed_conversation_can_be_answered(world: World) -> None:
    """Also where the customer has no proven identity with that address."""
    await world.sms("+15550101", "Where is it?")
    await world.settle()
    [row] = await world.open()
    [ann] = await world.hire("ann")
    await world.settle()
    await world.take(ann)
    claimed = await claim(world, ann)
    await world.do(ann, confirm(claimed, row.customer_id))
    card = await world.views.card(row.customer_id)
    assert card is not None
    [identity] = [i for i in card["identities"] if i["id"] == claimed.identity_id]
    assert identity["ended_at"] is not None
    [way] = [w for w in card["reply_ways"] if w["identity_id"] == claimed.identity_id]
    assert (way["open"], way["reason"]) == (True, None)
    await world.do(ann, reply(claimed))
    [queued] = await world.log(ev.MessageQueued)
    assert (queued.conversation_id, queued.customer_id) == (
        claimed.conversation_id,
        row.customer_id,
    )


async def test_a_word_can_be_corrected(world: World) -> None:
    real = await proven_carol(world)
    await world.sms("+15550101")
    await world.settle()
    [other] = await world.open()
    [ann] = await world.hire("ann")
    await world.settle()
    await world.take(ann)
    claimed = await claim(world, ann)
    await world.do(ann, confirm(claimed, other.customer_id))
    await world.do(ann, confirm(claimed, real.customer_id))
    assert await texts(world, real.customer_id) == ["My card ends in 11", "It's me"]
    assert await texts(world, other.customer_id) == ["Hello"]


async def test_a_word_opens_nobody_elses_record(world: World) -> None:
    real = await proven_carol(world)
    [ann] = await world.hire("ann", queues=("q_sales",))
    claimed = await claim(world, ann, account="ac_mail2")
    await world.mail("dora@customer.example", "Private", proof="dkim")
    await world.settle()
    foreign = (await world.log(ev.MessageResolved))[-1]
    head = await world.views.head()
    answers = []
    for customer_id in (foreign.customer_id, "cu_404"):
        with pytest.raises(NotFound) as refused:
            await world.do(ann, confirm(claimed, customer_id))
        answers.append(str(refused.value).replace(customer_id, ""))
    assert answers[0] == answers[1]
    assert await world.views.head() == head
    assert not may(ann, "customer.read", await world.views.reach(foreign.customer_id))
    # Whom the work in hand claims to be is in view: that is what the word is for.
    await world.do(ann, confirm(claimed, real.customer_id))


async def test_nobody_gives_away_a_claim_that_is_not_in_their_hands(world: World) -> None:
    await world.sms("+15550101")
    await world.settle()
    [mine] = await world.open()
    [eve] = await world.hire("eve", queues=("q_sales",))
    await world.settle()
    await world.take(eve)
    [ann] = await world.hire("ann", queues=("q_help",))
    claimed = await claim(world, ann)
    with pytest.raises(NotFound):
        await world.do(eve, confirm(claimed, mine.customer_id))
    [bob] = await world.hire("bob", queues=("q_sales", "q_help"), available=False)
    with pytest.raises(Forbidden):
        await world.do(bob, confirm(claimed, mine.customer_id))


# --- every link can be taken back (promise 4) ---------------------------------------------------


async def undo(world: World, actor: Actor, customer_id: str, address: str, by: str) -> str:
    """As a console does: with the version that the customer's card gives. Whose it is now.

    `by`: how that address of the card was linked, or whether it is proven.
    """
    card = await world.views.card(customer_id)
    assert card is not None
    [identity] = [
        i for i in card["identities"]
        if i["address"] == address and i["undo"] and by in (i["link_why"], i["standing"])
    ]  # fmt: skip
    command = cmd.UndoLink(identity_id=identity["id"], version=identity["undo"])
    return str((await world.do(actor, command))["customer_id"])


async def erin_taken_for_carol(world: World, ann: Actor) -> tuple[str, ev.MessageResolved]:
    """(Carol's id, Erin's first mail): an agent's wrong word, and Erin's answer to our reply."""
    real = await proven_carol(world)
    await world.sms("+15550101", "Hello")
    await world.mail(ERIN, "I am new here")
    await world.settle()
    claimed = (await world.log(ev.MessageResolved))[-1]
    assert isinstance(claimed, ev.MessageResolved)
    await world.do(SUPERVISOR, confirm(claimed, real.customer_id))
    await world.do(
        SUPERVISOR, cmd.AssignInteraction(interaction_id=claimed.interaction_id, agent_id=ann.id)
    )
    [row] = await world.store.read(lambda r: r.conversations([claimed.conversation_id]))
    await world.mail(ERIN, "Thanks for asking", tokens=[row.reply_token])
    await world.settle()
    assert await texts(world, real.customer_id) == [
        "My card ends in 11", "I am new here", "Thanks for asking",
    ]  # fmt: skip
    return real.customer_id, claimed


async def test_a_wrong_word_is_taken_back_with_what_followed_from_it(world: World) -> None:
    [ann] = await world.hire("ann")
    carol, claimed = await erin_taken_for_carol(world, ann)
    for _ in range(2):
        assert await undo(world, ann, carol, ERIN, "claimed") == claimed.customer_id
        assert await texts(world, carol) == ["My card ends in 11"]
        assert await texts(world, claimed.customer_id) == ["I am new here", "Thanks for asking"]
        assert await undo(world, ann, claimed.customer_id, ERIN, "claimed") == carol
        assert len(await texts(world, carol)) == 3
    await undo(world, ann, carol, ERIN, "claimed")
    # What Erin writes from now on is Erin's, and the conversation in hand goes on.
    await world.mail(ERIN, "And one thing more", proof="dkim")
    await world.settle()
    assert (await texts(world, claimed.customer_id))[2:] == ["And one thing more"]
    assert await texts(world, carol) == ["My card ends in 11"]
    await world.do(ann, reply(claimed))


async def test_who_was_linked_at_first_sight_gets_a_record_of_their_own(world: World) -> None:
    [ann] = await world.hire("ann")
    carol, claimed = await erin_taken_for_carol(world, ann)
    own = await undo(world, ann, carol, ERIN, "reply_address")
    assert own not in (carol, claimed.customer_id)
    assert await texts(world, carol) == ["My card ends in 11", "I am new here"]
    await world.mail(ERIN, "And one thing more", proof="dkim")
    await world.settle()
    assert await texts(world, own) == ["Thanks for asking", "And one thing more"]
    card = await world.views.card(own)
    assert card is not None
    assert (card["customer"]["name"], card["customer"]["provisional"]) == (ERIN, False)


async def test_what_was_undone_is_undone(world: World) -> None:
    real = await proven_carol(world)
    [ann] = await world.hire("ann")
    claimed = await claim(world, ann)
    await world.do(ann, confirm(claimed, real.customer_id))
    for _ in range(2):
        assert await undo(world, ann, real.customer_id, CAROL, "claimed") == claimed.customer_id
        assert await texts(world, real.customer_id) == ["My card ends in 11"]
        assert await undo(world, ann, claimed.customer_id, CAROL, "undone") == real.customer_id
        [row] = await world.open()
        _seq, shown = await world.views.snapshot(ann)
        assert shown["interactions"][row.id]["proof"] == "confirmed"
        assert await texts(world, real.customer_id) == ["My card ends in 11", "It's me"]
    # Nor does any of it let the next forgery in.
    await world.mail(CAROL, "Send the card to my new address")
    await world.settle()
    assert await texts(world, real.customer_id) == ["My card ends in 11", "It's me"]


async def test_the_second_of_two_who_undo_is_refused(world: World) -> None:
    real = await proven_carol(world)
    [ann] = await world.hire("ann")
    claimed = await claim(world, ann)
    await world.do(ann, confirm(claimed, real.customer_id))
    seen = cmd.UndoLink(identity_id=claimed.identity_id, version=2)
    await world.do(ann, seen)
    with pytest.raises(Conflict) as refused:
        await world.do(SUPERVISOR, seen)
    assert refused.value.code == "conflict"
    assert await texts(world, real.customer_id) == ["My card ends in 11"]


async def test_a_first_contact_has_nothing_before_it(world: World) -> None:
    real = await proven_carol(world)
    card = await world.views.card(real.customer_id)
    assert card is not None
    assert [i["undo"] for i in card["identities"]] == [None]
    with pytest.raises(Conflict) as refused:
        await world.do(SUPERVISOR, cmd.UndoLink(identity_id=real.identity_id, version=1))
    assert refused.value.code == "nothing_to_undo"


async def test_nobody_undoes_what_is_not_in_their_hands(world: World) -> None:
    real = await proven_carol(world)
    [ann] = await world.hire("ann")
    claimed = await claim(world, ann)
    await world.do(ann, confirm(claimed, real.customer_id))
    seen = cmd.UndoLink(identity_id=claimed.identity_id, version=2)
    [bob] = await world.hire("bob", available=False)
    with pytest.raises(Forbidden):
        await world.do(bob, seen)
    [eve] = await world.hire("eve", queues=("q_sales",), available=False)
    with pytest.raises(NotFound):
        await world.do(eve, seen)
    with pytest.raises(NotFound):
        await world.do(ann, cmd.UndoLink(identity_id="id_404", version=1))


async def test_only_what_followed_from_a_word_goes_with_it(world: World) -> None:
    """Not an address that was proven long before a forger was taken for its holder."""
    [ann] = await world.hire("ann")
    carol, _claimed = await erin_taken_for_carol(world, ann)
    await world.mail(ERIN, "Send it elsewhere")
    await world.settle()
    forged = (await world.log(ev.MessageResolved))[-1]
    await world.do(SUPERVISOR, confirm(forged, carol))
    await world.do(SUPERVISOR, cmd.UndoLink(identity_id=forged.identity_id, version=2))
    assert await texts(world, carol) == [
        "My card ends in 11", "I am new here", "Thanks for asking",
    ]  # fmt: skip
    await world.mail(ERIN, "Really me", proof="dkim")
    await world.settle()
    assert (await texts(world, carol))[-1] == "Really me"


async def test_undoing_opens_no_record_that_is_out_of_reach(world: World) -> None:
    [ann] = await world.hire("ann", queues=("q_help",))
    carol, claimed = await erin_taken_for_carol(world, ann)
    await undo(world, SUPERVISOR, carol, ERIN, "claimed")
    for row in await world.open():
        await world.do(SUPERVISOR, cmd.CloseInteraction(interaction_id=row.id))
    [eve] = await world.hire("eve", queues=("q_sales",))
    await world.mail(ERIN, "Something for sales", proof="dkim", account="ac_mail2")
    await world.settle()
    await world.take(eve)
    assert not may(eve, "customer.read", await world.views.reach(carol))
    with pytest.raises(NotFound):
        await undo(world, eve, claimed.customer_id, ERIN, "claimed")
    assert await texts(world, carol) == ["My card ends in 11"]


async def test_of_two_words_the_first_is_a_word_again(world: World) -> None:
    real = await proven_carol(world)
    await world.sms("+15550101", "Hello")
    await world.settle()
    [other] = await world.open()
    await world.mail(CAROL, "It's me")
    await world.settle()
    claimed = (await world.log(ev.MessageResolved))[-1]
    await world.do(SUPERVISOR, confirm(claimed, real.customer_id))
    await world.do(SUPERVISOR, confirm(claimed, other.customer_id))
    assert await undo(world, SUPERVISOR, other.customer_id, CAROL, "agent") == real.customer_id
    rows = await world.views.rows({"interactions": [claimed.interaction_id]})
    assert rows["interactions"][claimed.interaction_id]["proof"] == "confirmed"


async def test_nothing_goes_back_to_who_was_erased_meanwhile(world: World) -> None:
    real = await proven_carol(world)
    [ann] = await world.hire("ann")
    claimed = await claim(world, ann)
    await world.do(ann, confirm(claimed, real.customer_id))
    await erase(world.store, claimed.customer_id, actor="admin:test")
    own = await undo(world, ann, real.customer_id, CAROL, "claimed")
    assert own not in (real.customer_id, claimed.customer_id)
    assert await texts(world, own) == ["It's me"]

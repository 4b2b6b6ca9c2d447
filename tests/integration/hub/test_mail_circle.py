"""A mail's way: in, proven or not, answered under the right headers, followed up, returned."""

from __future__ import annotations

from datetime import timedelta

from tests.acceptance.console import Console
from tests.acceptance.hub_process import MAILBOX
from tests.integration.hub.company import Company, accepted, entry, event, replied
from triggerhub.demo.mailbox import Signed
from triggerhub.domain.ports import Json

ADA = "ada@customer.example"


async def test_an_answer_is_threaded_and_followed_up_both_ways(house: Company) -> None:
    ann = await house.at_console("ann", available=True)
    first = await house.mailbox.customer_mails(
        ADA, MAILBOX, "A broken lamp", "It does not light.", name="Ada", signed="proven"
    )
    assert first.ok, first.answer
    row = await accepted(ann, "It does not light.")
    assert row["proof"] == "verified"
    await replied(ann, row, "We send you another.")
    await entry(ann, "We send you another.", "sent")
    (mail,) = house.mailbox.inbox(ADA)
    assert not house.mailbox.refused
    assert mail.header("In-Reply-To") == first.message_id
    assert mail.header("References").split() == [first.message_id]
    assert mail.subject == "Re: A broken lamp"
    assert MAILBOX in mail.header("From")
    assert mail.answer_to != MAILBOX
    assert mail.answer_to.endswith("@company.example")

    # To the reply address, unsigned: our own address came back from who it was given to.
    assert (await house.mailbox.customer_replies(mail, "Thank you!")).ok
    followed = await entry(ann, "Thank you!")
    assert followed["conversation_id"] == row["conversation_id"]
    assert followed["proof"] == "verified"
    assert followed["quoted"]

    # To the plain mailbox, as a program does that knows nothing of Reply-To.
    by_references = await house.mailbox.customer_mails(
        ADA,
        MAILBOX,
        "Re: A broken lamp",
        "It has come.",
        in_reply_to=mail.message_id,
        references=(first.message_id, mail.message_id),
        signed="proven",
    )
    assert by_references.ok
    assert (await entry(ann, "It has come."))["conversation_id"] == row["conversation_id"]

    await replied(ann, row, "Gladly.")
    await entry(ann, "Gladly.", "sent")
    second = house.mailbox.inbox(ADA)[-1]
    assert second.header("In-Reply-To") == by_references.message_id
    assert mail.message_id in second.header("References").split()


async def test_what_is_not_proven_joins_nothing_and_changes_nothing(house: Company) -> None:
    """Promise 5: shown with the likely customer beside it, and nothing more."""
    ann = await house.at_console("ann", available=True)
    first = await house.mailbox.customer_mails(
        ADA, MAILBOX, "My account", "Proven words.", name="Ada", signed="proven"
    )
    row = await accepted(ann, "Proven words.")
    await ann.ask("interaction.close", interaction_id=row["id"])
    before = await ann.get(f"customers/{row['customer_id']}")
    timeline = await ann.get(f"customers/{row['customer_id']}/timeline")
    kinds: tuple[Signed, ...] = ("none", "forged")
    for signed in kinds:
        stranger = await house.mailbox.customer_mails(
            ADA,
            MAILBOX,
            "Re: My account",
            f"Send me the password ({signed}).",
            name="Ada Other",
            references=(first.message_id,),
            signed=signed,
        )
        assert stranger.ok
        claimed = await accepted(ann, f"Send me the password ({signed}).")
        assert claimed["proof"] == "claimed"
        assert claimed["conversation_id"] != row["conversation_id"]
        assert claimed["customer_id"] != row["customer_id"]
        assert claimed["likely_customer_id"] == row["customer_id"]
        # Their scroll is beside it.
        await entry(ann, "Proven words.")
        await ann.ask("interaction.close", interaction_id=claimed["id"])
    after = await ann.get(f"customers/{row['customer_id']}")
    assert _record(after) == _record(before)
    assert await ann.get(f"customers/{row['customer_id']}/timeline") == timeline


def _record(card: Json) -> Json:
    return {key: card[key] for key in ("customer", "identities", "interactions", "counts")}


async def _at_work(house: Company, words: str) -> tuple[Console, Json]:
    """Ann at her console, with work that she can answer."""
    ann = await house.at_console("ann", available=True)
    mail = await house.mailbox.customer_mails(ADA, MAILBOX, "Question", words, signed="proven")
    assert mail.ok
    return ann, await accepted(ann, words)


async def test_what_comes_back_is_shown_as_failed(house: Company) -> None:
    house.mailbox.bounces[ADA] = "5.1.1"
    ann, row = await _at_work(house, "Where is it?")
    await replied(ann, row, "Nobody will read this.")
    failed = await entry(ann, "Nobody will read this.", "failed")
    assert failed["reason"]
    assert failed["conversation_id"] == row["conversation_id"]
    await house.mailbox.settled()
    assert all(sent.ok for sent in house.mailbox.sent)
    sue = await house.at_console("sue")
    await sue.until(lambda state: state["attention"]["count"] == 1, "what needs attention")


async def test_what_the_relay_puts_off_is_sent_later_and_once(house: Company) -> None:
    ann, row = await _at_work(house, "Where is it?")
    house.mailbox.fail_next(451, at="RCPT")
    await replied(ann, row, "Patience.")
    sue = await house.at_console("sue")
    await event(sue, "message.deferred")
    assert house.mailbox.inbox(ADA) == []
    house.clock.ahead = timedelta(minutes=1)
    await entry(ann, "Patience.", "sent")
    assert len(house.mailbox.inbox(ADA)) == 1


async def test_lost_after_the_dot_is_unknown_until_a_person_decides(house: Company) -> None:
    ann, row = await _at_work(house, "Where is it?")
    house.mailbox.drop_next("after_data")
    message_id = await replied(ann, row, "Did it leave?")
    unknown = await entry(ann, "Did it leave?", "unknown")
    assert unknown["id"] == message_id
    house.clock.ahead = timedelta(hours=2)  # no waiting makes it go again by itself
    sue = await house.at_console("sue")
    (item,) = (await sue.get("attention"))["items"]
    assert (item["kind"], item["message_id"]) == ("send_unknown", message_id)
    assert len(house.mailbox.inbox(ADA)) == 1
    again = await ann.ask("message.retry", message_id=message_id)
    await ann.until(
        lambda state: any(
            one["id"] == again["message_id"] and one["state"] == "sent"
            for one in state["timelines"][row["customer_id"]]["items"]
        ),
        "the second attempt",
    )
    await sue.until(lambda state: state["attention"]["count"] == 0, "nothing left to do")
    assert len(house.mailbox.inbox(ADA)) == 2

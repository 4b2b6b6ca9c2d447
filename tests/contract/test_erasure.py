"""A person is erased: nothing personal is left on the disk, the log and its fold stay whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from storage.erasure import erase
from storage.rebuild import rebuild
from tests.contract.houses import House
from tests.unit.router.world import SUPERVISOR, World, world_on
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev
from triggerhub.domain.errors import NotFound

SECRETS = ("wang@customer.example", "王小明", "Zweibrücken", "attached-words", "careful-note",
           "wang.home@elsewhere.example", "my-answer", "订单", "vip-tag", "Acme")  # fmt: skip


@pytest.fixture
async def world(house: House) -> AsyncIterator[World]:
    async with world_on(house) as made:
        yield made


async def lived(world: World) -> str:
    """A mail with an attachment and a large one, an answer, a note, a profile; the customer."""
    [ann] = await world.hire("ann", queues=("q_help",))
    await world.mail(
        "wang@customer.example", "I live in Zweibrücken " + "x" * 200_000, subject="订单",
        name="王小明", proof="dkim", reply_to="wang.home@elsewhere.example",
        attachments={"a.txt": "attached-words", "b.txt": "y" * 99_999},
    )  # fmt: skip
    await world.settle()
    work = await world.take(ann)
    [row] = [r for r in await world.open() if r.id == work]
    await world.do(
        ann,
        cmd.SendMessage(
            interaction_id=work, channel="email", account_id="ac_mail",
            identity_id=row.identity_id, text="my-answer",
        ),
    )  # fmt: skip
    await world.do(ann, cmd.AddNote(conversation_id=row.conversation_id, text="careful-note"))
    await world.do(
        ann,
        cmd.UpdateCustomer(
            customer_id=row.customer_id, name="王小明 Acme", company="Acme", tags=("vip-tag",)
        ),
    )
    return str(row.customer_id)


def on_disk(house: House) -> bytes:
    return b"".join(path.read_bytes() for path in house.folder.rglob("*") if path.is_file())


async def test_nothing_is_left_of_a_person(world: World, house: House) -> None:
    customer_id = await lived(world)
    await world.sms("+15550102", "Somebody else stays")
    await world.settle()
    done = await erase(world.store, customer_id, actor="admin:test")
    assert done.contents >= 8
    assert done.clean
    if house.database().dialect == "sqlite":
        left = on_disk(house)
        assert [word for word in SECRETS if word.encode() in left] == []
        assert b"Somebody else stays" in left
    card = await world.views.card(customer_id)
    assert card is not None
    assert card["customer"]["name"] == ""
    page = await world.views.timeline(customer_id, before=None, limit=50)
    assert {item["text"] for item in page["items"] if item["kind"] != "system"} == {""}
    assert all(item["erased"] for item in page["items"] if item["kind"] != "system")
    found = await world.views.customers("wang", viewer=SUPERVISOR, after=None, limit=5)
    assert found["items"] == []
    assert await world.store.read(lambda r: r.outbox_in("queued", 9)) == []
    assert [f.customer_id for f in await world.log(ev.ErasureDone)] == [customer_id]


async def test_no_message_id_leads_to_an_erased_thread(world: World) -> None:
    """The ids name the sender's host and server; and who answers one of them is somebody new."""
    await world.mail("wang@customer.example", "One", proof="dkim", external_id="<1@wang.example>")
    await world.mail("li@customer.example", "Stays", proof="dkim", external_id="<2@li.example>")
    await world.settle()
    [found] = (await world.views.customers("wang@", viewer=SUPERVISOR, after=None, limit=5))[
        "items"
    ]
    named = ("<1@wang.example>", "<2@li.example>", "key:<1@wang.example>")
    before = await world.store.read(lambda r: r.threads(named))
    assert before.keys() >= {"<1@wang.example>", "<2@li.example>"}
    await erase(world.store, found["id"], actor="admin:test")
    assert (await world.store.read(lambda r: r.threads(named))).keys() == {"<2@li.example>"}


async def test_the_fold_of_the_log_gives_the_same_afterwards(world: World, house: House) -> None:
    customer_id = await lived(world)
    await erase(world.store, customer_id, actor="admin:test")
    world.clock.advance(timedelta(minutes=1))
    await world.mail("wang@customer.example", "Me again", name="王小明", proof="dkim")
    await world.settle()
    report = await asyncio.to_thread(rebuild, house.database(), world.store.kit)
    assert report.differences == ()
    [again] = (await world.views.customers("wang@", viewer=SUPERVISOR, after=None, limit=5))[
        "items"
    ]
    assert again["id"] != customer_id, "who writes again is somebody new"


async def test_twice_is_once_and_nobody_is_nobody(world: World) -> None:
    customer_id = await lived(world)
    await erase(world.store, customer_id, actor="admin:test")
    assert (await erase(world.store, customer_id, actor="admin:test")).contents == 0
    with pytest.raises(NotFound):
        await erase(world.store, "cu_404", actor="admin:test")


async def folds_alike(world: World, house: House) -> None:
    report = await asyncio.to_thread(rebuild, house.database(), world.store.kit)
    assert report.differences == ()


async def texts(world: World, customer_id: str) -> list[str]:
    page = await world.views.timeline(customer_id, before=None, limit=50)
    return [item["text"] for item in page["items"] if item["kind"] != "system"]


async def conversations(world: World) -> list[ev.ConversationOpened]:
    return list(await world.log(ev.ConversationOpened))


async def pieces(world: World, word: str) -> int:
    """How many pieces of content beside the log hold this word."""
    rows = await world.store.read(
        lambda r: r.connection.all("SELECT body FROM content WHERE body IS NOT NULL")
    )
    return sum(word.encode() in bytes(row[0]) for row in rows)


async def test_who_only_claims_to_be_the_person_is_somebody_else(
    world: World, house: House
) -> None:
    await world.mail("vera@customer.example", "Really me", subject="One", proof="dkim")
    await world.settle()
    await world.mail("vera@customer.example", "Forged", subject="Two")
    await world.settle()
    real, forged = await conversations(world)
    assert forged.likely_customer_id == real.customer_id
    await erase(world.store, real.customer_id, actor="admin:test")
    assert await texts(world, real.customer_id) == [""]
    assert await texts(world, forged.customer_id) == ["Forged"]
    assert await pieces(world, "Forged") == 2, "what was delivered, and what was read in it"
    await folds_alike(world, house)


async def test_who_writes_to_the_persons_thread_keeps_their_own(world: World, house: House) -> None:
    await world.mail("eve@customer.example", "Mine", subject="One", proof="dkim")
    await world.settle()
    [theirs] = await conversations(world)
    await world.mail(
        "stranger@customer.example", "Beside it", subject="Two", proof="dkim",
        tokens=[theirs.reply_token],
    )  # fmt: skip
    await world.settle()
    _, beside = await conversations(world)
    assert beside.related_to == theirs.conversation_id
    await erase(world.store, theirs.customer_id, actor="admin:test")
    assert await texts(world, beside.customer_id) == ["Beside it"]
    assert await pieces(world, "Two") == 3
    await folds_alike(world, house)


async def answered(world: World, text: str) -> tuple[str, str]:
    """(customer, our message to them, sent); the customer wrote a mail."""
    [ann] = await world.hire("ann", queues=("q_help",))
    await world.mail("wang@customer.example", "A question", subject="Ask", proof="dkim")
    await world.settle()
    work = await world.take(ann)
    [row] = [r for r in await world.open() if r.id == work]
    sent = await world.do(
        ann,
        cmd.SendMessage(
            interaction_id=work, channel="email", account_id="ac_mail",
            identity_id=row.identity_id, text=text,
        ),
    )  # fmt: skip
    message_id = str(sent["message_id"])
    reference = await world.store.run(
        lambda unit: unit.put_json("reference", {"reference": "ref-1"})
    )
    await world.append(
        ev.MessageSending(message_id=message_id, attempt=1),
        ev.MessageSent(message_id=message_id, reference_content=reference),
    )
    return str(row.customer_id), message_id


async def test_a_returned_mail_goes_with_whom_it_could_not_reach(
    world: World, house: House
) -> None:
    customer_id, _ = await answered(world, "our-words")
    await world.mail(
        "mailer-daemon@customer.example", "to wang@customer.example: our-words", auto="bounce",
        report={"reference": "ref-1", "state": "failed", "reason": "no such mailbox"},
        attachments={"original.eml": "our-words"},
    )  # fmt: skip
    await world.settle()
    assert await world.log(ev.MessageSetAside)
    await erase(world.store, customer_id, actor="admin:test")
    assert await pieces(world, "our-words") == 0
    assert await pieces(world, "wang@customer.example") == 0
    await folds_alike(world, house)


async def test_a_report_that_was_no_news_goes_too(world: World, house: House) -> None:
    customer_id, message_id = await answered(world, "our-words")
    await world.report("ref-1", "sent", message_id=message_id)
    await world.settle()
    [aside] = await world.log(ev.StatusSetAside)
    assert aside.rule == "not_news"
    await erase(world.store, customer_id, actor="admin:test")
    assert await pieces(world, "ref-1") == 0
    await folds_alike(world, house)


async def test_whom_an_agent_found_to_be_the_person_goes_with_them(
    world: World, house: House
) -> None:
    await world.mail("vera@customer.example", "Proven", name="Vera", proof="dkim")
    await world.mail("vera@customer.example", "Unproven", name="Vera the claimed")
    await world.mail("other@customer.example", "Unconcerned", name="Other")
    await world.settle()
    real, claimed, other = await conversations(world)
    await world.do(
        SUPERVISOR,
        cmd.ConfirmIdentity(identity_id=claimed.identity_id, customer_id=real.customer_id),
    )
    await erase(world.store, real.customer_id, actor="admin:test")
    for word in ("Proven", "Unproven", "Vera"):
        assert await pieces(world, word) == 0
    shell = await world.views.card(claimed.customer_id)
    assert shell is not None
    assert shell["customer"]["name"] == ""
    assert await texts(world, other.customer_id) == ["Unconcerned"]
    await folds_alike(world, house)


async def test_words_in_work_that_a_namesake_began_are_taken_too(
    world: World, house: House
) -> None:
    await world.mail("vera@customer.example", "Forged")
    await world.settle()
    [forged] = await conversations(world)
    await world.mail(
        "vera@customer.example", "My own words", proof="dkim", tokens=[forged.reply_token]
    )
    await world.settle()
    assert len(await conversations(world)) == 1
    real = (await world.log(ev.MessageResolved))[1]
    assert real.customer_id != forged.customer_id
    await erase(world.store, real.customer_id, actor="admin:test")
    assert await texts(world, forged.customer_id) == ["Forged"]
    assert await pieces(world, "My own words") == 0
    await folds_alike(world, house)

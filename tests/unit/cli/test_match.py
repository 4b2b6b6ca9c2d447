"""`match`: whom a sender would be taken for, as what decides about messages says, and no write."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from storage import erasure
from tests.contract.houses import MASTER
from tests.unit.cli.test_cli import _surroundings, call
from tests.unit.router.world import MANY, SUPERVISOR, World, world_in
from triggerhub.cli.matching import matched
from triggerhub.domain import commands as cmd
from triggerhub.domain import events as ev

__all__ = ["_surroundings"]  # a fixture for every test here
NUMBER, CAROL = "+447700900123", "carol@customer.example"
BOOKS = "bücher@bücher.example"
MADE = (ev.CustomerCreated, ev.IdentityAdded, ev.ConversationOpened, ev.InteractionCreated)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_in(tmp_path / "world") as made:
        await made.append(
            ev.HubConfigured(
                name="Demo", timezone="UTC", default_region="GB", language="en"
            ),
            ev.AccountConfigured(
                account_id="ac_wa", channel="whatsapp", name="ac_wa", addresses=("+15550199",),
                queue_id="q_sales", options={}, secret_content=None, managed_by="test",
            ),
        )  # fmt: skip
        yield made


async def match(world: World, *addresses: str, channel: str | None = None) -> list[dict[str, Any]]:
    """The lines; nothing was written for them."""
    look = partial(matched, addresses=addresses, channel=channel, now=world.clock.now())
    before = await world.views.head()
    lines = await world.store.read(look)
    assert await world.views.head() == before
    assert [line["address"] for line in lines] == list(addresses)
    return lines


async def resolved(world: World) -> list[ev.MessageResolved]:
    await world.settle()
    return await world.log(ev.MessageResolved)


async def test_a_known_number_in_several_spellings(world: World) -> None:
    await world.sms(NUMBER, name="Dan")
    [was] = await resolved(world)
    spellings = (
        NUMBER, "+44 7700 900123", "+44 (0)7700 900-123", "07700 900123", "7700900123",
        "0044 7700 900123", " 07700.900.123\t", "０７７００ ９００１２３",
    )  # fmt: skip
    for line in await match(world, *spellings):
        assert line | {"address": ""} == {
            "address": "",
            "channel": "sms",
            "normalised": NUMBER,
            "customer_id": was.customer_id,
            "name": "Dan",
            "identity_id": was.identity_id,
            "standing": "verified",
            "why": "signature",
            "link_why": "first_contact",
            "accounts": [
                {
                    "account_id": "ac_sms",
                    "account": "ac_sms",
                    "rule": "sender",
                    "conversation_id": was.conversation_id,
                    "interaction_id": was.interaction_id,
                    "state": "queued",
                    "opted_out": False,
                }
            ],
            "unproven": None,
            "problems": [],
        }


async def test_one_number_is_one_customer_with_a_thread_of_its_own_on_whatsapp(
    world: World,
) -> None:
    await world.sms(NUMBER)
    [was] = await resolved(world)
    lines = await match(world, f"whatsapp:{NUMBER}", "whatsapp:07700 900123")
    lines += await match(world, "07700 900123", f"whatsapp:{NUMBER}", channel="whatsapp")
    for line in lines:
        assert (line["channel"], line["normalised"]) == ("whatsapp", NUMBER)
        assert line["customer_id"] == was.customer_id
        [at] = line["accounts"]
        assert (at["account"], at["rule"], at["conversation_id"]) == ("ac_wa", "new", None)


async def test_what_is_foreseen_comes_true(world: World) -> None:
    """Of senders in every standing: then they write, and it is as it was said."""
    [ann] = await world.hire("ann")
    await world.sms("+15550101")
    await world.settle()
    mine = await world.take(ann)
    await world.do(ann, cmd.CloseInteraction(interaction_id=mine))
    await world.sms("+15550102", consent="stop")
    await world.mail(CAROL, proof="dkim")
    await world.mail(CAROL)
    await world.mail(BOOKS)
    await resolved(world)
    for sender in ("+15550101", "+15550102", "+15550103", CAROL, BOOKS, "new@customer.example"):
        for proof in ("dkim", "") if "@" in sender else ("signature",):
            [line] = await match(world, sender)
            said = line if proof else line["unproven"]
            [at, *_] = line["accounts"]
            before = [len(await world.log(made)) for made in MADE]
            await (world.mail if "@" in sender else world.sms)(line["normalised"], proof=proof)
            was = (await resolved(world))[-1]
            after = [len(await world.log(made)) for made in MADE]
            came = (was.customer_id, was.identity_id, was.conversation_id, was.interaction_id)
            assert (
                said["customer_id"], said["identity_id"], at["conversation_id"],
                at["interaction_id"],
            ) == tuple(
                known if new == old else None
                for known, new, old in zip(came, after, before, strict=True)
            ), sender  # fmt: skip
            assert at["rule"] == was.rule
            assert at["opted_out"] is (sender == "+15550102")
            if not proof:
                assert said["likely_customer_id"] == was.likely_customer_id


async def test_closed_work_is_not_joined_and_its_conversation_is(world: World) -> None:
    [ann] = await world.hire("ann")
    await world.sms(NUMBER)
    [was] = await resolved(world)
    await world.take(ann)
    [line] = await match(world, NUMBER)
    assert line["accounts"][0]["state"] == "active"
    await world.do(ann, cmd.CloseInteraction(interaction_id=was.interaction_id))
    [at] = (await match(world, NUMBER))[0]["accounts"]
    assert (at["conversation_id"], at["interaction_id"], at["state"]) == (
        was.conversation_id, None, None,
    )  # fmt: skip


async def test_a_mailbox_in_several_spellings(world: World) -> None:
    await world.mail(CAROL, proof="dkim", name="Carol")
    await world.mail("bücher@xn--bcher-kva.example", proof="dkim", name="Books")
    carol, books = await resolved(world)
    lines = await match(
        world, "Carol@Customer.EXAMPLE", "Somebody <CAROL@customer.example>",
        "mailto:carol@customer.example.", "Bu\u0308cher@BÜCHER.example",
    )  # fmt: skip
    assert [line["customer_id"] for line in lines] == [carol.customer_id] * 3 + [books.customer_id]
    assert [line["name"] for line in lines] == ["Carol"] * 3 + ["Books"]
    assert lines[-1]["normalised"] == "bücher@xn--bcher-kva.example"
    for line in lines:
        assert (line["channel"], line["why"], line["problems"]) == ("email", "dkim", [])
        assert {(at["account"], at["rule"]) for at in line["accounts"]} == {
            ("ac_mail", "new"), ("ac_mail2", "new"),
        }  # fmt: skip


async def test_who_is_not_proven_is_kept_apart(world: World) -> None:
    await world.mail(CAROL, proof="dkim")
    await world.mail(CAROL)
    proven, claim = await resolved(world)
    [line] = await match(world, CAROL)
    assert (line["customer_id"], line["standing"]) == (proven.customer_id, "verified")
    unproven = line["unproven"]
    assert (unproven["customer_id"], unproven["standing"]) == (claim.customer_id, "claimed")
    assert (unproven["why"], unproven["link_why"]) == ("not_proven", "first_contact")
    assert unproven["likely_customer_id"] == proven.customer_id
    # The word of somebody who may say so ends the claim: the next one is a claim of its own.
    await world.do(
        SUPERVISOR,
        cmd.ConfirmIdentity(identity_id=claim.identity_id, customer_id=proven.customer_id),
    )
    unproven = (await match(world, CAROL))[0]["unproven"]
    assert unproven["customer_id"] is None
    assert unproven["likely_customer_id"] == proven.customer_id


async def test_who_was_erased_is_a_stranger(world: World) -> None:
    await world.sms(NUMBER, name="Dan")
    [was] = await resolved(world)
    await erasure.erase(world.store, was.customer_id, actor="test")
    line, erased, nobody = await match(
        world, NUMBER, f"erased:{was.identity_id}", f"unknown:{was.message_id}"
    )
    assert (line["normalised"], line["customer_id"], line["name"]) == (NUMBER, None, "")
    assert line["accounts"][0]["conversation_id"] is None
    for gone in (erased, nobody):
        assert (gone["normalised"], gone["customer_id"]) == (None, None)
        assert "erased" in gone["problems"][0]


@pytest.mark.parametrize("channel", [None, "email", "sms", "whatsapp"])
async def test_nonsense_is_said(world: World, channel: str | None) -> None:
    await world.sms(NUMBER)
    await resolved(world)
    nonsense = (
        "", " ", "@", "@@", "carol@", "@customer.example", "a@b@c.example", "no one", "1", "+",
        "<>", "9" * 400, "x" * 100_000, "+44 7700 900123 ext 4", "\udcff\udcfe", "☎", "a\nb", "%",
    )  # fmt: skip
    look = partial(matched, addresses=nonsense, channel=channel, now=world.clock.now())
    lines = await world.store.read(look)
    assert len(lines) == len(nonsense)
    for line, written in zip(lines, nonsense, strict=True):
        assert (line["customer_id"], line["name"], line["standing"]) == (None, "", None)
        assert line["problems"] or (channel == "email" and line["normalised"]), (written, line)
        json.dumps(line, ensure_ascii=False).encode()


async def test_a_sender_who_is_no_number(world: World) -> None:
    [short] = await match(world, "50123")
    assert (short["channel"], short["normalised"]) == ("sms", "50123")
    [name] = await match(world, "Parcels", channel="sms")
    assert name["normalised"] == "Parcels"
    assert short["problems"] == name["problems"] == ["sender_cannot_be_answered"]
    [word] = await match(world, "Parcels")
    assert (word["channel"], word["normalised"]) == (None, None)


async def test_without_an_account_there_is_still_a_customer(world: World) -> None:
    await world.sms(NUMBER)
    [was] = await resolved(world)
    await world.append(ev.AccountRemoved(account_id="ac_sms"))
    [line] = await match(world, NUMBER)
    assert (line["customer_id"], line["accounts"]) == (was.customer_id, [])


@pytest.mark.thorough
async def test_a_real_command_line_beside_a_running_hub(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long list, longer than one read, with bytes that aren't text."""
    await world.sms(NUMBER, name="丹")
    [was] = await resolved(world)
    monkeypatch.setenv("TRIGGERHUB_DATABASE_URL", world.house.url)
    monkeypatch.setenv("TRIGGERHUB_MASTER_KEY", MASTER.decode())
    many = [f"+1555{number:07}" for number in range(500)]
    held = asyncio.create_task(world.pass_time(seconds=1))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from triggerhub.cli import main; main()", "match",
        *many, b"\xff\xfe", "07700 900123", "nobody",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    await held
    assert (process.returncode, err) == (0, b"")
    lines = [json.loads(line) for line in out.decode().splitlines()]
    assert [line["address"] for line in lines[:500]] == many
    assert {line["customer_id"] for line in lines[:500]} == {None}
    bytes_, known, word = lines[500:]
    assert bytes_["address"] == "\ufffd\ufffd"
    assert (known["customer_id"], known["name"]) == (was.customer_id, "丹")
    assert bytes_["problems"] == word["problems"] == ["address: neither a mailbox nor a number"]
    assert (
        len(await world.store.read(lambda r: r.events_after(0, MANY))) == await world.views.head()
    )


def test_the_command_refuses_what_it_cannot_ask() -> None:
    assert call("match").exit_code == 2
    fax = call("match", "1", "--channel", "fax")
    assert (fax.exit_code, "email, sms, whatsapp" in fax.output) == (2, True)
    before = call("match", NUMBER)
    assert (before.exit_code, before.stdout) == (1, "")
    assert "triggerhub init" in before.stderr

"""From a parsed mail to the domain's message: nothing lost, nothing believed that isn't proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from channels.email.adapter import EmailChannel
from channels.email.compose import ComposedMail, compose
from channels.email.parse import ParsedMail, parse
from config.seed import EmailAccountSeed, EmailSeed, Seed
from tests.unit.email_io.messages import ACCOUNT, REPLIES, outbound
from triggerhub.domain.errors import Rejected
from triggerhub.domain.model.message import (
    Address,
    Attachment,
    InboundMessage,
    SendOutcome,
)
from triggerhub.domain.ports import Channel
from triggerhub.seeding import accounts


class PlainParser:
    async def parse(self, raw: bytes) -> ParsedMail:
        return parse(raw)


class ToldProof:
    def __init__(self, proof: str = "") -> None:
        self.proof = proof
        self.asked: list[str] = []

    async def prove(
        self,
        raw: bytes,
        author: str,
        envelope: Mapping[str, str],
        authentication_results: tuple[str, ...],
    ) -> str:
        self.asked.append(author)
        return self.proof


class KeptRelay:
    def __init__(self) -> None:
        self.mails: list[ComposedMail] = []

    async def send(self, mail: ComposedMail) -> SendOutcome:
        self.mails.append(mail)
        return SendOutcome(reference=mail.message_id)


def channel(proof: ToldProof | None = None, relay: KeptRelay | None = None) -> EmailChannel:
    return EmailChannel(
        parser=PlainParser(),
        proof=proof or ToldProof(),
        replies=REPLIES,
        relay=relay or KeptRelay(),
    )


async def read(raw: str, **envelope: str) -> InboundMessage:
    return await channel().parse(raw.replace("\n", "\r\n").encode(), ACCOUNT, envelope)


async def test_a_reply_in_all_its_parts() -> None:
    address = REPLIES.make("support@demo.example", "tok_01")
    proof = ToldProof("dkim")
    raw = f"""\
From: =?utf-8?b?5a6J5aic?= <Anna@Customer.Example>
To: Support <{address.upper()}>, other@elsewhere.example
Cc: other@elsewhere.example
Subject: Re: order
Date: Sun, 01 Mar 2026 13:00:00 +0100
Message-ID: <c@customer.example>
In-Reply-To: <b@demo.example>
References: <a@customer.example> <b@demo.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

Still nothing here.

On Sun, 1 Mar 2026 at 12:00, Support <support@demo.example> wrote:
> It is on its way.
--x
Content-Type: application/pdf; name=a.pdf
Content-Disposition: attachment; filename=a.pdf
Content-Transfer-Encoding: base64

JVBERg==
--x--
"""
    message = await channel(proof).parse(raw.replace("\n", "\r\n").encode(), ACCOUNT, {})
    assert message.external_id == "c@customer.example"
    assert message.key == parse(raw.replace("\n", "\r\n").encode()).dedup_key
    assert message.sender == Address(
        kind="email", address="anna@customer.example", name="安娜", raw="Anna@Customer.Example"
    )
    assert message.to == ("support@demo.example", "other@elsewhere.example")
    assert message.subject == "Re: order"
    assert message.text.strip() == "Still nothing here."
    assert "It is on its way." in message.quoted
    assert "Still nothing" not in message.quoted
    assert message.attachments == (
        Attachment(filename="a.pdf", content_type="application/pdf", size=4, data=b"%PDF"),
    )
    assert message.proof == "dkim"
    assert proof.asked == ["Anna@Customer.Example"]
    assert message.reply_tokens == ("tok_01",)
    assert message.references == ("b@demo.example", "a@customer.example")
    assert (message.auto, message.report) == ("no", None)
    assert message.sent_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "name"), [("From: Front Desk\n", "Front Desk"), ("From: \n", None), ("", None)]
)
async def test_who_names_no_address_keeps_the_name_they_give(head: str, name: str | None) -> None:
    message = await read(f"{head}To: support@demo.example\n\nHi\n")
    assert message.proof == ""
    assert message.sender == (name and Address(kind="email", address="", name=name, raw=""))


async def test_a_token_is_found_wherever_it_stands_and_only_if_it_is_ours() -> None:
    one, two, three = (REPLIES.make("support@demo.example", token) for token in ("1", "2", "3"))
    message = await read(
        f"From: a@b.example\nTo: {one}\nCc: support+c.9.aaaaaaaaaaaaa@demo.example\n"
        f"Delivered-To: {three}\n\nHi\n",
        rcpt_to=f'["{two}"]',
    )
    assert message.reply_tokens == ("2", "1", "3")


async def test_a_blind_copy_knows_its_mailbox() -> None:
    message = await read(
        "From: a@b.example\nTo: b@c.example\n\nHi\n", rcpt_to='["Help@demo.example"]'
    )
    assert message.to == ("b@c.example", "help@demo.example")


async def test_without_an_id_the_delivery_key_stands_for_it() -> None:
    message = await read("From: a@b.example\nSubject: x\n\nHi\n")
    assert message.external_id.startswith("#")


FORMS = replace(ACCOUNT, options={"forms": "web@shop.example forms@shop.example"})


async def from_form(proof: ToldProof, headers: str) -> InboundMessage:
    raw = f"From: Web Shop <Web@shop.example>\n{headers}To: support@demo.example\n\nHi\n"
    return await channel(proof).parse(raw.replace("\n", "\r\n").encode(), FORMS, {})


async def test_where_answers_are_asked_to_go_is_told_and_changes_no_sender() -> None:
    for asked, told in (
        ("Cara.Home@Other.Example", "cara.home@other.example"),
        ("<>, cara.home@other.example", "cara.home@other.example"),
        ("Cara@Customer.example", ""),
        ("support+c.x.y@demo.example", ""),
        ("nobody", ""),
    ):
        raw = f"From: Cara <cara@customer.example>\r\nReply-To: {asked}\r\n\r\nHi\r\n"
        message = await channel(ToldProof("dkim")).parse(raw.encode(), FORMS, {})
        assert message.sender is not None
        assert (message.sender.address, message.proof) == ("cara@customer.example", "dkim")
        assert message.reply_to == told, asked


async def test_a_web_form_speaks_for_nobody() -> None:
    """Whoever fills it in may write any address there: the form's own proof isn't theirs."""
    proof = ToldProof("dkim")
    message = await from_form(proof, "Reply-To: Anna Lind <Anna@Customer.example>\n")
    assert message.sender == Address(
        kind="email", address="anna@customer.example", name="Anna Lind", raw="Anna@Customer.example"
    )
    assert (message.proof, message.reply_to, proof.asked) == ("", "", [])


def test_a_seed_lists_the_forms_of_a_mailbox() -> None:
    seed = EmailAccountSeed(
        name="Support",
        addresses=("support@demo.example",),
        forms=("Web@shop.example", "forms@Shop.example"),
    )
    [spec] = accounts(Seed(email=EmailSeed(accounts=(seed,))))
    assert spec.options == FORMS.options


@pytest.mark.parametrize("headers", ["", "Reply-To: support@demo.example\n"])
async def test_a_web_form_that_names_nobody_is_the_sender_itself(headers: str) -> None:
    message = await from_form(ToldProof("dkim"), headers)
    assert message.sender is not None
    assert (message.sender.address, message.proof) == ("web@shop.example", "dkim")


async def test_only_what_is_listed_is_a_form() -> None:
    raw = b"From: web@other.example\r\nReply-To: anna@customer.example\r\n\r\nHi\r\n"
    message = await channel(ToldProof("dkim")).parse(raw, FORMS, {})
    assert message.sender is not None
    assert message.sender.address == "web@other.example"


async def test_without_a_from_nobody_is_proven() -> None:
    proof = ToldProof("trusted_peer")
    message = await channel(proof).parse(b"Subject: x\r\n\r\nHi\r\n", ACCOUNT, {})
    assert (message.sender, message.proof, proof.asked) == (None, "", [])


async def test_what_cannot_be_parsed_is_rejected() -> None:
    with pytest.raises(Rejected):
        await channel().parse(b"\x00\x01\x02" * 100, ACCOUNT, {})


async def test_it_is_never_read_without_a_guard() -> None:
    with pytest.raises(Rejected):
        channel().read(b"From: a@b.example\r\n\r\n", ACCOUNT, {})
    with pytest.raises(Rejected):
        channel().read_status(b"", {})


def bounce(original: str, action: str = "failed", status: str = "5.1.1") -> str:
    return f"""\
From: MAILER-DAEMON@relay.example
To: support@demo.example
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: text/plain

Sorry.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; anna@customer.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no such mailbox
--x
Content-Type: message/rfc822

Message-ID: <{original}>
Subject: x

Hi
--x--
"""


@pytest.mark.parametrize(
    ("action", "state"),
    [("failed", "failed"), ("delayed", "sent"), ("delivered", "delivered"), ("relayed", "sent")],
)
async def test_a_bounce_reports_on_our_message(action: str, state: str) -> None:
    ours = compose(outbound(), ACCOUNT, REPLIES).message_id
    message = await read(bounce(ours, action))
    assert message.auto == "bounce"
    assert message.report is not None
    assert (message.report.reference, message.report.state) == (ours, state)
    assert message.report.code == "5.1.1"
    assert "no such mailbox" in message.report.reason


async def test_a_bounce_of_a_message_that_is_not_ours_reports_nothing() -> None:
    assert (await read(bounce("x@demo.example"))).report is None
    forged = REPLIES.message_id("msg_01", "support@demo.example").replace("msg_01", "msg_02")
    assert (await read(bounce(forged))).report is None


def from_carla(head: str = "From: Carla <carla@customer.example>") -> str:
    ours = compose(outbound(), ACCOUNT, REPLIES).message_id
    reply_to = REPLIES.make("support@demo.example", "tok_01")
    return (
        f"{head}\nTo: {reply_to}\nSubject: Delivery problem - order 4711\n"
        f"In-Reply-To: <{ours}>\n\nOrder 4711 was not delivered, please send it again.\n"
    )


async def test_a_customer_who_writes_of_a_delivery_is_a_customer() -> None:
    message = await read(from_carla(), mail_from="carla@customer.example")
    assert (message.auto, message.report) == ("no", None)
    assert message.reply_tokens == ("tok_01",)


@pytest.mark.parametrize(
    "head", ["From: postmaster@shop.example", "From: <Postmaster@Shop.example>"]
)
async def test_a_postmaster_who_takes_answers_is_a_customer(head: str) -> None:
    message = await read(from_carla(head), mail_from="postmaster@shop.example")
    assert (message.auto, message.report) == ("no", None)


@pytest.mark.parametrize(
    "head",
    [
        "Return-Path: <>\nFrom: Carla <carla@customer.example>",
        "X-Failed-Recipients: a@b.example\nFrom: Carla <carla@customer.example>",
        "Auto-Submitted: auto-replied\nFrom: Carla <carla@customer.example>",
    ],
)
@pytest.mark.parametrize("mail_from", ["", "carla@customer.example"])
async def test_no_words_of_a_customer_report_a_failure(head: str, mail_from: str) -> None:
    assert (await read(from_carla(head), mail_from=mail_from)).report is None


async def test_a_bounce_without_a_standard_reports_if_nobody_takes_answers_to_it() -> None:
    head = "From: MAILER-DAEMON@relay.example"
    report = (await read(from_carla(head), mail_from="")).report
    assert report is not None
    assert report.state == "failed"
    for back in ("mailer-daemon@relay.example", "someone@relay.example"):
        assert (await read(from_carla(head), mail_from=back)).report is None


async def test_sending_is_one_attempt_by_the_relay() -> None:
    relay = KeptRelay()
    adapter: Channel = channel(relay=relay)
    large = Attachment(filename="a", content_type="a/b", size=300_000, data=b"x" * 300_000)
    for message in (outbound(), outbound(message_id="msg_02", attachments=(large,))):
        outcome = await adapter.send(message, ACCOUNT)
        assert outcome == SendOutcome(reference=relay.mails[-1].message_id)
    assert await adapter.find_sent(outbound(), ACCOUNT) is None
    assert adapter.name == "email"


async def test_what_every_list_shows_is_bounded() -> None:
    """Whoever can send a mail must not be able to fill every console with one header."""
    many = ", ".join(f"p{number}@x.example" for number in range(300))
    message = await read(
        f'From: "{"n" * 5000}" <{"a" * 5000}@x.example>\n'
        f"Reply-To: {'r' * 5000}@x.example\n"
        f"To: {'t' * 5000}@x.example, {many}\nSubject: {'s' * 5000}\n\nHello\n"
    )
    assert message.sender is not None
    assert (message.sender.name, message.sender.address) == ("n" * 200, "")
    assert (message.reply_to, len(message.subject), len(message.to)) == ("", 998, 100)
    assert message.proof == ""

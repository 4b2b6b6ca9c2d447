"""A customer writes, an answer goes out, the customer answers, a mail bounces: over real SMTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network

import pytest

from channels.email.adapter import EmailChannel
from channels.email.parse.worker import ParserPool
from channels.email.proof import ProofSettings, SenderProof
from channels.email.send import SmtpRelay, relay_of
from tests.integration.email.conftest import Listen, Listening
from tests.integration.email.fakes import SUPPORT
from tests.unit.email_io.messages import REPLIES, outbound
from triggerhub.demo.mailbox import Mailbox
from triggerhub.domain.errors import Ambiguous, Rejected, Unavailable
from triggerhub.domain.model.message import InboundMessage

ANNA = "anna@customer.example"


@dataclass
class House:
    hub: Listening
    mailbox: Mailbox
    channel: EmailChannel

    async def newest(self) -> InboundMessage:
        arrival = self.hub.inbox.arrivals[-1]
        return await self.channel.parse(arrival.raw, SUPPORT, arrival.envelope)


@asynccontextmanager
async def house(listen: Listen, settings: ProofSettings) -> AsyncIterator[House]:
    hub = await listen()
    async with Mailbox(hub_port=hub.server.port) as mailbox:
        proof = SenderProof(settings, look_up=lambda name, timeout: mailbox.dns_txt(name))
        pool = ParserPool(1)
        relay = SmtpRelay(relay_of(mailbox.relay_url), hostname="hub.demo.example")
        channel = EmailChannel(parser=pool, proof=proof, replies=REPLIES, relay=relay)
        try:
            yield House(hub, mailbox, channel)
        finally:
            await pool.close()
            proof.close()


async def test_there_and_back_and_there_again(listen: Listen) -> None:
    async with house(listen, ProofSettings()) as it:
        asked = await it.mailbox.customer_mails(
            ANNA, "support@demo.example", "订单在哪里？", "你好，\n我的订单呢？", signed="proven"
        )
        assert asked.ok
        question = await it.newest()
        assert (question.proof, question.reply_tokens) == ("dkim", ())
        assert question.sender is not None

        outcome = await it.channel.send(
            outbound(
                to=question.sender,
                subject=question.subject,
                text="马上就到。\n\n.一个点\n陈梅",
                in_reply_to=question.external_id,
                references=tuple(reversed(question.references)),
            ),
            SUPPORT,
        )
        (answer,) = it.mailbox.inbox(ANNA)
        assert not it.mailbox.refused
        assert answer.message_id == f"<{outcome.reference}>"
        assert answer.header("In-Reply-To") == f"<{question.external_id}>"
        assert answer.subject == "Re: 订单在哪里？"
        assert answer.text.strip() == "马上就到。\n\n.一个点\n陈梅"

        await it.mailbox.customer_replies(answer, "谢谢！", signed="proven")
        thanks = await it.newest()
        assert thanks.reply_tokens == ("tok_01",)
        assert thanks.references == (outcome.reference, question.external_id)
        assert thanks.text.strip() == "谢谢！"
        assert "马上就到" in thanks.quoted
        assert thanks.to == ("support@demo.example",)
        assert thanks.proof == "dkim"

        assert (
            await it.mailbox.customer_mails(
                ANNA,
                answer.answer_to,
                "Delivery problem - order 4711",
                "Order 4711 was not delivered, please send it again.",
                in_reply_to=answer.message_id,
            )
        ).ok
        complaint = await it.newest()
        assert (complaint.auto, complaint.report) == ("no", None)
        assert complaint.reply_tokens == ("tok_01",)

        assert (await it.mailbox.send_bounce(answer)).ok
        bounced = await it.newest()
        assert bounced.auto == "bounce"
        assert bounced.reply_tokens == ("tok_01",)
        assert bounced.report is not None
        assert (bounced.report.reference, bounced.report.state) == (outcome.reference, "failed")
        assert bounced.proof == ""


@pytest.mark.parametrize("signed", ["none", "forged"])
async def test_an_unproven_sender(listen: Listen, signed: str) -> None:
    async with house(listen, ProofSettings()) as it:
        await it.mailbox.customer_mails(
            ANNA,
            "support@demo.example",
            "x",
            "y",
            signed="forged" if signed == "forged" else "none",
        )
        assert (await it.newest()).proof == ""


async def test_the_demo_trusts_loopback(listen: Listen) -> None:
    async with house(listen, ProofSettings(trusted_peers=(ip_network("127.0.0.0/8"),))) as it:
        await it.mailbox.customer_mails(ANNA, "support@demo.example", "x", "y")
        assert (await it.newest()).proof == "trusted_peer"


async def test_what_the_relay_says_and_what_it_means(listen: Listen) -> None:
    async with house(listen, ProofSettings()) as it:
        message = outbound()
        it.mailbox.fail_next(450, at="RCPT")
        it.mailbox.drop_next("connect")
        for _ in range(2):
            with pytest.raises(Unavailable):
                await it.channel.send(message, SUPPORT)
        it.mailbox.unknown.add("gone@customer.example")
        gone = replace(message.to, address="gone@customer.example")
        with pytest.raises(Rejected):
            await it.channel.send(replace(message, to=gone), SUPPORT)
        it.mailbox.drop_next("after_data")
        with pytest.raises(Ambiguous):
            await it.channel.send(message, SUPPORT)
        assert len(it.mailbox.mails) == 1  # it had got through; sent again it would be two
        again = await it.channel.send(replace(message, attempt=2), SUPPORT)
        assert {mail.message_id for mail in it.mailbox.mails} == {f"<{again.reference}>"}

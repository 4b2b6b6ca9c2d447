"""The local relay: takes good mail, objects to bad mail, fails on demand, and writes to the hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import default
from email.utils import format_datetime

import aiosmtplib
import dkim
import pytest

from triggerhub.demo.mailbox import Mailbox
from triggerhub.demo.mailbox_mail import File, ReceivedMail

CUSTOMER = "li.wei@customer.example"
SUPPORT = "support@demo.example"


def mail(**changes: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP_POLICY.clone(cte_type="7bit"))
    message["From"] = f"Demo Support <{SUPPORT}>"
    message["To"] = CUSTOMER
    message["Subject"] = "Re: 订单 4711"
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = "<out.1@demo.example>"
    message["References"] = "<in.1@customer.example>"
    message.set_content("已发出。\n\nIt left us today.\n")
    for name, value in changes.items():
        header = name.replace("_", "-")
        del message[header]
        if value:
            message[header] = value
    return message


async def submit(
    mailbox: Mailbox, raw: bytes, *rcpt: str, login: tuple[str, str] | None = None
) -> int:
    """The code of the relay's last answer; 0 where the connection was lost."""
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=mailbox.port, start_tls=False, timeout=10)
    try:
        async with client:
            if login is not None:
                await client.login(*login)
            await client.sendmail(SUPPORT, list(rcpt or (CUSTOMER,)), raw)
    except aiosmtplib.SMTPRecipientsRefused as exc:
        return exc.recipients[0].code
    except aiosmtplib.SMTPResponseException as exc:
        return exc.code
    except aiosmtplib.SMTPException:
        return 0
    return 250


@pytest.fixture
async def hub() -> AsyncIterator[Mailbox]:
    """Another relay, in the hub's place: it sees what customers write."""
    async with Mailbox() as hub:
        yield hub


@pytest.fixture
async def mailbox(hub: Mailbox) -> AsyncIterator[Mailbox]:
    async with Mailbox(hub_port=hub.port) as mailbox:
        yield mailbox


async def test_good_mail_arrives(mailbox: Mailbox) -> None:
    seen: list[ReceivedMail] = []

    async def look(arrived: ReceivedMail) -> None:
        seen.append(arrived)

    mailbox.on_mail = look
    raw = mail().as_bytes()
    assert await submit(mailbox, raw, CUSTOMER, "second@customer.example") == 250
    [kept] = mailbox.mails
    assert seen == [kept]
    assert kept.raw == raw
    assert kept.mail_from == SUPPORT
    assert mailbox.inbox(CUSTOMER.upper()) == mailbox.inbox("second@customer.example") == [kept]
    assert kept.subject == "Re: 订单 4711"
    assert kept.text == "已发出。\n\nIt left us today.\n"
    assert kept.message_id == "<out.1@demo.example>"
    assert kept.answer_to == SUPPORT


async def test_the_wire_order_is_kept(mailbox: Mailbox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", mailbox.port)

    async def say(line: str) -> str:
        writer.write(line.encode() + b"\r\n")
        answer = (await reader.readline()).decode()
        while answer[3:4] == "-":
            answer = (await reader.readline()).decode()
        return answer[:3]

    await reader.readline()
    assert await say("MAIL FROM:<a@demo.example>") == "503"
    assert await say("EHLO hub.example") == "250"
    assert await say(f"RCPT TO:<{CUSTOMER}>") == "503"
    assert await say("MAIL FROM:<a@demo.example> SIZE=999999999") == "552"
    assert await say("MAIL FROM:<nobody>") == "553"
    assert await say("MAIL FROM:<>") == "250"
    assert await say("DATA") == "503"
    assert await say("RCPT TO:<nobody>") == "553"
    assert await say(f"RCPT TO:<{CUSTOMER}>") == "250"
    assert await say("QUIT") == "221"
    writer.close()
    await writer.wait_closed()


async def test_faulty_mail_is_refused_with_its_faults(mailbox: Mailbox) -> None:
    assert await submit(mailbox, mail(Message_ID="").as_bytes()) == 550
    assert not mailbox.mails
    assert mailbox.refused[0].faults == ("message-id: missing",)


async def test_unknown_recipients_and_too_much(mailbox: Mailbox) -> None:
    mailbox.unknown.add("gone@customer.example")
    assert await submit(mailbox, mail().as_bytes(), "gone@customer.example") == 550
    async with Mailbox(max_bytes=200) as small:
        assert await submit(small, mail().as_bytes()) == 552


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
async def test_failures_on_demand(mailbox: Mailbox, stage: str) -> None:
    match stage:
        case "MAIL":
            mailbox.fail_next(421, at="MAIL")
        case "RCPT":
            mailbox.fail_next(450, at="RCPT")
        case _:
            mailbox.fail_next(554, "no", at="DATA")
    assert await submit(mailbox, mail().as_bytes()) in {421, 450, 554}
    assert not mailbox.mails
    assert await submit(mailbox, mail().as_bytes()) == 250


async def test_a_lost_connection_before_and_after(mailbox: Mailbox) -> None:
    mailbox.drop_next("connect")
    assert await submit(mailbox, mail().as_bytes()) == 0
    mailbox.drop_next("before_data")
    assert await submit(mailbox, mail().as_bytes()) == 0
    assert not mailbox.mails
    mailbox.drop_next("after_data")
    assert await submit(mailbox, mail().as_bytes()) == 0
    assert len(mailbox.mails) == 1
    assert await submit(mailbox, mail().as_bytes()) == 250


async def test_a_login_is_asked_for() -> None:
    async with Mailbox(login=("hub", "right")) as mailbox:
        assert mailbox.relay_url == f"smtp://hub:right@127.0.0.1:{mailbox.port}"
        raw = mail().as_bytes()
        assert await submit(mailbox, raw) == 530
        assert await submit(mailbox, raw, login=("hub", "wrong")) == 535
        assert await submit(mailbox, raw, login=("hub", "right")) == 250


async def test_a_customer_writes(mailbox: Mailbox, hub: Mailbox) -> None:
    sent = await mailbox.customer_mails(
        CUSTOMER,
        SUPPORT,
        "订单 4711",
        "在哪？\n.\nMy order\n",
        name="李伟",
        html="<p>在哪？</p>",
        attachments=[File(filename="收据.pdf", content_type="application/pdf", data=b"%PDF-")],
    )
    assert sent.ok
    assert sent.code == 250
    [arrived] = hub.mails
    assert arrived.raw == sent.raw
    assert arrived.mail_from == CUSTOMER
    assert arrived.message_id == sent.message_id
    assert arrived.text == "在哪？\n.\nMy order\n"
    assert arrived.header("From") == f"李伟 <{CUSTOMER}>"
    assert "收据.pdf" in [part.get_filename() for part in _decoded(arrived)]


def _decoded(arrived: ReceivedMail) -> list[EmailMessage]:
    return list(message_from_bytes(arrived.raw, policy=default).walk())


async def test_what_the_hub_says_is_returned(mailbox: Mailbox, hub: Mailbox) -> None:
    hub.unknown.add(SUPPORT)
    assert (await mailbox.customer_mails(CUSTOMER, SUPPORT, "x", "y")).code == 550
    hub.unknown.clear()
    hub.fail_next(451, at="DATA")
    assert (await mailbox.customer_mails(CUSTOMER, SUPPORT, "x", "y")).code == 451
    hub.drop_next("after_data")
    assert (await mailbox.customer_mails(CUSTOMER, SUPPORT, "x", "y")).code == 0
    await hub.stop()
    assert (await mailbox.customer_mails(CUSTOMER, SUPPORT, "x", "y")).code == 0
    assert [m.ok for m in mailbox.sent] == [False] * 4


async def test_a_reply_is_threaded_and_quotes(mailbox: Mailbox, hub: Mailbox) -> None:
    await submit(mailbox, mail(Reply_To="r+token@demo.example").as_bytes())
    sent = await mailbox.customer_replies(mailbox.mails[0], "谢谢！")
    assert sent.sender == CUSTOMER
    assert sent.to == ("r+token@demo.example",)
    arrived = hub.mails[0]
    assert arrived.subject == "Re: 订单 4711"
    assert arrived.header("In-Reply-To") == "<out.1@demo.example>"
    assert arrived.header("References") == "<in.1@customer.example> <out.1@demo.example>"
    assert arrived.text.startswith("谢谢！\n\nOn ")
    assert "\n> It left us today.\n" in arrived.text


async def test_signed_mail_is_proven_or_forged(mailbox: Mailbox, hub: Mailbox) -> None:
    for signed in ("none", "proven", "forged"):
        await mailbox.customer_mails(CUSTOMER, SUPPORT, "x", "y", signed=signed)

    def lookup(name: bytes, timeout: float = 5) -> bytes | None:
        del timeout
        return mailbox.dns_txt(name.decode())

    verdicts = [dkim.verify(m.raw, dnsfunc=lookup) for m in hub.mails]
    assert verdicts == [False, True, False]
    assert mailbox.dns_txt("other._domainkey.customer.example") is None
    assert mailbox.dns_txt("demo._domainkey.customer.com") is None


async def test_a_bounce_comes_back_from_nobody(mailbox: Mailbox, hub: Mailbox) -> None:
    mailbox.bounces[CUSTOMER] = "5.2.2"
    assert await submit(mailbox, mail().as_bytes()) == 250
    await mailbox.settled()
    [report] = hub.mails
    assert report.mail_from == ""
    assert report.rcpt_tos == (SUPPORT,)
    parts = {p.get_content_type(): p for p in report.message.walk()}
    assert parts["multipart/report"].get_param("report-type") == "delivery-status"
    fields = "".join(str(part) for part in parts["message/delivery-status"].walk())
    assert f"Final-Recipient: rfc822; {CUSTOMER}" in fields
    assert "Status: 5.2.2" in fields
    assert b"<out.1@demo.example>" in report.raw


async def test_stopping_hangs_up(hub: Mailbox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    assert (await reader.readline()).startswith(b"220")
    await hub.stop()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_the_oldest_mails_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Mailbox(kept=2) as mailbox:
        for number in range(3):
            await submit(mailbox, mail(Subject=f"good {number}").as_bytes())
            await submit(mailbox, mail(Subject=f"bad {number}", Message_ID="").as_bytes())
        assert [kept.subject for kept in mailbox.mails] == ["good 1", "good 2"]
        assert [b"Subject: bad 1" in kept.raw for kept in mailbox.refused] == [True, False]
        monkeypatch.setattr("triggerhub.demo.mailbox_mail.BYTES_KEPT", 10)
        await submit(mailbox, mail(Subject="large").as_bytes())
        assert [kept.subject for kept in mailbox.mails] == ["large"]

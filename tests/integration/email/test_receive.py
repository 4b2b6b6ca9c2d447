"""Mail comes in over a real socket: dialogue, commit before 250, refusals."""

from __future__ import annotations

import asyncio
import json
import smtplib
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage

import aiosmtplib
import pytest

from channels.email.receive_key import delivery_key
from channels.email.reply_address import ReplyAddresses
from tests.integration.email.conftest import NOON, Listen
from tests.integration.email.fakes import SALES, SUPPORT
from triggerhub.domain.errors import Rejected, TooLarge, Unavailable
from triggerhub.domain.model.message import Account, Arrival

SHOP = Account(id="acc_shop", channel="email", name="Shop", addresses=("hello@shop.example",))
GOODBYE = b"421 4.3.2 Shutting down; try again later\r\n"
MAIL = b"Message-ID: <1@customer.example>\r\nSubject: Hello\r\n\r\nHello\r\n"


async def test_a_mail_is_committed_with_its_envelope_before_250(listen: Listen) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.begin("Support@Demo.Example", "help@demo.example", "sales@demo.example")
    assert (await wire.say(MAIL + b".")).startswith("250 2.0.0")
    support, sales = hub.inbox.arrivals
    assert support.raw == sales.raw == MAIL
    assert (support.account_id, sales.account_id) == ("acc_support", "acc_sales")
    assert support.external_id == sales.external_id == delivery_key(MAIL)
    assert json.loads(support.envelope["rcpt_to"]) == ["Support@Demo.Example", "help@demo.example"]
    assert json.loads(sales.envelope["rcpt_to"]) == ["sales@demo.example"]
    assert support.envelope["mail_from"] == "anna@customer.example"
    assert support.envelope["peer"] == "127.0.0.1"
    assert support.envelope["helo"] == "peer.example"
    assert support.envelope["tls"] == ""
    assert support.envelope["received_at"] == NOON.isoformat()
    assert support.media_type == "message/rfc822"


async def test_an_ordinary_client_delivers(listen: Listen) -> None:
    hub = await listen()
    message = EmailMessage()
    message["From"] = "anna@customer.example"
    message["To"] = "support@demo.example"
    message["Subject"] = "你好"
    message.set_content("第一行\n.a line with a dot\n..two\n")

    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", hub.server.port) as client:
            client.send_message(message)
            client.send_message(message)

    await asyncio.to_thread(deliver)
    (arrival,) = hub.inbox.arrivals
    assert b"Subject:" in arrival.raw


@pytest.mark.parametrize(
    "sender", ["<>", "<@old.route,@b:anna@customer.example>", "anna@a.example"]
)
async def test_senders_that_must_be_taken(listen: Listen, sender: str) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    assert (await wire.say(f"MAIL FROM:{sender} SIZE=100 BODY=8BITMIME SMTPUTF8")).startswith("250")
    assert (await wire.say("RCPT TO:<support@demo.example>")).startswith("250")
    await wire.say("DATA")
    assert (await wire.say(MAIL + b".")).startswith("250")
    assert "<" not in hub.inbox.arrivals[0].envelope["mail_from"]


async def test_an_international_mailbox_is_found_under_its_ascii_domain(listen: Listen) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    await wire.say("MAIL FROM:<安娜@例子.example> SMTPUTF8")
    assert (await wire.say("RCPT TO:<SUPPORT@ｄｅｍｏ.example>")).startswith("250")
    await wire.say("DATA")
    assert (await wire.say(MAIL + b".")).startswith("250")
    assert hub.inbox.arrivals[0].envelope["mail_from"] == "安娜@例子.example"


async def test_only_our_mailboxes_are_taken_and_nothing_is_relayed(listen: Listen) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    await wire.say("MAIL FROM:<anna@customer.example>")
    for stranger in ("nobody@demo.example", "anna@elsewhere.example", "support%x@demo.example"):
        assert (await wire.say(f"RCPT TO:<{stranger}>")).startswith("550 5.1.1")
    assert (await wire.say("DATA")).startswith("503")
    reply_to = ReplyAddresses(b"k" * 32).make("support@demo.example", "tok_1")
    assert (await wire.say(f"RCPT TO:<{reply_to.upper()}>")).startswith("250")


@pytest.mark.parametrize(
    ("recipient", "account"),
    [
        ("postmaster", "acc_support"),
        ("PostMaster", "acc_support"),
        ("postmaster@Demo.Example", "acc_support"),
        ("Postmaster@hub.demo.example", "acc_support"),
        ("postmaster@shop.example", "acc_shop"),
    ],
)
async def test_the_postmaster_is_always_taken(listen: Listen, recipient: str, account: str) -> None:
    """RFC 5321, 4.5.1; by the first account that serves the domain where none has the address."""
    hub = await listen(accounts=[SUPPORT, SALES, SHOP])
    wire = await hub.wire()
    await wire.begin(recipient)
    assert (await wire.say(MAIL + b".")).startswith("250")
    (arrival,) = hub.inbox.arrivals
    assert arrival.account_id == account
    assert json.loads(arrival.envelope["rcpt_to"]) == [recipient]


async def test_an_account_with_a_postmaster_address_takes_what_is_for_the_postmaster(
    listen: Listen,
) -> None:
    post = Account(
        id="acc_post", channel="email", name="Post", addresses=("postmaster@demo.example",)
    )
    hub = await listen(accounts=[SUPPORT, SHOP, post])
    wire = await hub.wire()
    await wire.begin("postmaster", "postmaster@demo.example", "postmaster@hub.demo.example")
    await wire.say(MAIL + b".")
    assert [arrival.account_id for arrival in hub.inbox.arrivals] == ["acc_post"]


async def test_the_postmaster_of_others_is_not_ours_nor_a_sender_without_domain(
    listen: Listen,
) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    assert (await wire.say("MAIL FROM:<postmaster>")).startswith("553")
    await wire.say("MAIL FROM:<anna@customer.example>")
    assert (await wire.say("RCPT TO:<support>")).startswith("553")
    assert (await wire.say("RCPT TO:<postmaster@mo.example>")).startswith("550 5.1.1")
    without = await (await listen(accounts=[])).wire()
    await without.say("EHLO peer.example")
    await without.say("MAIL FROM:<anna@customer.example>")
    assert (await without.say("RCPT TO:<postmaster>")).startswith("550 5.1.1")


async def test_a_harvester_of_addresses_is_sent_away(listen: Listen) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    await wire.say("MAIL FROM:<anna@customer.example>")
    wire.put(b"".join(b"RCPT TO:<guess%d@demo.example>\r\n" % n for n in range(60)))
    said = await wire.rest()
    assert said.count(b"550 5.1.1") == 51
    assert said.endswith(b"421 4.7.0 Too many errors\r\n")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"MAIL FROM:no path", b"553"),
        (b"RCPT TO:<support@demo.example>", b"503"),
        (b"MAIL FROM:<a@b.example> SIZE=99999999999", b"552"),
        (b"EHLO" + b" x" * 400, b"500"),
        (b"", b"500"),
    ],
)
async def test_who_only_makes_mistakes_is_sent_away(
    listen: Listen, line: bytes, answer: bytes
) -> None:
    """Of whatever kind; each of these could be said for ever."""
    hub = await listen()
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    wire.put((line + b"\r\n") * 60)
    said = await wire.rest()
    assert said.count(b"\r\n") == 52, said[:200]
    assert said.startswith(answer)
    assert said.endswith(b"421 4.7.0 Too many errors\r\n")


async def test_the_dialogue_keeps_its_order(listen: Listen) -> None:
    hub = await listen()
    wire = await hub.wire()
    assert (await wire.say("MAIL FROM:<a@b.example>")).startswith("503")
    greeting = await wire.say("EHLO peer.example")
    assert "SIZE 31457280" in greeting
    for offered in ("8BITMIME", "SMTPUTF8", "PIPELINING"):
        assert offered in greeting
    for hidden in ("AUTH", "STARTTLS", "VRFY", "HELP"):
        assert hidden not in greeting
    assert (await wire.say("DATA")).startswith("503")
    assert (await wire.say("RCPT TO:<support@demo.example>")).startswith("503")
    assert (await wire.say("MAIL FROM:<a@b.example>")).startswith("250")
    assert (await wire.say("MAIL FROM:<a@b.example>")).startswith("503")
    assert (await wire.say("VRFY support")).startswith("502")
    assert (await wire.say("EXPN support")).startswith("502")
    assert (await wire.say("AUTH PLAIN AGEAYg==")).startswith("502")
    assert (await wire.say("STARTTLS")).startswith("454")
    assert (await wire.say("RSET")).startswith("250")
    assert (await wire.say("RCPT TO:<support@demo.example>")).startswith("503")
    assert (await wire.say("HELP")).startswith("214")
    assert (await wire.say("QUIT")).startswith("221")


@pytest.mark.parametrize(
    "path",
    [
        b"<a b@c.example>",
        b"<\xff\xfe@c.example>",
        b"<a@c.example",
        b"<nothing>",
        b"<@>",
        b"<a\x00b@c.example>",
        b"<" + b"a" * 400 + b"@c.example>",
    ],
)
async def test_a_malformed_path_is_refused(listen: Listen, path: bytes) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    assert (await wire.say(b"MAIL FROM:" + path)).startswith("553")


async def test_lines_that_are_no_commands(listen: Listen) -> None:
    hub = await listen()
    wire = await hub.wire()
    assert (await wire.say(b"\xff\xfe\x00")).startswith("500")
    assert (await wire.say("NOOP " + "x" * 600)).startswith("500")
    assert (await wire.say("NOOP " + "x" * 200_000)).startswith("500")
    assert (await wire.say("")).startswith("500")
    for _ in range(4):
        assert (await wire.say("GET / HTTP/1.1")).startswith("500")
    assert (await wire.say("GET / HTTP/1.1")).startswith("502")
    assert await wire.rest() == b""


async def test_pipelined_commands_and_messages(listen: Listen) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    one = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@demo.example>\r\nDATA\r\n"
    wire.put(one + b"Subject: 1\r\n\r\n1\r\n.\r\n" + one + b"Subject: 2\r\n\r\n2\r\n.\r\nQUIT\r\n")
    said = (await wire.rest()).split(b"\r\n")
    assert [line[:3] for line in said if line] == [b"250", b"250", b"354", b"250"] * 2 + [b"221"]
    assert [arrival.raw for arrival in hub.inbox.arrivals] == [
        b"Subject: 1\r\n\r\n1\r\n",
        b"Subject: 2\r\n\r\n2\r\n",
    ]


# --- size and number ------------------------------------------------------------------------


async def test_the_size_limit_to_the_byte(listen: Listen) -> None:
    hub = await listen(message=1000)
    wire = await hub.wire()
    assert "SIZE 1000" in await wire.say("EHLO peer.example")
    assert (await wire.say("MAIL FROM:<a@b.example> SIZE=1001")).startswith("552")
    for size, answer in ((1000, "250"), (1001, "552 5.3.4"), (1900, "552 5.3.4"), (1000, "250")):
        await wire.begin()
        head = b"Subject: %d\r\n\r\n" % len(hub.inbox.arrivals)
        assert (await wire.say(head + b"x" * (size - len(head) - 2) + b"\r\n.")).startswith(answer)
    assert [len(arrival.raw) for arrival in hub.inbox.arrivals] == [1000, 1000]


async def test_a_peer_that_ignores_the_size_limit_is_cut(listen: Listen) -> None:
    hub = await listen(message=1000)
    wire = await hub.wire()
    await wire.begin()
    wire.put(b"x" * 2_000_000)
    with suppress(ConnectionError):  # it may be cut before it has read why
        assert (await wire.rest()).startswith(b"552 5.3.4")
    await hub.server.drain(timedelta(seconds=5))
    assert hub.inbox.arrivals == []


async def test_a_large_mail_arrives_whole(listen: Listen) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.begin()
    line = bytes(byte for byte in range(256) if byte not in b"\r\n") * 4
    raw = MAIL + (line + b"\r\n") * 20_000
    wire.put(raw + b".\r\n")
    assert (await wire.reply()).startswith("250")
    assert hub.inbox.arrivals[0].raw == raw
    assert hub.inbox.arrivals[0].external_id == delivery_key(raw)


async def test_unfinished_messages_together_are_limited(listen: Listen) -> None:
    hub = await listen(in_flight=300_000)
    first, second = await hub.wire(), await hub.wire()
    await first.begin()
    first.put(b"x" * 250_000)
    await second.begin()
    assert (await second.say(b"x" * 249_000 + b"\r\n.")).startswith("452 4.3.1")
    assert (await first.say(b"\r\n.")).startswith("250")
    await second.begin()
    assert (await second.say(b"x" * 250_000 + b"\r\n.")).startswith("250")


async def test_at_most_a_hundred_recipients(listen: Listen) -> None:
    hub = await listen(recipients=2)
    wire = await hub.wire()
    await wire.say("EHLO peer.example")
    await wire.say("MAIL FROM:<a@b.example>")
    for answer in ("250", "250", "452 4.5.3"):
        assert (await wire.say("RCPT TO:<support@demo.example>")).startswith(answer)


async def test_connections_are_limited(listen: Listen) -> None:
    hub = await listen(connections_per_peer=2)
    first, _ = await hub.wire(), await hub.wire()
    with pytest.raises(aiosmtplib.SMTPConnectResponseError) as refused:
        await aiosmtplib.SMTP(hostname="127.0.0.1", port=hub.server.port).connect()
    assert refused.value.code == 421
    await first.say("QUIT")
    assert await first.rest() == b""
    await hub.wire()
    small = await listen(connections=0)
    with pytest.raises(aiosmtplib.SMTPConnectResponseError, match="Too many connections"):
        await aiosmtplib.SMTP(hostname="127.0.0.1", port=small.server.port).connect()


@pytest.mark.parametrize("sent", [b"", b"EHLO x.example\r\n", b"NOO"])
async def test_a_silent_peer_is_sent_away(listen: Listen, sent: bytes) -> None:
    hub = await listen(idle=timedelta(milliseconds=50))
    wire = await hub.wire()
    wire.put(sent)
    assert (await wire.rest()).endswith(b"421 4.4.2 Waited too long\r\n")
    assert hub.server.connections == 0


async def test_a_message_that_never_ends_is_given_up(listen: Listen) -> None:
    hub = await listen(data=timedelta(milliseconds=50))
    wire = await hub.wire()
    await wire.begin()
    wire.put(b"Subject: x\r\n")
    assert await wire.rest() == b"421 4.4.2 Waited too long\r\n"
    assert hub.inbox.arrivals == []


# --- what the commit answers ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Unavailable("disk full"), "451 4.3.0"),
        (RuntimeError("a bug"), "451 4.3.0"),
        (OSError("disk"), "451 4.3.0"),
        (Rejected("no"), "554 5.6.0"),
        (TooLarge("big"), "552 5.3.4"),
    ],
)
async def test_what_is_not_stored_is_not_acknowledged(
    listen: Listen, fault: Exception, answer: str
) -> None:
    hub = await listen()
    hub.inbox.fault = lambda arrival: fault
    wire = await hub.wire()
    await wire.begin()
    assert (await wire.say(MAIL + b".")).startswith(answer)
    hub.inbox.fault = lambda arrival: None
    await wire.begin()
    assert (await wire.say(MAIL + b".")).startswith("250")
    assert len(hub.inbox.arrivals) == 1


async def test_one_account_that_fails_makes_the_peer_come_again(listen: Listen) -> None:
    hub = await listen()

    def sales_fails(arrival: Arrival) -> Exception | None:
        return Unavailable("busy") if arrival.account_id == "acc_sales" else None

    hub.inbox.fault = sales_fails
    wire = await hub.wire()
    await wire.begin("support@demo.example", "sales@demo.example")
    assert (await wire.say(MAIL + b".")).startswith("451")
    hub.inbox.fault = lambda arrival: None
    await wire.begin("support@demo.example", "sales@demo.example")
    assert (await wire.say(MAIL + b".")).startswith("250")
    assert [arrival.account_id for arrival in hub.inbox.arrivals] == ["acc_support", "acc_sales"]


async def test_a_peer_that_hangs_up_does_not_tear_the_commit(listen: Listen) -> None:
    hub = await listen()
    hub.inbox.gate = gate = hub.inbox.waiting.__class__()
    wire = await hub.wire()
    await wire.begin()
    wire.put(MAIL + b".\r\n")
    await hub.inbox.waiting.wait()
    wire.close()
    await wire.writer.wait_closed()
    gate.set()
    await hub.server.close()
    assert [arrival.raw for arrival in hub.inbox.arrivals] == [MAIL]


# --- the end --------------------------------------------------------------------------------


async def test_drain_lets_a_message_end_and_sends_the_idle_away(listen: Listen) -> None:
    hub = await listen()
    port = hub.server.port
    idle, busy = await hub.wire(), await hub.wire()
    await busy.begin()
    hub.server.stop_accepting()
    with pytest.raises(OSError, match=r"Connect call failed|refused"):
        await idle.connect(port)
    assert (await idle.say("NOOP")).startswith("250")
    drained = asyncio.create_task(hub.server.drain(timedelta(seconds=5)))
    assert await idle.rest() == GOODBYE
    assert (await busy.say(MAIL + b".")).startswith("250")
    assert await busy.rest() == GOODBYE
    assert await drained
    assert [arrival.raw for arrival in hub.inbox.arrivals] == [MAIL]
    await hub.server.close()
    with pytest.raises(RuntimeError):
        _ = hub.server.port


async def test_who_stands_still_in_a_message_is_told_when_time_is_over(listen: Listen) -> None:
    hub = await listen()
    wire = await hub.wire()
    await wire.begin()
    wire.put(b"Subject: Half")
    assert not await hub.server.drain(timedelta(milliseconds=20))
    assert await wire.rest() == GOODBYE
    assert hub.inbox.arrivals == []


@pytest.mark.parametrize("fault", [None, Unavailable("disk full")])
async def test_a_message_that_is_whole_gets_its_answer_first(
    listen: Listen, fault: Exception | None
) -> None:
    """However late its commit: after the time of the drain, while the listener is closed."""
    hub = await listen()
    hub.inbox.gate = gate = asyncio.Event()
    hub.inbox.fault = lambda arrival: fault
    wire = await hub.wire()
    await wire.begin()
    wire.put(MAIL + b".\r\n")
    await hub.inbox.waiting.wait()
    assert not await hub.server.drain(timedelta(milliseconds=20))
    closed = asyncio.create_task(hub.server.close())
    gate.set()
    assert (await wire.reply()).startswith("451" if fault else "250")
    assert await wire.rest() == GOODBYE
    await closed


async def test_close_sends_away_whom_nobody_drained(listen: Listen) -> None:
    hub = await listen()
    idle, stalled = await hub.wire(), await hub.wire()
    await stalled.begin()
    await hub.server.close()
    assert await idle.rest() == await stalled.rest() == GOODBYE
    assert hub.server.connections == 0

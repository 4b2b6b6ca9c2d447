"""One attempt to send, and the right word for each end it can have."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.email.compose import ComposedMail, compose
from channels.email.send import Relay, SmtpRelay, relay_of
from tests.integration.email.conftest import Certificate
from tests.integration.email.relays import HANG_UP, SILENCE, relaying
from tests.unit.email_io.messages import ACCOUNT, REPLIES, outbound
from triggerhub.demo.mailbox import Mailbox
from triggerhub.domain.errors import Ambiguous, HubError, Invalid, Rejected, Unavailable
from triggerhub.domain.model.message import Address, SendOutcome

MAIL = compose(outbound(text=".a line with a dot\n..\nend"), ACCOUNT, REPLIES)


async def attempt(
    port: int, mail: ComposedMail = MAIL, *, url: str = "smtp", patience: float = 10
) -> SendOutcome:
    relay = SmtpRelay(
        relay_of(f"{url}://127.0.0.1:{port}"),
        hostname="hub.demo.example",
        connect_timeout=timedelta(seconds=patience),
        reply_timeout=timedelta(seconds=patience),
        end_timeout=timedelta(seconds=patience),
    )
    return await relay.send(mail)


async def test_a_mail_goes_out_as_it_was_composed() -> None:
    async with relaying() as relay:
        assert await attempt(relay.port) == SendOutcome(reference=MAIL.message_id, state="sent")
    assert relay.heard == [
        "EHLO hub.demo.example",
        f"MAIL FROM:<{MAIL.sender}>",
        "RCPT TO:<anna@customer.example>",
        "DATA",
        "QUIT",
    ]
    assert relay.bodies == [MAIL.raw.replace(b"\r\n.", b"\r\n..") + b".\r\n"]


async def test_size_is_told_where_it_is_known() -> None:
    async with relaying({"EHLO": "250-relay.example\r\n250 SIZE 1000000"}) as relay:
        await attempt(relay.port)
    assert relay.heard[1].endswith(f"SIZE={len(MAIL.raw)}")


@pytest.mark.parametrize(
    ("at", "answer", "error", "code"),
    [
        ("MAIL", "451 4.7.1 later", Unavailable, "smtp_451"),
        ("MAIL", "550 5.7.1 no", Rejected, "smtp_550"),
        ("RCPT", "450 4.2.1 greylisted", Unavailable, "smtp_450"),
        ("RCPT", "550 5.1.1 no such mailbox", Rejected, "smtp_550"),
        ("DATA", "421 going down", Unavailable, "smtp_421"),
        ("DATA", "554 no", Rejected, "smtp_554"),
        ("END", "452 4.3.1 disk full", Unavailable, "smtp_452"),
        ("END", "554 5.7.1 spam", Rejected, "smtp_554"),
        # A fault between us and the relay is not the mail's.
        ("GREETING", "554 go away", Unavailable, "relay_refuses"),
        ("EHLO", "550 who are you", Unavailable, "relay_refuses"),
        ("GREETING", HANG_UP, Unavailable, "relay_down"),
        ("GREETING", SILENCE, Unavailable, "relay_down"),
        ("MAIL", HANG_UP, Unavailable, "relay_lost"),
        ("RCPT", SILENCE, Unavailable, "relay_lost"),
        ("DATA", HANG_UP, Unavailable, "relay_lost"),
        ("MAIL", "what?", Unavailable, "relay_garbled"),
        # After the final dot only the relay knows.
        ("END", HANG_UP, Ambiguous, "ambiguous"),
        ("END", SILENCE, Ambiguous, "ambiguous"),
        ("END", "what?", Ambiguous, "ambiguous"),
    ],
)
async def test_each_end(at: str, answer: str, error: type[HubError], code: str) -> None:
    async with relaying({at: answer}) as relay:
        with pytest.raises(error) as ended:
            await attempt(relay.port, patience=0.2 if answer in (SILENCE, "what?") else 10)
    assert ended.value.code == code
    assert type(ended.value) is error


async def test_a_connection_lost_within_the_message_sent_nothing() -> None:
    mail = replace(MAIL, raw=b"Subject: x\r\n\r\n" + b"line\r\n" * 2_000_000)
    async with relaying({"BODY": HANG_UP}) as relay:
        with pytest.raises(Unavailable):
            await attempt(relay.port, mail)
    assert relay.bodies == []


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="can't be reached"):
            await attempt(taken.getsockname()[1])


async def test_an_international_mailbox_needs_a_relay_that_can() -> None:
    mail = compose(
        outbound(to=Address(kind="email", address="安娜@例子.example")), ACCOUNT, REPLIES
    )
    async with relaying() as relay:
        with pytest.raises(Rejected, match="SMTPUTF8"):
            await attempt(relay.port, mail)
    async with relaying({"EHLO": "250-relay.example\r\n250 SMTPUTF8"}) as relay:
        await attempt(relay.port, mail)
    assert relay.heard[1].endswith("SMTPUTF8")
    assert relay.heard[2] == "RCPT TO:<安娜@xn--fsqu00a.example>"


# --- TLS and passwords ----------------------------------------------------------------------


async def test_smtps_with_a_certificate_that_is_trusted(certificate: Certificate) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate.certificate, certificate.key)
    async with relaying(tls=server) as relay:
        with pytest.raises(Unavailable, match="can't be reached"):
            await attempt(relay.port, url="smtps")
        trusting = ssl.create_default_context(cafile=str(certificate.certificate))
        where = Relay(host="127.0.0.1", port=relay.port, security="tls")
        await SmtpRelay(where, hostname="hub.demo.example", tls=trusting).send(MAIL)
    assert len(relay.bodies) == 1


async def test_starttls_that_is_demanded_is_never_left_out() -> None:
    async with relaying() as relay:
        with pytest.raises(Unavailable, match="can't be reached"):
            await attempt(relay.port, url="smtp+starttls")
    assert not any(line.startswith("MAIL") for line in relay.heard)


async def test_a_password_the_relay_knows_and_one_it_does_not() -> None:
    async with Mailbox(login=("hub", "s3cret?")) as mailbox:
        good = Relay(
            host="127.0.0.1", port=mailbox.port, security="none", user="hub", password="s3cret?"
        )
        await SmtpRelay(good, hostname="hub.demo.example").send(MAIL)
        bad = Relay(host="127.0.0.1", port=mailbox.port, security="none", user="hub", password="no")
        with pytest.raises(Unavailable) as refused:
            await SmtpRelay(bad, hostname="hub.demo.example").send(MAIL)
    assert refused.value.code == "relay_refuses"
    assert [mail.raw for mail in mailbox.mails] == [MAIL.raw]
    assert "s3cret?" not in repr(good)


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://127.0.0.1:2525", Relay(host="127.0.0.1", port=2525, security="none")),
        ("smtp://relay.example", Relay(host="relay.example", port=25, security="none")),
        (
            "smtp://hub:p@relay.example:587",
            Relay(host="relay.example", port=587, security="starttls", user="hub", password="p"),
        ),
        (
            "smtp://hub:p@127.0.0.1",
            Relay(host="127.0.0.1", port=25, security="none", user="hub", password="p"),
        ),
        ("smtps://relay.example/", Relay(host="relay.example", port=465, security="tls")),
        (
            "smtp+starttls://hub%40demo.example:p%2Fw@relay.example:2587",
            Relay(
                host="relay.example",
                port=2587,
                security="starttls",
                user="hub@demo.example",
                password="p/w",
            ),
        ),
    ],
)
def test_relay_urls(url: str, relay: Relay) -> None:
    assert relay_of(url) == relay


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example:25",
        "http://relay.example",
        "smtp://",
        "smtp://relay.example:99999",
        "smtp://relay.example/path",
        "smtps://s3cret@relay.example",
    ],
)
def test_bad_relay_urls_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        relay_of(url)
    assert "s3cret" not in str(refused.value)

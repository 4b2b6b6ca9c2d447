"""The demo's steps as bytes: what the channels' own parsers make of them."""

import email
import email.policy
from datetime import UTC, datetime

import pytest

from channels.email.parse import Unparseable
from channels.email.parse import parse as parse_mail
from channels.sms import parse
from triggerhub.demo import wire
from triggerhub.demo.cast import customer, our_address
from triggerhub.demo.company import script
from triggerhub.demo.steps import CustomerWrites, SendsBroken

STEPS = script(datetime(2026, 11, 20, 14, 5, tzinfo=UTC)).steps


def test_every_text_message_is_read_back() -> None:
    for step in STEPS:
        if isinstance(step, CustomerWrites) and step.channel != "email":
            read = parse.parse(wire.sms_form(step))
            assert read.text == step.text
            assert read.message_sid == wire.message_sid(step.key)
            assert read.sender.value == customer(step.customer).phone
            assert read.recipient.value == our_address("sms", step.account)


@pytest.mark.thorough
def test_every_mail_is_read_back_with_its_thread() -> None:
    for step in STEPS:
        if not (isinstance(step, CustomerWrites) and step.channel == "email"):
            continue
        raw = wire.mail_bytes(
            step, in_reply_to="ours-2@demo.example", references=("a@b.example", "c@d.example")
        )
        assert b"\n" not in raw.replace(b"\r\n", b"")
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert mail["From"].addresses[0].addr_spec == customer(step.customer).email
        assert mail["From"].addresses[0].display_name == customer(step.customer).name
        assert mail["Subject"] == step.subject
        assert mail["In-Reply-To"] == "<ours-2@demo.example>"
        assert mail["References"].split()[-1] == "<ours-2@demo.example>"
        assert mail.get_content().replace("\r\n", "\n").strip() == step.text.strip()


def test_broken_mail_is_nothing_that_can_be_read() -> None:
    step = next(s for s in STEPS if isinstance(s, SendsBroken))
    with pytest.raises(Unparseable):
        parse_mail(wire.broken_mail(step))


def test_status_callback_names_the_message() -> None:
    body = wire.status_body(
        sid="SM" + "0" * 32,
        account_sid="AC" + "0" * 32,
        sender="+442079460100",
        to="+447700900161",
        status="undelivered",
        code=30003,
    )
    assert b"MessageStatus=undelivered" in body
    assert b"ErrorCode=30003" in body

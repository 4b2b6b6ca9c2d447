"""Whole mails in the shape of real clients, with invented people."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels.email.parse import ParsedMail, parse

CORPUS = Path(__file__).parent / "corpus"


def read(name: str) -> ParsedMail:
    return parse((CORPUS / f"{name}.eml").read_bytes())


@pytest.mark.parametrize(
    ("name", "author", "subject", "reply", "auto", "attachments"),
    [
        (
            "gmail-reply",
            "jane.roe@mail.example",
            "Re: Your order 1001",
            "Thank you, but the lamp is still broken – can I send it back?\n\nJane",
            "no",
            [],
        ),
        (
            "qq-reply",
            "zhangsan@mail.example",
            "回复：您的订单",
            "您好，\n我的灯还是坏的，可以退货吗？",
            "no",
            [],
        ),
        (
            "outlook-inline-image",
            "max@firma.example",
            "AW: Störung",
            "Grüße, das Gerät blinkt rot, siehe Bild.",
            "no",
            [
                ("image001.png", "image/png", 48, True),
                ("winmail.dat", "application/ms-tnef", 6, False),
            ],
        ),
        (
            "delayed",
            "MAILER-DAEMON@relay.example",
            "Delayed Mail (still being retried)",
            (
                "This is the mail system at host relay.example.\n"
                "Your message could not be delivered for 4 hours."
            ),
            "bounce",
            [
                ("", "message/delivery-status", 158, False),
                ("", "text/rfc822-headers", 82, False),
            ],
        ),
        ("list", "news@shop.example", "Spätherbst", "Offers\n\nLamp 9 €", "list", []),
        (
            "signed-japanese",
            "tanaka@kaisha.example",
            "注",
            "注文の件です。",
            "no",
            [("signature.asc", "application/pgp-signature", 67, False)],
        ),
        (
            "forward-with-mail",
            "pat@x.example",
            "Fwd: invoice",
            (
                "Please pay this, it is the one that I told you about.\n\n"
                "-------- Forwarded Message --------\n"
                "From: Billing <billing@z.example>\nSubject: invoice\n\nAmount: 10"
            ),
            "no",
            [("invoice.eml", "message/rfc822", 239, False)],
        ),
    ],
)
def test_mails(
    name: str,
    author: str,
    subject: str,
    reply: str,
    auto: str,
    attachments: list[tuple[str, str, int, bool]],
) -> None:
    parsed = read(name)
    assert parsed.from_.address == author
    assert parsed.subject == subject
    assert parsed.reply_text == reply
    assert parsed.auto == auto
    assert [
        (a.filename, a.content_type, a.size, a.inline) for a in parsed.attachments
    ] == attachments
    assert parsed.problems == ()


def test_threading_of_a_reply() -> None:
    parsed = read("gmail-reply")
    assert parsed.in_reply_to == "c1.7f3a@demo.example"
    assert parsed.references == ("c1.7f3a@demo.example",)
    assert parsed.delivered_to == ("support@demo.example",)
    assert parsed.authentication_results[0].startswith("mx.demo.example;")


def test_a_delay_names_its_mail() -> None:
    bounce = read("delayed").bounce
    assert bounce is not None
    assert bounce.original_message_id == "c1.7f3a@demo.example"
    assert bounce.recipients[0].action == "delayed"


def test_groups_are_dissolved() -> None:
    parsed = read("forward-with-mail")
    assert parsed.to == ()
    assert [(one.address, one.name) for one in parsed.cc] == [
        ("a@y.example", ""),
        ("b@y.example", "B, C"),
    ]

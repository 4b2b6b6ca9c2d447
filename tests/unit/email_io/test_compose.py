"""What leaves: right headers, nothing smuggled into them, readable again by anyone."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.compose import compose, references
from channels.email.parse import parse
from tests.unit.email_io.messages import ACCOUNT, REPLIES, outbound
from triggerhub.demo.mailbox_rules import faults
from triggerhub.domain.errors import Invalid
from triggerhub.domain.model.message import Address, Attachment, OutboundMessage


def read(message: OutboundMessage) -> EmailMessage:
    mail = compose(message, ACCOUNT, REPLIES)
    assert faults(mail.raw) == []
    parsed = message_from_bytes(mail.raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_the_headers_of_an_answer() -> None:
    mail = compose(
        outbound(in_reply_to="<q@customer.example>", references=("p@customer.example",)),
        ACCOUNT,
        REPLIES,
    )
    reply_to = REPLIES.make("support@demo.example", "tok_01")
    assert mail.sender == reply_to
    assert mail.recipient == "anna@customer.example"
    assert REPLIES.message_of(mail.message_id) == "msg_01"
    assert mail.raw.split(b"\r\nContent-Type")[0].decode().split("\r\n") == [
        'From: "Mei Chen (Demo Support)" <support@demo.example>',
        "To: Anna Lind <anna@customer.example>",
        f"Reply-To: Demo Support <{reply_to}>",
        "Subject: Re: Where is my order?",
        "Date: Sun, 01 Mar 2026 12:00:00 +0000",
        f"Message-ID: <{mail.message_id}>",
        "In-Reply-To: <q@customer.example>",
        "References: <p@customer.example> <q@customer.example>",
        "MIME-Version: 1.0",
    ]


def test_the_answer_comes_from_where_the_customer_wrote() -> None:
    account = replace(ACCOUNT, addresses=("support@demo.example", "help@demo.example"))
    for sender, mailbox in (
        ("Help@demo.example", "help@demo.example"),
        ("", "support@demo.example"),
        ("gone@demo.example", "support@demo.example"),
        ("eve@elsewhere.example", "support@demo.example"),
    ):
        mail = compose(outbound(sender=sender), account, REPLIES)
        assert parse(mail.raw).from_.address == mailbox
        assert mail.sender == REPLIES.make(mailbox, "tok_01")


def test_each_attempt_gives_the_same_bytes() -> None:
    first, second = outbound(), replace(outbound(), attempt=2)
    assert compose(first, ACCOUNT, REPLIES) == compose(second, ACCOUNT, REPLIES)


@pytest.mark.parametrize(
    ("subject", "answered"),
    [
        ("Order", "Re: Order"),
        ("Re: Order", "Re: Order"),
        ("RE: Re[2]: AW: Order", "Re: Order"),
        ("回复：回复: 订单", "Re: 订单"),
        ("Re:答复：订单", "Re: 订单"),
        ("Regarding: x", "Re: Regarding: x"),
        ("", "Re:"),
        ("Re:", "Re:"),
    ],
)
def test_one_reply_mark_however_many_there_were(subject: str, answered: str) -> None:
    assert read(outbound(subject=subject, in_reply_to="q@x.example"))["Subject"] == answered


def test_a_new_thread_keeps_its_subject() -> None:
    mail = read(outbound(subject="Re: yours"))
    assert mail["Subject"] == "Re: yours"
    assert mail["In-Reply-To"] is None
    assert mail["References"] is None
    assert mail["Auto-Submitted"] is None


def test_only_an_automatic_answer_says_so() -> None:
    raw = compose(outbound(), ACCOUNT, REPLIES, automatic=True).raw
    assert b"\r\nAuto-Submitted: auto-replied\r\n" in raw
    assert parse(raw).auto == "auto-reply"


def test_a_long_message_id_is_never_encoded() -> None:
    long = "x" * 300 + "@mail.example"
    raw = compose(outbound(in_reply_to=long, references=("a@b.example",)), ACCOUNT, REPLIES).raw
    assert faults(raw) == []
    assert f"<{long}>".encode() in raw
    assert parse(raw).references == ("a@b.example", long)
    assert parse(raw).in_reply_to == long


def test_references_grow_by_the_parent_and_are_cut_in_the_middle() -> None:
    assert references(["<a@x>", "b@x"], "c@x") == ["a@x", "b@x", "c@x"]
    assert references(["a@x", "c@x", "b@x"], "c@x") == ["a@x", "b@x", "c@x"]
    assert references(["bad one@x", "a@x\r\nBcc: y@z", "noat", ""], "") == []
    many = [f"{n}@x" for n in range(200)]
    kept = references(many, "last@x")
    assert len(kept) == 50
    assert (kept[0], kept[1], kept[-1]) == ("0@x", "152@x", "last@x")


@pytest.mark.parametrize(
    "field", ["subject", "author_name", "to_name", "to_address", "reply_token", "message_id"]
)
@given(
    before=st.text(max_size=5),
    end=st.sampled_from(["\r\n", "\n", "\r", "\x00", "\u2028", "\x85", "\x0b"]),
)
def test_no_field_takes_a_line_end(field: str, before: str, end: str) -> None:
    value = f"{before}{end}Bcc: victim@elsewhere.example"
    if field == "to_name":
        changed = {"to": Address(kind="email", address="a@b.example", name=value)}
    elif field == "to_address":
        changed = {"to": Address(kind="email", address=value)}
    else:
        changed = {field: value}  # type: ignore[dict-item] # any of the text fields
    with pytest.raises(Invalid):
        compose(outbound(**changed), ACCOUNT, REPLIES)


text = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=120)


@pytest.mark.thorough
@given(subject=text, name=text, author=text)
def test_any_words_make_a_good_header_and_come_back(subject: str, name: str, author: str) -> None:
    message = outbound(
        subject=subject,
        author_name=author,
        to=Address(kind="email", address="anna@customer.example", name=name),
    )
    raw = compose(message, ACCOUNT, REPLIES).raw
    assert faults(raw) == []
    parsed = parse(raw)
    assert "".join(parsed.subject.split()) == "".join(subject.split())
    assert [address.address for address in parsed.to] == ["anna@customer.example"]
    assert parsed.from_.address == "support@demo.example"
    assert len(parsed.reply_to) == 1


@pytest.mark.thorough
@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=400))
def test_any_text_comes_back(words: str) -> None:
    part = read(outbound(text=words)).get_body(("plain",))
    assert part is not None
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    expected = words.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    assert content.decode().replace("\r\n", "\n").rstrip("\n") == expected


def test_the_html_twin_escapes_what_was_typed() -> None:
    part = read(outbound(text="a < b\n<script>x</script>  &amp;\n")).get_body(("html",))
    assert part is not None
    shown = part.get_content().replace("\r\n", "\n")
    assert "a &lt; b<br>\n&lt;script&gt;x&lt;/script&gt;&nbsp; &amp;amp;</div>" in shown


def test_chinese_and_long_lines() -> None:
    message = outbound(text="您好，" * 2000 + "\n" + "x" * 5000 + "\n.\n.dot\nFrom here")
    parsed = parse(compose(message, ACCOUNT, REPLIES).raw)
    assert parsed.text.replace("\r\n", "\n").strip() == message.text


def test_attachments() -> None:
    files = (
        Attachment(
            filename="Rechnung März.pdf", content_type="application/pdf", size=3, data=b"%P"
        ),
        Attachment(filename="发票" * 40 + ".png", content_type="image/png", size=1, data=b"\x00"),
        Attachment(filename="", content_type="text/plain; x=y\r\nX: y", size=1, data=b"."),
        Attachment(filename="a.eml", content_type="message/rfc822", size=1, data=b"From: x"),
        Attachment(filename='../e"vil\r\n.txt', content_type="text/plain", size=0, data=b""),
    )
    raw = compose(outbound(attachments=files), ACCOUNT, REPLIES).raw
    assert faults(raw) == []
    found = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in message_from_bytes(raw, policy=default).walk()
        if part.get_content_disposition() == "attachment"
    ]
    assert found == [
        ("Rechnung März.pdf", "application/pdf", b"%P"),
        ("发票" * 40 + ".png", "image/png", b"\x00"),
        (None, "application/octet-stream", b"."),
        ("a.eml", "application/octet-stream", b"From: x"),
        ('.._e"vil__.txt', "text/plain", b""),
    ]
    missing = Attachment(filename="x", content_type="a/b", size=1, url="http://x.example")
    with pytest.raises(Invalid, match="no bytes"):
        compose(outbound(attachments=(missing,)), ACCOUNT, REPLIES)


def test_an_international_recipient() -> None:
    mail = compose(
        outbound(to=Address(kind="email", address="anna@例子.example")), ACCOUNT, REPLIES
    )
    assert (mail.recipient, mail.utf8) == ("anna@xn--fsqu00a.example", False)
    mail = compose(
        outbound(to=Address(kind="email", address="安娜@例子.example")), ACCOUNT, REPLIES
    )
    assert (mail.recipient, mail.utf8) == ("安娜@xn--fsqu00a.example", True)
    assert "To: <安娜@xn--fsqu00a.example>".encode() in mail.raw


@pytest.mark.parametrize(
    "address", ["", "anna", "a b@c.example", "<a@b.example>", "a@b,c@d.example"]
)
def test_what_is_no_address_is_not_sent_to(address: str) -> None:
    with pytest.raises(Invalid):
        compose(outbound(to=Address(kind="email", address=address)), ACCOUNT, REPLIES)


def test_an_account_names_its_sender() -> None:
    named = replace(ACCOUNT, options={"sender_name": "演示公司"})
    parsed = parse(compose(outbound(author_name=""), named, REPLIES).raw)
    assert parsed.from_.name == "演示公司"
    with pytest.raises(Invalid, match="no address"):
        compose(outbound(), replace(ACCOUNT, addresses=()), REPLIES)

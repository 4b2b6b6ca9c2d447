"""What the strict relay objects to."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triggerhub.demo.mailbox_rules import faults

GOOD = (
    b"From: Support <support@demo.example>\r\n"
    b"To: a@customer.example, B <b@customer.example>\r\n"
    b"Subject: =?utf-8?b?5L2g5aW9?=\r\n"
    b"Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@demo.example>\r\n"
    b"In-Reply-To: <0@customer.example>\r\n"
    b"References: <a@customer.example>\r\n <0@customer.example>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: base64\r\n"
    b"\r\n"
    b"5L2g5aW9\r\n"
)


def test_good_mail_has_no_faults() -> None:
    assert faults(GOOD) == []
    bare = b"From: a@b.example\r\nDate: Sun, 01 Mar 2026 12:00:00 GMT\r\nMessage-ID: <1@b>\r\n"
    assert faults(bare + b"\r\nhello\r\n") == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"Date: ", b"X-Date: ", "date: missing"),
        (b"+0000", b"-0000", "date: no time zone"),
        (b"Sun, 01 Mar 2026", b"yesterday", "date: no date"),
        (b"From: Support", b"X: Support", "from: missing"),
        (b"Message-ID: <1@", b"Message-ID: 1@", "message-id: not <left@right>"),
        (b"<1@demo.example>", b"<1 2@demo.example>", "message-id: not"),
        (b"MIME-Version", b"Message-ID: <2@demo.example>\r\nMIME-Version", "message-id: 2 times"),
        (b"MIME-Version", b"Bcc: x@y.example\r\nMIME-Version", "bcc: must not leave"),
        (b"MIME-Version: 1.0\r\n", b"", "content-type without mime-version"),
        (b"MIME-Version: 1.0", b"MIME-Version: 2.0", "mime-version: not 1.0"),
        (b"\r\n <0@customer.example>", b"\r\n 0@customer.example", "references: not a list"),
        (b"In-Reply-To: <0@customer.example>", b"In-Reply-To: your mail", "in-reply-to: not"),
        (b"To: a@customer.example", b"To: undisclosed", "to: not a list of mailboxes"),
        (b"=?utf-8?b?5L2g5aW9?=", "你好".encode(), "raw 8-bit bytes"),
        (b"=?utf-8?b?5L2g5aW9?=", b"=?utf-8?b?" + b"A" * 80 + b"?=", "an encoded word of"),
        (b"=?utf-8?b?5L2g5aW9?=", b"=?klingon?b?5L2g?=", "can't be decoded"),
        (b"5L2g5aW9\r\n", b"5L2g5aW\r\n", "broken base64"),
        (b"5L2g5aW9\r\n", b"5L2g" * 20 + b"\r\n", "a base64 line above 76"),
        (b"5L2g5aW9\r\n", b"5L2g\n5aW9\r\n", "a bare CR or LF"),
        (b"5L2g5aW9\r\n", b"\0\r\n", "a NUL"),
        (b"5L2g5aW9\r\n", b"a" * 999 + b"\r\n", "a line of 999 bytes"),
        (b"5L2g5aW9\r\n", b"/w==\r\n", "not utf-8"),
        (b"charset=utf-8", b"charset=klingon", "unknown charset"),
        (b"base64", b"binary", "content-transfer-encoding 'binary'"),
        (b"\r\n\r\n", b"\r\n", "no empty line after the headers"),
        (b"MIME-Version", b"not a header\r\nMIME-Version", "that is none"),
        (b"MIME-Version", b"Auto-Submitted: perhaps\r\nMIME-Version", "no value of RFC 3834"),
        (
            b"text/plain; charset=utf-8",
            b"multipart/mixed; boundary=" + b"x" * 71,
            "a boundary of 71 characters",
        ),
        (b"text/plain; charset=utf-8", b"multipart/mixed", "NoBoundary"),
    ],
)
def test_each_fault_is_named(old: bytes, new: bytes, fault: str) -> None:
    assert old in GOOD
    found = faults(GOOD.replace(old, new, 1))
    assert any(fault in text for text in found), found


def test_eight_bit_must_be_declared() -> None:
    mail = GOOD.replace(b"base64", b"8bit").replace(b"\r\n5L2g5aW9", "\r\n你好".encode())
    assert faults(mail, eight_bit=True) == []
    assert any("8BITMIME" in fault for fault in faults(mail))


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_judged(noise: bytes) -> None:
    faults(noise)
    faults(GOOD + noise)
    assert faults(noise + b"\n" + GOOD)

"""One key for one mail, whichever way it came."""

from __future__ import annotations

import base64

import pytest

from channels.email.parse import parse

MAIL = (
    b"From: a@x.example\nTo: one@demo.example, two@demo.example\nSubject: s\n"
    b"Date: Tue, 3 Mar 2026 10:00:00 +0000\nMessage-ID: <id@x.example>\n"
    b"Content-Type: text/plain; charset=utf-8\n\nhello =\nwords\n"
)
TRACE = (
    b"Return-Path: <a@x.example>\nDelivered-To: one@demo.example\nReceived: from x by y; now\n"
    b"DKIM-Signature: v=1; b=abc\nAuthentication-Results: y; dkim=pass\nX-Spam-Score: 1\n"
)


def key(raw: bytes) -> str:
    return parse(raw).dedup_key


@pytest.mark.parametrize("raw", [MAIL, MAIL.replace(b"Message-ID: <id@x.example>\n", b"")])
def test_relays_change_nothing(raw: bytes) -> None:
    other = raw.replace(b"Subject: s", b"Subject:\n s") if b"Message-ID" in raw else raw
    assert key(TRACE + other) == key(raw)
    assert key(raw.replace(b"\n", b"\r\n")) == key(raw)
    assert key(raw + b"\r\n") == key(raw)


def test_the_transfer_encoding_changes_nothing() -> None:
    head, _, body = MAIL.partition(b"\n\n")
    encoded = head + b"\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(body)
    assert key(encoded) == key(MAIL)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"hello", b"hallo"), (b"<id@", b"<other@"), (b"Message-ID: <id@x.example>\n", b"")],
)
def test_other_mails_have_other_keys(old: bytes, new: bytes) -> None:
    assert key(MAIL.replace(old, new)) != key(MAIL)


def test_mails_without_id_differ_by_what_their_authors_wrote() -> None:
    bare = MAIL.replace(b"Message-ID: <id@x.example>\n", b"")
    keys = {
        key(bare),
        key(bare.replace(b"10:00:00", b"10:00:01")),
        key(bare.replace(b"Subject: s", b"Subject: t")),
        key(bare.replace(b"a@x.example", b"b@x.example")),
    }
    assert len(keys) == 4

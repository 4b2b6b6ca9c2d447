"""One delivery, one key: stable, never empty, never by Message-ID alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.receive_key import delivery_key, told_by_headers

BODY = b"\r\n\r\nHello\r\n"


@given(st.binary(max_size=300))
def test_any_bytes_have_a_key_that_a_database_can_hold(raw: bytes) -> None:
    key = delivery_key(raw)
    assert key == delivery_key(raw)
    assert key
    assert key.isascii()
    assert key.isprintable()
    assert len(key) <= 240


def test_hops_may_add_headers() -> None:
    mail = b"Message-ID: <a@b.example>\r\nSubject: x" + BODY
    key = delivery_key(mail)
    assert key.startswith("a@b.example#")
    assert delivery_key(b"Received: from x\r\n\tby y\r\n" + mail) == key
    assert delivery_key(mail.replace(b"Message-ID: <", b"MESSAGE-Id:\r\n <")) == key


def test_the_same_id_over_another_body_is_another_delivery() -> None:
    mail = b"Message-ID: <a@b.example>" + BODY
    assert delivery_key(mail) != delivery_key(mail + b"more\r\n")


@pytest.mark.parametrize(
    "head",
    [
        b"Subject: x",
        b"Message-ID:",
        b"Message-ID: <>",
        b"Message-ID:\r\nSubject: x",
        b"X-Message-ID: <a@b.example>",
    ],
)
def test_without_an_id_every_byte_counts(head: bytes) -> None:
    key = delivery_key(head + BODY)
    assert key.startswith("#")
    assert key != delivery_key(b"X: 1\r\n" + head + BODY)


def test_an_id_in_the_body_is_none() -> None:
    assert delivery_key(b"Subject: x\r\n\r\nMessage-ID: <a@b.example>\r\n").startswith("#")


def test_a_strange_id_is_hashed() -> None:
    assert delivery_key(b"Message-ID: <" + b"a" * 5000 + b"@b>" + BODY).isascii()
    assert delivery_key(b"Message-ID: <\xff\x00@b.example>" + BODY).isprintable()
    assert delivery_key(b"Message-ID: <a" + b"x" * 300 + b">" + BODY) != delivery_key(
        b"Message-ID: <b" + b"x" * 300 + b">" + BODY
    )


@given(st.binary(max_size=300))
def test_any_bytes_tell_something_that_is_text(raw: bytes) -> None:
    told = told_by_headers(b"From: " + raw + b"\r\nMessage-ID: <" + raw)
    assert set(told) <= {"external_id", "from"}
    assert all(value.encode() for value in told.values())


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (
            b"From: Ann <ann@b.example>\r\nMessage-ID: <a@b.example>\r\n",
            {"external_id": "a@b.example", "from": "ann@b.example"},
        ),
        (
            b"Message-Id:\r\n <x@y>\r\nfrom:\r\n =?utf-8?B?546L?=\r\n <w@z>\r\n",
            {"external_id": "x@y", "from": "w@z"},
        ),
        (b'From: "a, <no@no>" <yes@b.example>, c@d\r\n', {"from": "yes@b.example"}),
        (b"From: undisclosed\r\nX-From: a@b\r\n", {}),
        (b"Subject: x\r\n\r\nFrom: in@the.body\r\n", {}),
        (b"\x00\xff", {}),
    ],
)
def test_the_two_headers_by_which_others_know_a_mail(head: bytes, told: dict[str, str]) -> None:
    assert told_by_headers(head + BODY) == told

"""Addresses, ids, dates and the rest of the header, as hostile and old senders write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.email.parse import Address, parse


def header(field: str, value: bytes) -> bytes:
    return field.encode() + b": " + value + b"\n\nhi"


@pytest.mark.parametrize(
    ("value", "address", "name"),
    [
        (b'"Doe, Jane" <jane@x.example>', "jane@x.example", "Doe, Jane"),
        (b"Doe, Jane <jane@x.example>", "jane@x.example", "Doe, Jane"),
        (b"jane@x.example (Jane Doe)", "jane@x.example", "Jane Doe"),
        (b"Jane Doe jane@x.example", "jane@x.example", "Jane Doe"),
        (b"=?utf-8?Q?J=C3=A4ne?= <jane@x.example>", "jane@x.example", "Jäne"),
        (b'"=?utf-8?Q?J=C3=A4ne?=" <jane@x.example>', "jane@x.example", "Jäne"),
        (b"=?utf-8?Q?Doe=2C_Jane?= <jane@x.example>", "jane@x.example", "Doe, Jane"),
        (b"=?gb2312?B?1cU=?= =?gb2312?B?yP0=?= <z@x.example>", "z@x.example", "张三"),
        ("张三 <z@x.example>".encode("gbk"), "z@x.example", "张三"),
        ("张三 <z@x.example>".encode(), "z@x.example", "张三"),
        (b'"boss@bank.example" <evil@x.example>', "evil@x.example", "boss@bank.example"),
        (b'"A <b@c.example>" <evil@x.example>', "evil@x.example", "A <b@c.example>"),
        (b"MAILER-DAEMON (Mail Delivery System)", "MAILER-DAEMON", "Mail Delivery System"),
        (b"Jane <jane@x.example", "jane@x.example", "Jane"),
        (b"john @ example . com", "john@example.com", ""),
        (b'"john doe"@x.example', '"john doe"@x.example', ""),
        (b"<@a,@b:joe@c.example>", "joe@c.example", ""),
        (b"Jane <mailto:jane@x.example>", "jane@x.example", "Jane"),
        ("用户@例子.公司".encode(), "用户@例子.公司", ""),
        (b"=?utf-8?B?PGphbmVAeC5leGFtcGxlPg==?=", "jane@x.example", ""),
        (b"Jane <=?utf-8?Q?jane=40x.example?=>", "jane@x.example", "Jane"),
        (b"Jane (Sales (EU)) <jane@x.example>", "jane@x.example", "Jane"),
        (b"", "", ""),
        (b"<>", "", ""),
        (b"Just A Name", "", "Just A Name"),
    ],
)
def test_from(value: bytes, address: str, name: str) -> None:
    raw = header("From", value).replace(b"\n\n", b"\nSubject: s\n\n")
    assert parse(raw).from_ == Address(address=address, name=name)


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (b"undisclosed-recipients:;", []),
        (b"Team: a@x.example, B <b@x.example>; c@x.example", ["a@x.example", "b@x.example"]),
        (b"a@x.example; b@x.example", ["a@x.example", "b@x.example"]),
        (b"root, a@x.example", ["root", "a@x.example"]),
        (b",, a@x.example ,,", ["a@x.example"]),
        (b'"unclosed a@x.example, b@x.example', ["a@x.example", "b@x.example"]),
        (b"a@x.example,\r\n\tb@x.example", ["a@x.example", "b@x.example"]),
    ],
)
def test_to(value: bytes, addresses: list[str]) -> None:
    found = [one.address for one in parse(header("To", value)).to]
    assert found[: len(addresses)] == addresses


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"<a@x.example>", "a@x.example"),
        (b"a@x.example", "a@x.example"),
        (b"<a b@x.example>", "ab@x.example"),
        (b"<long\r\n id@x.example>", "longid@x.example"),
        (b"<a@x.example> (added by mx)", "a@x.example"),
        (b"<one@x.example> <two@x.example>", "one@x.example"),
        (b"<no-at-sign>", "no-at-sign"),
        (b"<open@x.example", "open@x.example"),
        (b"<>", ""),
        (b"", ""),
    ],
)
def test_message_id(value: bytes, found: str) -> None:
    assert parse(b"From: a@x.example\n" + header("Message-ID", value)).message_id == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"<a@x> <b@x>\r\n <c@x>", ("a@x", "b@x", "c@x")),
        (b"<a@x>,<b@x>", ("a@x", "b@x")),
        (b"a@x b@x junk", ("a@x", "b@x")),
        (b"<a@x> <a@x>", ("a@x",)),
        (b'"junk" <a@x> (comment)', ("a@x",)),
        (b"", ()),
    ],
)
def test_references(value: bytes, found: tuple[str, ...]) -> None:
    assert parse(b"From: a@x.example\n" + header("References", value)).references == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"<a@x>", "a@x"),
        (b'Your message of "Mon, 1 Jan" from jane@y <a@x>', "a@x"),
        (b"a@x", "a@x"),
        (b"", ""),
    ],
)
def test_in_reply_to(value: bytes, found: str) -> None:
    assert parse(b"From: a@x.example\n" + header("In-Reply-To", value)).in_reply_to == found


@pytest.mark.parametrize(
    ("value", "date"),
    [
        (b"Tue, 3 Mar 2026 10:00:00 +0800", datetime(2026, 3, 3, 2, 0, tzinfo=UTC)),
        (b"Tue, 3 Mar 2026 10:00:00 -0000", datetime(2026, 3, 3, 10, 0, tzinfo=UTC)),
        (b"yesterday", None),
        (b"Tue, 32 Mar 2026 10:00:00 +0000", None),
        (b"Tue, 3 Mar 99999999999 10:00:00 +9999", None),
    ],
)
def test_date(value: bytes, date: datetime | None) -> None:
    assert parse(b"From: a@x.example\n" + header("Date", value)).date == date


def test_the_first_of_doubled_fields_counts_and_is_told() -> None:
    parsed = parse(b"From: a@x.example\nFrom: b@x.example\nSubject: 1\nSubject: 2\n\nhi")
    assert parsed.from_.address == "a@x.example"
    assert parsed.subject == "1"
    assert any("subject stands 2 times" in problem for problem in parsed.problems)


def test_what_routing_needs() -> None:
    parsed = parse(
        b"Return-Path: <back@x.example>\nDelivered-To: one@demo.example\n"
        b"X-Original-To: two@demo.example\nReply-To: R <r@x.example>\nSender: s@x.example\n"
        b"Authentication-Results: mx.demo.example; dkim=pass\n"
        b"Authentication-Results: forged.example; dkim=pass\nFrom: a@x.example\n\nhi"
    )
    assert parsed.return_path == "back@x.example"
    assert parsed.delivered_to == ("one@demo.example",)
    assert parsed.envelope_to == ("two@demo.example",)
    assert parsed.reply_to == (Address(address="r@x.example", name="R"),)
    assert parsed.sender.address == "s@x.example"
    assert [value.split(";")[0] for value in parsed.authentication_results] == [
        "mx.demo.example",
        "forged.example",
    ]
    assert parse(b"Return-Path: <>\nFrom: a@x.example\n\nhi").return_path == ""
    assert parse(b"From: a@x.example\n\nhi").return_path is None

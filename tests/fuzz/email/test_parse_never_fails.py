"""Any bytes end in a `ParsedMail` or in `Unparseable`, never in anything else."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from pathlib import Path

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.email.parse import ParsedMail, Unparseable, parse
from channels.email.parse.addresses import read_addresses
from channels.email.parse.charset import decode
from channels.email.parse.html_bare import bare_text
from channels.email.parse.html_text import visible_text
from channels.email.parse.inspection import inspect_bytes
from channels.email.parse.limits import DEFAULT
from channels.email.parse.problems import Problems
from channels.email.parse.reply import fold_reply
from channels.email.parse.wire import RESPONSE, read_result, result_frames

CORPUS = Path(__file__).parents[2] / "unit" / "email" / "corpus"
MAILS = [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))]
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PIECES = st.sampled_from(
    [
        *(b"\n", b"\r\n", b"\r", b"\n\n", b"\0", b" ", b"\t", b";", b'"', b"--b", b"--b--", b"--"),
        *(b"From: ", b"To: ", b"Subject: ", b"Content-Type: ", b"multipart/mixed; boundary=b"),
        *(
            b"multipart/report; report-type=delivery-status; boundary=b",
            b"text/html",
            b"text/plain",
        ),
        *(b"; charset=", b"gbk", b"utf-16", b"utf-7", b"hz", b"iso-2022-jp", b"idna", b"zlib"),
        *(b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable", b"x-uuencode"),
        *(b"message/rfc822", b"message/delivery-status", b"Content-Disposition: attachment"),
        *(b"; filename*0*=", b"utf-8''%E4%BD", b"=?utf-8?B?5L2g?=", b"=?gbk?Q?=C4?=", b"=?", b"?="),
        *(b"<a@x.example>", b"a@x", b"<", b">", b"(", b")", b",", b":", b"undisclosed:;"),
        *(b"Message-ID: ", b"References: ", b"Date: ", b"Return-Path: <>", b"MAILER-DAEMON@x"),
        *(
            b"<p>",
            b"</p>",
            b"<blockquote type=cite>",
            b"<!--",
            b"&#xd800;",
            b"<script>",
            b"<img src=",
        ),
        *(b"On Mon, 1 Jan 2024 a@x wrote:", b"> ", b"-- ", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b$B"),
        *(
            "你好".encode(),
            "你好".encode("gbk"),
            b"\xed\xa0\x80",
            b"\xf0\x9f",
            b"begin 644 x",
            b"+2AA-",
        ),
    ]
)


def sound(value: object) -> None:
    """Every string is encodable and free of NULs, all the way down."""
    if isinstance(value, str):
        value.encode()
        assert "\0" not in value
    elif isinstance(value, tuple):
        for one in value:
            sound(one)
    elif is_dataclass(value):
        for field in fields(value):
            sound(getattr(value, field.name))


def read(raw: bytes) -> tuple[ParsedMail | None, tuple[str, ...]]:
    try:
        mail = parse(raw)
    except Unparseable as exc:
        return None, exc.problems
    return mail, mail.problems


def check(raw: bytes) -> None:
    mail, problems = read(raw)
    sound(problems)
    assert mail is not None or problems
    if mail is not None:
        sound(mail)
        for one in mail.attachments:
            assert one.size == len(one.content)
            assert one.sha256 == hashlib.sha256(one.content).hexdigest()
            assert "/" not in one.filename
        assert not any(c in mail.message_id for c in "<>")
        assert mail.text or not mail.reply_text or mail.html
        assert crossed(mail) == mail
    line = b"".join(inspect_bytes(b"f", raw))
    assert len(line.decode().splitlines()) == 1
    assert orjson.loads(line)["ok"] is (mail is not None)


def crossed(mail: ParsedMail) -> ParsedMail:
    frames = b"".join(result_frames(mail))
    ok, size, more = RESPONSE.unpack_from(frames)
    body = frames[RESPONSE.size :]
    assert len(body) == size + more
    return read_result(ok, body[:size], body[size:])


@SLOW
@given(st.binary(max_size=2000))
def test_random_bytes(raw: bytes) -> None:
    check(raw)


@SLOW
@given(st.lists(st.one_of(PIECES, st.binary(max_size=5)), max_size=60).map(b"".join))
def test_pieces_of_mails(raw: bytes) -> None:
    check(raw)


@SLOW
@given(st.lists(PIECES, max_size=30).map(b"".join), st.lists(PIECES, max_size=30).map(b"".join))
def test_pieces_behind_a_header(head: bytes, body: bytes) -> None:
    check(
        b"From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n"
        + head
        + b"\n\n--b\n"
        + body
    )


@SLOW
@given(st.data())
def test_mutated_mails(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(MAILS)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, max(len(raw) - 1, 0)))
        length = data.draw(st.integers(0, 40))
        raw[at : at + length] = data.draw(st.one_of(st.binary(max_size=20), PIECES))
    check(bytes(raw))


@SLOW
@given(st.data())
def test_cut_mails(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from(MAILS))
    check(raw[: data.draw(st.integers(0, len(raw)))])


@SLOW
@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "gbk", "utf-7", "utf-16", "hz", "x"]))
def test_decoding(data: bytes, label: str) -> None:
    text, _ = decode(data, label)
    sound(text)


@SLOW
@given(st.binary(max_size=300))
def test_addresses(value: bytes) -> None:
    for one in read_addresses([value], DEFAULT, Problems()):
        sound(one)
        assert one.address


@SLOW
@given(st.text(max_size=500))
def test_html_text(source: str) -> None:
    visible_text(source)
    bare_text(source)


LINES = st.sampled_from(
    [
        *("new words", "> quoted", ">> deeper", "", "-- ", "Sent from my iPhone", "发自我的iPhone"),
        *("On Tue, 3 Mar 2026 at 09:00, S <s@x.example> wrote:", "-----Original Message-----"),
        *("From: S <s@x.example>", "Sent: Tuesday", "To: J", "Subject: x", "发件人: S", "主题: y"),
        *("---------- Forwarded message ---------", "在 2026-03-03，S 写道：", "________________"),
    ]
)


@SLOW
@given(st.lists(LINES, max_size=25).map("\n".join), st.sampled_from(["", "Re: x", "Fwd: x"]))
def test_folding_only_takes_away(text: str, subject: str) -> None:
    folded = fold_reply(text, subject)
    lines = [line.strip() for line in text.split("\n")]
    for line in folded.split("\n"):
        assert not line or line in lines or f"> {line}" in lines or f">> {line}" in lines
    if "new words" in lines and not folded:
        raise AssertionError(text)


@SLOW
@given(st.text(max_size=400))
def test_folding_survives_any_text(text: str) -> None:
    fold_reply(text)

"""Every limit: what is beyond it is told, and what is within it is read."""

from __future__ import annotations

import time

import pytest

from channels.email.parse import Limits, ParsedMail, parse
from tests.unit.email.mails import HEAD, PLAIN, mail, multipart


def told(parsed: ParsedMail, words: str) -> bool:
    return any(problem.startswith("limit:") and words in problem for problem in parsed.problems)


def test_parts() -> None:
    parts = [PLAIN + f"part{n}." for n in range(50)]
    parsed = parse(mail(multipart("mixed", *parts)), limits=Limits(parts=10))
    assert "part0." in parsed.text
    assert "part8." in parsed.text
    (rest,) = parsed.attachments
    assert b"part49." in rest.content
    assert told(parsed, "more than 10 parts")


def test_many_parts_of_a_real_limit() -> None:
    parsed = parse(mail(multipart("mixed", *([PLAIN + "x"] * 10_000))))
    assert told(parsed, "more than 1000 parts")
    assert len(parsed.attachments) == 1


@pytest.mark.parametrize("depth", [21, 500, 5000])
def test_depth(depth: int) -> None:
    nested = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth)
    )
    parsed = parse(mail(nested + PLAIN + "deep"))
    (kept,) = parsed.attachments
    assert kept.content.endswith(b"deep")
    assert told(parsed, "nested deeper than 20")


def test_depth_within() -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(20))
    assert parse(mail(nested + PLAIN + "deep")).text == "deep"


def test_size() -> None:
    parsed = parse(mail("\n" + "x" * 1000), limits=Limits(mail_bytes=500))
    assert len(parsed.text) < 500
    assert told(parsed, "longer than 500 bytes")


def test_html_of_a_large_mail() -> None:
    limits = Limits(large_mail_bytes=5000, html_bytes_in_large=300)
    shown = "Content-Type: text/html\n\n<p>a <b>shown</b> mail</p>"
    file = "Content-Type: application/zip\n\n" + "x" * 6000
    small = parse(mail(multipart("mixed", shown, file)), limits=limits)
    assert "<b>shown</b>" in small.html
    large = parse(mail(multipart("mixed", shown + " word" * 100, file)), limits=limits)
    assert "<b>" not in large.html
    assert large.text.startswith("a shown mail")
    two = parse(mail(multipart("mixed", *[shown + " word" * 30] * 2, file)), limits=limits)
    assert two.html.count("<b>") == 1


def test_headers() -> None:
    long = parse(HEAD.encode() + b"X-Long: " + b"a" * 2_000_000 + b"\n\nbody")
    assert long.text == "body"
    assert told(long, "x-long is too long")
    many = parse(HEAD.encode() + b"X-A: b\n" * 300_000 + b"\nbody")
    assert many.text == "body"
    assert told(many, "header block is too long")


def test_references_keep_the_first_and_the_newest() -> None:
    ids = " ".join(f"<{n}@x.example>" for n in range(20_000))
    parsed = parse(f"From: a@x.example\nReferences: {ids}\n\nhi".encode())
    assert len(parsed.references) == 5000
    assert parsed.references[0] == "0@x.example"
    assert parsed.references[-1] == "19999@x.example"
    assert told(parsed, "references were kept")


def test_recipients() -> None:
    to = ", ".join(f"u{n}@x.example" for n in range(6000))
    parsed = parse(f"From: a@x.example\nTo: {to}\n\nhi".encode())
    assert len(parsed.to) == 5000
    assert told(parsed, "addresses were read")


def test_folding_of_a_long_text_loses_no_new_words() -> None:
    words = "\n".join(f"line {n}" for n in range(20_000))
    parsed = parse(mail(f"\n{words}"))
    assert parsed.reply_text == words
    quoted = parse(mail(f"\nnew\n\nOn Tue, 3 Mar 2026, S <s@x.example> wrote:\n> {words}"))
    assert quoted.reply_text.startswith("new")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Subject", "=?a?b?" * 80_000),
        ("Subject", "=?utf-8?B?5L2g?= " * 25_000),
        ("To", "a, " * 150_000),
        ("To", '"\\' * 200_000),
        ("To", "(" * 400_000),
        ("To", "<" * 400_000),
        ("To", "=?a?b?" * 80_000),
        ("References", "a" * 400_000),
        ("Message-ID", "<" * 400_000),
        ("Content-Type", "text/plain" + "; a*0*=x" * 50_000),
        ("Content-Type", "text/plain" + " ;" * 200_000),
        ("Date", "1 " * 200_000),
    ],
)
def test_no_header_takes_quadratic_time(field: str, value: str) -> None:
    began = time.process_time()
    assert parse(f"From: a@x.example\n{field}: {value}\n\nhi".encode()).text == "hi"
    assert time.process_time() - began < 4


@pytest.mark.parametrize(
    "line",
    ["-" * 480 + "x", "- " * 240 + "x", " " * 480 + "x", "On " + "a " * 240, "From: a", "> a >"],
)
def test_no_line_takes_long_to_fold(line: str) -> None:
    began = time.process_time()
    parse(mail("\n" + f"{line}\n" * 20_000))
    assert time.process_time() - began < 4

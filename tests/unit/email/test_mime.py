"""What is text and what is an attachment, in every shape a mail comes in."""

from __future__ import annotations

import base64
import hashlib

import pytest

from channels.email.parse import ParsedMail, Unparseable, parse
from tests.unit.email.mails import HEAD, HTML, PLAIN, mail, multipart

PDF = "Content-Type: application/pdf; name=x.pdf\n\nPDF"
IMAGE = (
    "Content-Type: image/png; name=i.png\nContent-ID: <i1>\n"
    "Content-Transfer-Encoding: base64\n\niVBORw0="
)
SMIME = (
    "Content-Type: application/pkcs7-mime; name=smime.p7m\n"
    "Content-Transfer-Encoding: base64\n\nMIIB"
)
UNCLOSED = f"Content-Type: multipart/alternative; boundary=in\n\n--in\n{PLAIN}hi\n--in\n{HTML}x"
INNER = "From: q@x.example\nSubject: in\n\ninner\n"


def shape(parsed: ParsedMail) -> list[tuple[str, str, int, bool]]:
    return [(a.filename, a.content_type, a.size, a.inline) for a in parsed.attachments]


@pytest.mark.parametrize(
    ("rest", "text", "attachments"),
    [
        ("\nhi\n", "hi", []),
        (multipart("mixed", PLAIN + "one", PLAIN + "two"), "one\n\ntwo", []),
        (multipart("mixed", PLAIN + "hi", PDF), "hi", [("x.pdf", "application/pdf", 3, False)]),
        (multipart("alternative", PLAIN + " ", HTML + "<p>real</p>"), "real", []),
        (multipart("alternative", PLAIN + "plain", HTML + "<p>rich</p>"), "plain", []),
        (
            multipart("mixed", PLAIN + "hi", "Content-Type: text/plain; name=n.txt\n\nnotes"),
            "hi",
            [("n.txt", "text/plain", 5, False)],
        ),
        (
            multipart("mixed", PLAIN + "hi", "Content-Disposition: attachment\n\nnotes"),
            "hi",
            [("", "text/plain", 5, False)],
        ),
        (
            multipart("mixed", PLAIN + "hi", "Content-Disposition: inline; filename=a.txt\n\nx"),
            "hi\n\nx",
            [],
        ),
        ("Content-Type: text/plain; name=body.txt\n\nhi", "hi", []),
        (
            "Content-Disposition: attachment; filename=a.txt\n\nhello",
            "",
            [("a.txt", "text/plain", 5, False)],
        ),
        (
            multipart(
                "mixed",
                multipart(
                    "related",
                    multipart(
                        "alternative",
                        PLAIN + "hi",
                        HTML + '<img src="cid:i1">',
                        boundary="c",
                    ),
                    IMAGE,
                    boundary="d",
                ),
                "Content-Type: message/rfc822\n\n" + INNER,
            ),
            "hi",
            [("i.png", "image/png", 5, True), ("", "message/rfc822", len(INNER), False)],
        ),
        (
            multipart("signed", PLAIN + "hi", "Content-Type: application/pgp-signature\n\nSIG"),
            "hi",
            [("", "application/pgp-signature", 3, False)],
        ),
        (
            SMIME,
            "",
            [("smime.p7m", "application/pkcs7-mime", 3, False)],
        ),
        (
            "Content-Type: message/partial; id=x; number=1\n\nFrom: x\n\nhi",
            "",
            [("", "message/partial", 11, False)],
        ),
        (
            multipart("digest", "\n" + INNER, "\n" + INNER),
            "",
            [("", "message/rfc822", len(INNER), False)] * 2,
        ),
        ("Content-Type: multipart/mixed\n\n--zz\nContent-Type: text/plain\n\nhi\n--zz--", "hi", []),
        (
            "Content-Type: multipart/mixed; boundary=aa\n\n--zz\nContent-Type: text/plain\n\nhi",
            "hi",
            [],
        ),
        ("Content-Type: multipart/mixed; boundary=aa\n\njust words\n", "just words", []),
        ("Content-Type: multipart/mixed; boundary=aa\n\n--aa\n\nhi\n", "hi", []),
        (
            multipart("mixed", multipart("alternative", PLAIN + "hi", HTML + "<p>hi</p>"), PDF),
            "hi",
            [("x.pdf", "application/pdf", 3, False)],
        ),
        (
            multipart(
                "mixed",
                UNCLOSED,
                PDF,
            ),
            "hi",
            [("x.pdf", "application/pdf", 3, False)],
        ),
        ("Content-Type: nonsense\n\nhi", "", [("", "application/octet-stream", 2, False)]),
        ("Content-Transfer-Encoding: x-new\n\nhi", "hi", []),
        (
            multipart(
                "mixed",
                PLAIN + "hi",
                "Content-Type: application/octet-stream; name=a.txt\n"
                "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a.txt\n#86)C\n`\nend",
            ),
            "hi",
            [("a.txt", "application/octet-stream", 3, False)],
        ),
    ],
)
def test_shapes(rest: str, text: str, attachments: list[tuple[str, str, int, bool]]) -> None:
    parsed = parse(mail(rest))
    assert parsed.text == text
    assert shape(parsed) == attachments


def test_crlf_content_keeps_its_bytes() -> None:
    rest = multipart("mixed", PLAIN + "hi", "Content-Disposition: attachment\n\none\ntwo")
    parsed = parse(mail(rest).replace(b"\n", b"\r\n"))
    assert parsed.text == "hi"
    assert parsed.attachments[0].content == b"one\r\ntwo"
    assert parsed.attachments[0].sha256 == hashlib.sha256(b"one\r\ntwo").hexdigest()


def test_an_attached_mail_is_whole() -> None:
    rest = multipart("mixed", PLAIN + "hi", "Content-Type: message/rfc822\n\n" + INNER)
    (attached,) = parse(mail(rest)).attachments
    assert attached.content == INNER.encode()


@pytest.mark.parametrize(
    ("body", "content", "problem"),
    [
        (base64.b64encode(b"hello!!").decode().rstrip("="), b"hello!!", "padding"),
        ("aGVs!!bG8g\n d29ybGQ=", b"hello world", "alphabet"),
        ("aGVsbG8=aGVsbG8=", b"hellohello", "middle"),
        ("aGVsbG8h\nA", b"hello!", "cut"),
        ("aGVsbG8=\n-- \nlist footer", b"hello", "below"),
        ("aGVsbG8h\n\n____\nlist footer", b"hello!", "below"),
        ("", b"", ""),
    ],
)
def test_broken_base64_goes_as_far_as_it_goes(body: str, content: bytes, problem: str) -> None:
    rest = f"Content-Type: image/png\nContent-Transfer-Encoding: BASE64\n\n{body}"
    parsed = parse(mail(rest))
    assert parsed.attachments[0].content == content
    assert not problem or problem in " ".join(parsed.problems)


def test_broken_quoted_printable() -> None:
    rest = "Content-Transfer-Encoding: quoted-printable\n\na=\nb =3D =ZZ = c=E4=BD=A0\n"
    assert parse(mail(rest)).text == "ab = =ZZ = c你"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename*=utf-8''%E4%BD%A0%E5%A5%BD.pdf", "你好.pdf"),
        ("attachment; filename*0*=utf-8''%E4%BD%A0; filename*1=\".pdf\"", "你.pdf"),
        ('attachment; filename="=?utf-8?B?5L2g5aW9LnBkZg==?="', "你好.pdf"),
        ("attachment; filename==?gbk?B?xOO6wy5wZGY=?=", "你好.pdf"),
        ("attachment; filename=my file.pdf", "my file.pdf"),
        ("attachment; filename*=gbk''%C4%E3%BA%C3.pdf; filename=x.pdf", "你好.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\dir\\a.doc"', "a.doc"),
        ('attachment; filename="a;b.pdf"', "a;b.pdf"),
        ('attachment; filename="evil\u202efdp.exe"', "evilfdp.exe"),
        ('attachment; filename*0="long"; filename*1="name"; filename*2=".pdf"', "longname.pdf"),
        ('attachment; filename="你好.pdf"', "你好.pdf"),
        ('attachment; filename=""', ""),
        ("attachment filename=x.pdf", "x.pdf"),
        ('attachment; filename="unclosed.pdf', "unclosed.pdf"),
        ('attachment; filename="=?utf-8?B?5L2g?=\n =?utf-8?B?5aW9LnBkZg==?="', "你好.pdf"),
    ],
)
def test_file_names(disposition: str, name: str) -> None:
    part = f"Content-Type: application/pdf\nContent-Disposition: {disposition}\n\nPDF"
    parsed = parse(mail(multipart("mixed", PLAIN + "hi", part)))
    assert [a.filename for a in parsed.attachments] == [name]


def test_a_calendar_alternative_is_read_and_kept() -> None:
    calendar = "Content-Type: text/calendar; method=request\n\nBEGIN:VCALENDAR\nEND:VCALENDAR"
    parsed = parse(mail(multipart("alternative", PLAIN + "come", calendar)))
    assert parsed.calendar is not None
    assert parsed.calendar.method == "REQUEST"
    assert parsed.calendar.text.startswith("BEGIN:VCALENDAR")
    assert shape(parsed) == [("", "text/calendar", 29, False)]


def test_flowed_text_is_joined() -> None:
    rest = "Content-Type: text/plain; format=flowed\n\nthis is \none line\n> q1 \n> q2\n-- \nJane"
    parsed = parse(mail(rest))
    assert parsed.text == "this is one line\n> q1 q2\n-- \nJane"
    assert parsed.reply_text == "this is one line"
    rest = "Content-Type: text/plain; format=flowed; delsp=yes; charset=utf-8\n\n你 \n好\n"
    assert parse(mail(rest)).text == "你好"


def test_html_beside_a_footer_is_among_the_new_words() -> None:
    rest = multipart("mixed", HTML + "<p>body words</p>", PLAIN + "list footer")
    parsed = parse(mail(rest))
    assert parsed.text == "list footer"
    assert parsed.reply_text == "body words\n\nlist footer"


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n\r\n", b"\0" * 100, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"]
)
def test_what_is_no_mail_is_refused(raw: bytes) -> None:
    with pytest.raises(Unparseable) as caught:
        parse(raw)
    [problem] = caught.value.problems
    code, _, words = problem.partition(": ")
    assert (caught.value.code, str(caught.value)) == (f"mail_{code}", words)


def test_a_parser_that_was_taken_over_gives_no_codes() -> None:
    lie = Unparseable(["erased: nothing to see", "binary: or so"])
    assert (lie.code, str(lie)) == ("unparseable", "erased: nothing to see; binary: or so")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"just words\nmore words", "just words\nmore words"),
        (f"{HEAD}Hello there\nsecond line\n".encode(), "Hello there\nsecond line"),
        (f"From a@x Mon Jan  1 00:00:00 2024\n{HEAD}\nhi".encode(), "hi"),
        (b"\xef\xbb\xbf" + mail("\nhi"), "hi"),
        (mail("\nhi 你").decode().encode("utf-16"), "hi 你"),
        (mail("\nhi\nyou").replace(b"\n", b"\r"), "hi\nyou"),
        (mail("\nhi\0you"), "hiyou"),
        (b"\n\n" + mail("\nhi"), "hi"),
        (HEAD.encode(), ""),
        (mail("\nhi").replace(b"Subject", b"garbage line\nSubject"), "hi"),
        (mail("\nhi\nyou").replace(b"\n", b"\r\r\n"), "hi\nyou"),
    ],
)
def test_beginnings(raw: bytes, text: str) -> None:
    assert parse(raw).text == text

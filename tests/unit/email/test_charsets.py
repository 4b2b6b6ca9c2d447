"""Text in every charset, declared rightly, wrongly, or not at all."""

from __future__ import annotations

import pytest

from channels.email.parse import parse
from channels.email.parse.charset import codec_for, decode
from tests.unit.email.mails import HEAD

CHINESE = "你好，我的订单没有收到。"


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("big5", "big5", "你好嗎"),
        ("koi8-r", "koi8-r", "Привет"),
        ("iso-2022-jp", "iso-2022-jp", "日本語"),
        ("hz-gb-2312", "hz", "你好"),
        ("utf-7", "utf-7", "日本語"),
        ("utf-16", "utf-16", "你好"),
        ("utf-16le", "utf-16le", "你好"),
        ("shift_jis", "cp932", "日本語①"),
        ("euc-kr", "euc-kr", "안녕"),
        ("windows-1251", "cp1251", "Привет"),
        ("gb2312", "gb18030", "𠀀你好镕"),
        ("ks_c_5601-1987", "cp949", "안녕"),
        ("windows-874", "cp874", "สวัสดี"),
        ("iso-8859-1", "cp1252", "Größe – “fête”"),
        ("us-ascii", "utf-8", "你好"),
        ("iso-8859-1", "utf-8", "你好"),
        ("iso-8859-1", "gbk", CHINESE),
        ("utf-8", "gbk", CHINESE),
        ("gb2312", "utf-8", CHINESE),
        ("x-foo", "utf-8", CHINESE),
        ("zlib", "utf-8", CHINESE),
        ("", "latin-1", "Größe Müßig Äußerung fête déjà"),
        ("", "gbk", CHINESE),
        ("", "big5", "你好，我的訂單還沒有收到，請幫我查詢一下，謝謝您的協助。"),
        ("", "cp932", "お世話になっております。注文した商品がまだ届いていません。"),
        ("", "koi8-r", "Здравствуйте, мой заказ не пришёл."),
        ("", "cp1251", "Здравствуйте, мой заказ не пришёл."),
        ("", "iso-2022-jp", "日本語のテスト"),
    ],
)
def test_bodies(label: str, codec: str, text: str) -> None:
    kind = f'Content-Type: text/plain; charset="{label}"\n' if label else ""
    assert parse(f"{HEAD}{kind}\n".encode() + text.encode(codec)).text == text


@pytest.mark.parametrize(
    "label",
    ["zlib", "rot13", "idna", "punycode", "unicode_escape", "../x", "a\0b", "utf-8" * 50, "", "é"],
)
def test_no_codec_that_is_no_charset(label: str) -> None:
    assert codec_for(label) is None
    assert decode(b"caf\xc3\xa9", label)[0] == "café"


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        (b"=?utf-8?B?5L2g?= =?utf-8?B?5aW9?=", "你好"),
        (b"=?utf-8?B?5L0=?= =?utf-8?B?oOWlvQ==?=", "你好"),
        (b"=?utf-8?B?5L2?=\r\n =?utf-8?B?g5aW9?=", "你好"),
        (b"=?gbk?Q?=C4=E3?=\r\n\t=?gbk?Q?=BA=C3?= tail", "你好 tail"),
        (b"=?UTF-8?Q?=F0=9F?= =?UTF-8?Q?=98=80?=", "😀"),
        (b"Re: =?utf-8?Q?a_b?=c", "Re: a bc"),
        (b"=?utf-8?Q?a b?=", "a b"),
        (b"=?utf-8?q?What?_=3D_ok?=", "What? = ok"),
        (b'"=?utf-8?B?5L2g?="', '"你"'),
        (b"=?us-ascii?B?5L2g5aW9?=", "你好"),
        (b"=?x-foo?B?5L2g5aW9?=", "你好"),
        (b"=?utf-8*en?Q?hi?=", "hi"),
        (b"=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        (b"=?utf-8?B?5L2g5aW9", "你好"),
        (b"=?utf-8?B??=", ""),
        (b"=?utf-8?Q?in=0D=0ABcc:_x?=", "in Bcc: x"),
        (b"a\r\n b", "a b"),
        ("Grüße".encode("latin-1"), "Grüße"),
        ("你好".encode("gbk"), "你好"),
        ("Привет мир как дела".encode("koi8-r"), "Привет мир как дела"),
        ("日本語のテスト".encode("iso-2022-jp"), "日本語のテスト"),
    ],
)
def test_subjects(value: bytes, subject: str) -> None:
    assert parse(b"From: a@x.example\r\nSubject: " + value + b"\r\n\r\nhi").subject == subject


def test_raw_headers_take_the_charset_of_the_text() -> None:
    head = b"From: a@x.example\nSubject: " + "你好嗎".encode("big5")
    parsed = parse(head + b"\nContent-Type: text/plain; charset=big5\n\nhi")
    assert parsed.subject == "你好嗎"


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "utf-32", "utf-7", "unicode", "cp037"])
def test_raw_headers_are_never_of_a_charset_that_ascii_is_not_in(charset: str) -> None:
    head = b'From: "M\xfcller" <real@x.example>\nSubject: Gr\xfc\xdfe + mehr +AGE-\n'
    parsed = parse(head + f"Content-Type: text/plain; charset={charset}\n\nhi".encode())
    assert (parsed.from_.address, parsed.from_.name) == ("real@x.example", "Müller")
    assert parsed.subject == "Grüße + mehr +AGE-"

"""Forms, honest and hostile, into an ``InboundSms`` or a reasoned refusal."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import unquote_to_bytes, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.sms import form
from channels.sms.parse import Location, MediaRef, SmsAddress, address_of, parse
from triggerhub.domain.errors import Rejected, TooLarge

SID = "SM" + "0f" * 16
ACCOUNT = "AC" + "1e" * 16
BASE = {
    "MessageSid": SID,
    "SmsSid": SID,
    "SmsMessageSid": SID,
    "AccountSid": ACCOUNT,
    "From": "+12025550123",
    "To": "+12025550100",
    "Body": "Where is my order?",
    "NumMedia": "0",
    "NumSegments": "1",
    "FromCity": "WASHINGTON",
    "FromState": "DC",
    "FromZip": "20001",
    "FromCountry": "US",
    "ToCountry": "US",
    "ApiVersion": "2010-04-01",
}


def encoded(**changes: str | None) -> bytes:
    fields = {**BASE, **changes}
    return urlencode({k: v for k, v in fields.items() if v is not None}).encode()


def test_a_plain_message() -> None:
    sms = parse(encoded())
    assert sms.message_sid == SID
    assert sms.account_sid == ACCOUNT
    assert sms.messaging_service_sid is None
    assert sms.network == "sms"
    assert sms.sender == SmsAddress(network="sms", kind="number", value="+12025550123")
    assert sms.recipient.wire == "+12025550100"
    assert sms.text == "Where is my order?"
    assert sms.media == ()
    assert sms.segments == 1
    assert sms.opt_out is None


def test_whatsapp_is_the_same_hook_with_another_network() -> None:
    sms = parse(
        encoded(From="whatsapp:+8613800000001", To="whatsapp:+12025550100", ProfileName="王小明")
    )
    assert sms.network == "whatsapp"
    assert sms.sender.value == "+8613800000001"
    assert sms.sender.wire == "whatsapp:+8613800000001"
    assert sms.profile_name == "王小明"


def test_a_whatsapp_reply_names_what_it_answers() -> None:
    replied = "SM" + "ab" * 16
    assert parse(encoded(OriginalRepliedMessageSid=replied)).replied_to_sid == replied
    assert parse(encoded(OriginalRepliedMessageSid="wamid.x")).replied_to_sid is None


def test_a_shared_place() -> None:
    sms = parse(encoded(Latitude="31.23", Longitude="-121.47", Label="Bund", Address="1 Road"))
    assert sms.location == Location(latitude="31.23", longitude="-121.47", label="Bund, 1 Road")
    assert parse(encoded(Latitude="north", Longitude="1")).location is None


def test_text_is_kept_as_it_came() -> None:
    assert parse(encoded(Body=" 你好\n😀 &=+% ")).text == " 你好\n😀 &=+% "
    assert parse(encoded(Body="")).text == ""
    assert parse(encoded(Body=None)).text == ""


def test_a_nul_is_left_out() -> None:
    """No database keeps one in a text."""
    sms = parse(encoded(Body="a\x00b", ProfileName="\x00Ann"))
    assert (sms.text, sms.profile_name) == ("ab", "Ann")


def test_the_old_name_of_the_sid_will_do() -> None:
    assert parse(encoded(MessageSid=None, SmsMessageSid=None)).message_sid == SID


def test_media_in_order() -> None:
    sms = parse(
        encoded(
            NumMedia="2",
            MediaUrl0="https://api.example/a",
            MediaContentType0="image/JPEG; x=1",
            MediaUrl1="https://api.example/b",
            MediaContentType1="nonsense",
            MediaUrl2="https://api.example/not-announced",
        )
    )
    assert sms.media == (
        MediaRef(url="https://api.example/a", content_type="image/jpeg"),
        MediaRef(url="https://api.example/b", content_type="application/octet-stream"),
    )


@pytest.mark.parametrize("word", ["STOP", "START", "HELP"])
def test_opting_out_is_told(word: str) -> None:
    assert parse(encoded(OptOutType=word)).opt_out == word
    assert parse(encoded(OptOutType="OTHER")).opt_out is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"From": None}, "From is missing"),
        ({"From": ""}, "From is missing"),
        ({"To": None}, "To is missing"),
        ({"From": "+0123"}, "neither a number"),
        ({"From": "<script>"}, "neither a number"),
        ({"From": "9" * 65}, "longer than"),
        ({"From": "whatsapp:+12025550123"}, "From is on whatsapp, To is on sms"),
        ({"AccountSid": None}, "AccountSid is missing"),
        ({"AccountSid": "AC1"}, "AccountSid has the wrong form"),
        ({"MessageSid": "x" * 34}, "MessageSid has the wrong form"),
        ({"MessageSid": SID + "\n"}, "MessageSid has the wrong form"),
        ({"MessageSid": None, "SmsSid": None, "SmsMessageSid": None}, "MessageSid is missing"),
        ({"MessagingServiceSid": "MG"}, "MessagingServiceSid"),
        ({"NumMedia": "11"}, "at most 10"),
        ({"NumMedia": "-1"}, "NumMedia is no count"),
        ({"NumMedia": "9" * 40}, "NumMedia is no count"),
        ({"NumMedia": "1"}, "MediaUrl0 is missing"),
        ({"NumMedia": "1", "MediaUrl0": "file:///etc/passwd"}, "no web address"),
        ({"NumMedia": "1", "MediaUrl0": "https://" + "a" * 2048}, "no web address"),
        ({"Body": "x" * 10_001}, "at most 10000"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, str | None], reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        parse(encoded(**changes))


def test_bytes_that_are_not_utf8_are_refused_by_name() -> None:
    with pytest.raises(Rejected, match=r"Body is not UTF-8 \(byte 1\)"):
        parse(encoded(Body=None) + b"&Body=a%C4%E3")


def test_a_name_given_twice_must_say_the_same() -> None:
    assert parse(encoded() + b"&From=%2B12025550123").sender.value == "+12025550123"
    with pytest.raises(Rejected, match="From is given twice"):
        parse(encoded() + b"&From=%2B12025550999")


def test_unknown_names_are_not_read() -> None:
    assert parse(encoded() + b"&Fro=m%2B1&%FF%FE=%FF") == parse(encoded())


def test_limits_of_the_form() -> None:
    with pytest.raises(TooLarge, match="at most 65536"):
        parse(b"a" * (form.MAX_BYTES + 1))
    with pytest.raises(TooLarge, match="more than 256 fields"):
        parse(b"a=1&" * form.MAX_FIELDS)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [("+442079460000", "number"), ("12345", "short_code"), ("ACME Ltd", "name")],
)
def test_kinds_of_addresses(raw: str, kind: str) -> None:
    address = address_of(raw)
    assert address is not None
    assert address.kind == kind


@pytest.mark.parametrize(
    "raw", ["", "+", "whatsapp:", "whatsapp:12345", "whatsapp:ACME", "tel:+12025550100"]
)
def test_what_is_no_address(raw: str) -> None:
    assert address_of(raw) is None


_TEXT = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80
)


@settings(deadline=None)
@given(_TEXT)
def test_any_text_survives(text: str) -> None:
    assert parse(encoded(Body=text)).text == text


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_message_or_a_reason(noise: bytes) -> None:
    for body in (noise, encoded() + b"&" + noise, noise + encoded()):
        with suppress(Rejected):
            assert parse(body).message_sid


@settings(deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=20))
def test_fields_decode_as_the_standard_library_does(pairs: list[tuple[bytes, bytes]]) -> None:
    body = urlencode(pairs).encode()
    assert form.decode(body) == tuple(pairs)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"&", b"=", b"+", b"%", b"%26", b"%3D", b"%3d", b"2", b"6", b"a"]))
)
def test_no_escape_makes_a_separator(parts: list[bytes]) -> None:
    body = b"".join(parts)
    one_by_one = [
        tuple(unquote_to_bytes(half) for half in pair.replace(b"+", b" ").partition(b"=")[::2])
        for pair in body.split(b"&")
        if pair
    ]
    assert form.decode(body) == tuple(one_by_one)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(BASE)), _TEXT))
def test_hostile_values_of_known_names(changes: dict[str, str]) -> None:
    with suppress(Rejected):
        assert parse(encoded(**changes)).message_sid

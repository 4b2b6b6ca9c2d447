"""The vendor's own vectors, and the traps around them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from channels.sms.form import Fields, decode
from channels.sms.signature import SignedUrl, sign, verify_body, verify_form

if TYPE_CHECKING:
    from typing import Protocol

    class Validator(Protocol):
        def compute_signature(self, uri: str, params: object) -> str: ...


TOKEN = "12345"
PATH = "https://mycompany.com/myapp.php"
QUERY = "foo=1&bar=2"
CALL: Fields = (
    (b"CallSid", b"CA1234567890ABCDE"),
    (b"Caller", b"+14158675309"),
    (b"Digits", b"1234"),
    (b"From", b"+14158675309"),
    (b"To", b"+18005551212"),
)
REPEATED: Fields = (
    (b"Sid", b"CA123"),
    (b"SidAccount", b"AC123"),
    (b"Digits", b"5678"),
    (b"Digits", b"1234"),
    (b"Digits", b"1234"),
)
BODY = b'{"property": "value", "boolean": true}'
BODY_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


def _form(signature: str, fields: Fields, url: str = PATH, *tokens: str) -> bool:
    return verify_form(
        signature,
        urls=SignedUrl(url).with_query(QUERY),
        fields=fields,
        tokens=tokens or (TOKEN,),
    )


@pytest.mark.parametrize(
    ("fields", "signature"),
    [
        (CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (tuple(reversed(CALL)), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
    ],
)
@pytest.mark.parametrize("url", [PATH, PATH.replace(".com/", ".com:443/")])
def test_vectors_hold_with_and_without_port(fields: Fields, signature: str, url: str) -> None:
    assert _form(signature, fields, url)


@pytest.mark.parametrize(
    "changed",
    [
        (*CALL, (b"Body", b"more")),
        CALL[:-1],
        (*CALL[:-1], (b"To", b"+18005551213")),
    ],
)
def test_a_changed_form_is_refused(changed: Fields) -> None:
    assert not _form("RSOYDt4T1cUTdK1PDd93/VVr8B8=", changed)


@pytest.mark.parametrize("signature", ["", "x", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "\udcff\udcfe", "é"])
def test_a_broken_signature_is_refused_without_an_exception(signature: str) -> None:
    assert not _form(signature, CALL)


def test_old_and_new_token_are_accepted_while_one_is_rotated() -> None:
    signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert _form(signature, CALL, PATH, "new", TOKEN)
    assert not _form(signature, CALL, PATH, "new", "older")


def test_an_empty_token_signs_nothing() -> None:
    url = SignedUrl(PATH)
    forged = sign("", url.spellings[0]).decode()
    assert not verify_form(forged, urls=url.spellings, fields=(), tokens=("",))


def test_blank_values_and_spaces_count() -> None:
    url = SignedUrl(PATH)
    fields = decode(b"Body=&From=+%2B1+&To=x")
    assert fields == ((b"Body", b""), (b"From", b" +1 "), (b"To", b"x"))
    signature = sign(TOKEN, url.spellings[0], fields).decode()
    assert verify_form(signature, urls=url.spellings, fields=fields, tokens=(TOKEN,))
    assert not verify_form(
        signature, urls=url.spellings, fields=decode(b"Body=&From=%2B1&To=x"), tokens=(TOKEN,)
    )


@pytest.mark.parametrize(
    ("configured", "signed"),
    [
        ("https://user:pw@h.example:8443/hook", "https://user:pw@h.example:8443/hook"),
        ("https://user:pw@h.example:8443/hook", "https://user:pw@h.example/hook"),
        ("https://user:pw@h.example/hook", "https://user:pw@h.example:443/hook"),
        ("http://h.example/hook", "http://h.example:80/hook"),
        ("http://[::1]:8080/hook", "http://[::1]:8080/hook"),
        ("http://[::1]:8080/hook", "http://[::1]/hook"),
        ("HTTPS://h.example/hook", "https://h.example/hook"),
    ],
)
def test_user_information_and_brackets_survive_the_port(configured: str, signed: str) -> None:
    signature = sign(TOKEN, signed.encode(), CALL).decode()
    urls = SignedUrl(configured).spellings
    assert verify_form(signature, urls=urls, fields=CALL, tokens=(TOKEN,))


def test_a_user_is_never_taken_for_the_host() -> None:
    signature = sign(TOKEN, b"https://user/hook", CALL).decode()
    urls = SignedUrl("https://user:pw@h.example:8443/hook").spellings
    assert not verify_form(signature, urls=urls, fields=CALL, tokens=(TOKEN,))


@pytest.mark.parametrize("url", ["/hook", "ftp://h.example/", "https://", "https://h.example/?a=1"])
def test_only_absolute_web_addresses_can_be_signed(url: str) -> None:
    with pytest.raises(ValueError, match="not an absolute"):
        SignedUrl(url)


def _body(signature: str, query: str, body: bytes = BODY) -> bool:
    urls = SignedUrl(PATH).with_query(query)
    return verify_body(signature, urls=urls, query=query, body=body, tokens=(TOKEN,))


def test_a_body_that_is_no_form_is_covered_by_its_hash() -> None:
    query = f"{QUERY}&bodySHA256={BODY_HASH}"
    assert _body("a9nBmqA0ju/hNViExpshrM61xv4=", query)
    assert not _body("a9nBmqA0ju/hNViExpshrM61xv4=", query, BODY + b" ")
    assert not _body("RSOYDt4T1cUTdK1PDd93/VVr8B8=", query)


@pytest.mark.parametrize("query", ["", QUERY, "bodySHA256=", "bodySHA256=%C3%A9"])
def test_a_body_without_its_hash_is_refused_though_the_url_is_signed(query: str) -> None:
    url = SignedUrl(PATH).with_query(query)[0]
    assert not _body(sign(TOKEN, url).decode(), query)


def test_two_hashes_are_refused() -> None:
    query = f"bodySHA256={sha256(b'').hexdigest()}&bodySHA256={BODY_HASH}"
    url = SignedUrl(PATH).with_query(query)[0]
    assert not _body(sign(TOKEN, url).decode(), query)


@pytest.mark.thorough
@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=8), st.text(max_size=12)).filter(
            lambda pair: all(not 0xD800 <= ord(c) <= 0xDFFF for c in "".join(pair))
        ),
        max_size=12,
    )
)
def test_equals_the_vendors_own_library(pairs: list[tuple[str, str]]) -> None:
    validator = cast("Validator", RequestValidator(TOKEN))
    expected = validator.compute_signature(PATH, MultiDict(pairs))
    fields = tuple((name.encode(), value.encode()) for name, value in pairs)
    assert sign(TOKEN, PATH.encode(), fields).decode() == expected

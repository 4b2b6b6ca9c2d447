"""Status callbacks: read strictly, ranked, never going backwards."""

from __future__ import annotations

from contextlib import suppress
from itertools import permutations
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.sms.form import decode
from channels.sms.status import key_of, parse, state_of
from triggerhub.domain.errors import Rejected
from triggerhub.domain.model.delivery import advances

SID = "SM" + "0f" * 16
ACCOUNT = "AC" + "1e" * 16


def encoded(**changes: str) -> bytes:
    base = {"MessageSid": SID, "AccountSid": ACCOUNT, "MessageStatus": "delivered"}
    return urlencode({**base, **changes}).encode()


def test_a_report() -> None:
    report = parse(encoded(MessageStatus="undelivered", ErrorCode="30003"))
    assert report.state == "failed"
    assert report.word == "undelivered"
    assert report.error_code == 30003


def test_the_key_is_the_word_on_the_message_known_or_not() -> None:
    assert key_of(decode(encoded(MessageStatus="undelivered"))) == f"{SID}:undelivered"
    assert key_of(decode(encoded(MessageStatus="Teleported"))) == f"{SID}:teleported"
    for status in ("", "no words", "x" * 41):
        with pytest.raises(Rejected, match="MessageStatus"):
            key_of(decode(encoded(MessageStatus=status)))


def test_the_old_names_will_do() -> None:
    body = urlencode({"SmsSid": SID, "AccountSid": ACCOUNT, "SmsStatus": "sent"}).encode()
    assert parse(body).state == "sent"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"MessageSid": ""}, "MessageSid"),
        ({"AccountSid": "x"}, "AccountSid"),
        ({"MessageStatus": "received"}, "MessageStatus"),
        ({"MessageStatus": "dancing"}, "MessageStatus"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, str], reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        parse(encoded(**changes))


def _fold(words: tuple[str, ...]) -> str:
    state = "sending"
    for word in words:
        reported = state_of(word)
        if reported is not None and advances(state, reported):
            state = reported
    return state


def test_any_order_and_any_repetition_ends_the_same() -> None:
    for order in permutations(("queued", "sending", "sent", "delivered", "read")):
        assert _fold(order) == "read"
        assert _fold(order + order) == "read"
    for order in permutations(("queued", "sending", "sent", "undelivered")):
        assert _fold(order) == "failed"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_report_or_a_reason(noise: bytes) -> None:
    for body in (noise, encoded() + b"&" + noise):
        with suppress(Rejected):
            assert parse(body).word

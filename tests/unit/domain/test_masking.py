"""No address and no number survives the way into a fact; what a person needs to know does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggerhub.domain.masking import masked


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("550 5.1.1 <eve@cust.example>: unknown", "550 5.1.1 <e…@c…>: unknown"),
        ("rfc822;Eve.Smith+x@mail.cust.example", "rfc822;E…@m…"),
        ("no such user: 'eve@cust.example'.", "no such user: 'e…@c…'."),
        ("eve@cust.example and bob@cust.example", "e…@c… and b…@c…"),
        ("bounce+eve=cust.example@list.example", "b…@l…"),
        ('"eve smith"@cust.example is full', "e…@c… is full"),
        ("eve@[192.0.2.1] refused", "e…@1… refused"),
        ("eve%40cust.example", "e…@c…"),
        ("收件人<用户@例子.example>，不存在", "收件人<用…@例…>，不存在"),
        ("The 'To' number +447700900123 is not valid", "The 'To' number …23 is not valid"),
        ("whatsapp:+15550100199 has left", "whatsapp:…99 has left"),
        ("+44 (0)7700 900-123", "…23"),
        ("call 07700 900123 or 555.010.0199", "call …23 or …99"),
        ("tel:+86\u00a0138\u00a00000\u00a00000", "tel:…00"),
        ("电话13800000000无法接通", "电话…00无法接通"),
        ("the number.07700900123", "the number.…23"),
        ("552 5.2.2 mailbox full", "552 5.2.2 mailbox full"),
        ("450 4.7.1 try again in 300 seconds", "450 4.7.1 try again in 300 seconds"),
        ("Twilio 21610: unsubscribed", "Twilio 21610: unsubscribed"),
        ("message msg_0190000012345678 is gone", "message msg_0190000012345678 is gone"),
        ("no answer in time", "no answer in time"),
        ("", ""),
    ],
)
def test_what_is_left(words: str, left: str) -> None:
    assert masked(words) == left


LETTERS = st.text(st.sampled_from("abcXYZ019._+-é用"), min_size=2, max_size=60)


@given(st.text(), LETTERS, LETTERS, st.text())
def test_no_mailbox_survives(before: str, local: str, domain: str, after: str) -> None:
    address = f"{local}@{domain}"
    assert address not in masked(f"{before} <{address}> {after}")


@given(st.text())
def test_masked_stays_masked(words: str) -> None:
    once = masked(words)
    assert masked(once) == once


@pytest.mark.thorough
@pytest.mark.parametrize("words", ["a" * 50_000, "1-" * 25_000, '"' * 50_000, "a@" * 25_000])
def test_a_long_text_is_no_trap(words: str) -> None:
    """Quadratic work on it would not end before the suite's own timeout."""
    assert masked(words * 4)

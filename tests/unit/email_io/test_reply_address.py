"""Signed addresses and Message-IDs: what we made is recognised, what we didn't make isn't."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.reply_address import ReplyAddresses, mailbox_of
from config.mailbox import LONGEST_LOCAL_PART
from triggerhub.domain.clock import RandomIds, SystemClock
from triggerhub.domain.errors import Invalid

REPLIES = ReplyAddresses(b"k" * 32)
OTHERS = ReplyAddresses(b"o" * 32)

tokens = st.text(string.ascii_lowercase + string.digits + "_-", min_size=1, max_size=26)
locals_ = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=LONGEST_LOCAL_PART)


@given(locals_, tokens)
def test_what_was_made_is_found_whatever_its_case(local: str, token: str) -> None:
    address = REPLIES.make(f"{local}@demo.example", token)
    assert len(address.rpartition("@")[0]) <= 64
    assert address == address.lower()
    for written in (address, address.upper(), f"  {address.title()} "):
        assert REPLIES.find([written]) == (token,)
    assert OTHERS.find([address]) == ()
    assert mailbox_of(address) == f"{local}@demo.example"


@given(tokens, st.integers(min_value=0), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_changed_one_is_not_found(token: str, where: int, char: str) -> None:
    local, _, domain = REPLIES.make("support@demo.example", token).partition("@")
    start = len("support+c.")
    index = start + where % (len(local) - start)
    changed = f"{local[:index]}{char}{local[index + 1 :]}@{domain}"
    found = REPLIES.find([changed])
    assert found == ((token,) if changed == f"{local}@{domain}" else ())


@given(st.text(max_size=80))
def test_any_text_is_looked_at_without_harm(text: str) -> None:
    assert REPLIES.find([text, f"support+c.{text}@demo.example"]) == ()
    assert REPLIES.message_of(text) is None
    mailbox_of(text)


def test_an_id_of_ours_fits_beside_the_longest_mailbox() -> None:
    token = RandomIds(SystemClock()).new("rt")
    mailbox = "a" * LONGEST_LOCAL_PART + "@demo.example"
    assert REPLIES.find([REPLIES.make(mailbox, token)]) == (token,)
    longest = "t" * 26
    assert REPLIES.find([REPLIES.make(mailbox, longest)]) == (longest,)
    with pytest.raises(Invalid, match="too long"):
        REPLIES.make("a" + mailbox, longest)


def test_several_are_found_in_order_and_once() -> None:
    one, two = (REPLIES.make("support@demo.example", token) for token in ("one", "two"))
    assert REPLIES.find([two, "anna@customer.example", one, two.upper()]) == ("two", "one")


@pytest.mark.parametrize(
    ("mailbox", "token"),
    [
        ("support", "tok"),
        ("@demo.example", "tok"),
        ("a+b@demo.example", "tok"),
        ("support@demo.example\r\nBcc: x@y.example", "tok"),
        ("support@demo.example", ""),
        ("support@demo.example", "Tok"),
        ("support@demo.example", "a.b"),
        ("support@demo.example", "a\r\nb"),
        ("support@demo.example", "t" * 27),
        ("s" * 40 + "@demo.example", "t" * 20),
    ],
)
def test_what_cannot_be_carried_is_refused(mailbox: str, token: str) -> None:
    with pytest.raises(Invalid):
        REPLIES.make(mailbox, token)


def test_a_weak_key_is_refused() -> None:
    with pytest.raises(Invalid, match="at least 16"):
        ReplyAddresses(b"short")


@pytest.mark.parametrize(
    "address", ["anna+c@x.example", "+c.tok.mac@x.example", "anna+news@x.example", "anna"]
)
def test_other_plus_addresses_are_left_alone(address: str) -> None:
    assert mailbox_of(address) == address


def test_a_message_id_is_the_same_each_time_and_names_its_message() -> None:
    message_id = REPLIES.message_id("msg_01", "support@demo.example")
    assert message_id == REPLIES.message_id("msg_01", "support@demo.example")
    assert message_id.endswith("@demo.example")
    assert REPLIES.message_of(message_id) == REPLIES.message_of(f" <{message_id}> ") == "msg_01"
    assert OTHERS.message_of(message_id) is None
    assert REPLIES.message_of(message_id.replace("msg_01", "msg_02")) is None
    assert REPLIES.message_id("msg_02", "support@demo.example") != message_id
    for bad in ("", "a b", "a\r\n", "a@b"):
        with pytest.raises(Invalid):
            REPLIES.message_id(bad, "support@demo.example")
    with pytest.raises(Invalid):
        REPLIES.message_id("msg_01", "support@demo\r\n.example")

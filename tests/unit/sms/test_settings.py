"""Accounts: what is wrong is named, and tokens stay out of sight."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from channels.sms.settings import SmsAccount

GOOD: dict[str, object] = {
    "name": "Main number",
    "numbers": ["+12025550100", "12345"],
    "account_sid": "AC" + "0" * 32,
    "auth_token": "not-a-real-token",
}


def test_a_good_account() -> None:
    account = SmsAccount.model_validate(GOOD)
    assert account.numbers == ("+12025550100", "12345")
    assert list(account.tokens()) == ["not-a-real-token"]
    assert account.owns("+12025550100")
    assert not account.owns("+12025550101")


def test_both_tokens_while_rotating_the_new_one_first() -> None:
    account = SmsAccount.model_validate({**GOOD, "previous_auth_token": "older"})
    assert list(account.tokens()) == ["not-a-real-token", "older"]


def test_tokens_do_not_show() -> None:
    account = SmsAccount.model_validate({**GOOD, "previous_auth_token": "older-token"})
    for text in (repr(account), str(account), account.model_dump_json()):
        assert "not-a-real-token" not in text
        assert "older-token" not in text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("numbers", []),
        ("numbers", ["202 555 0100"]),
        ("numbers", ["whatsapp:+12025550100"]),
        ("numbers", ["+12025550100", "+12025550100"]),
        ("account_sid", "AC123"),
        ("auth_token", " "),
        ("auth_token", ""),
        ("previous_auth_token", "x "),
        ("messaging_service_sid", "SM" + "0" * 32),
        ("colour", "blue"),
    ],
)
def test_each_fault_is_named_by_its_field(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        SmsAccount.model_validate({**GOOD, field: value})
    assert {error["loc"][0] for error in caught.value.errors()} == {field}

"""No secret and, but for debugging, no customer in a log line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggerhub.observability import STRUCK, Redaction, without_addresses, without_secrets

SECRET = "k3tt1e-Sp0ut-0123456789abcdefghijKLMN"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"{{'Authorization': 'Basic {SECRET}'}}",
        f"-H 'authorization: {SECRET}'",
        f"GET https://api.telegram.org/bot123456:{SECRET}/sendMessage",
        f"GET https://api.telegram.org/file/bot123456:{SECRET}/photo.jpg",
        f"token 123456789:{SECRET} refused",
        f"smtp://hub:{SECRET}@relay.example:587",
        f"postgresql+psycopg://:{SECRET}@db/hub",
        f"/hooks/x?access_token={SECRET}&a=1",
        f"Cookie: triggerhub_session={SECRET}; theme=dark",
        f'{{"password": "{SECRET}"}}',
        f"auth_token={SECRET!r}",
        f"X-Twilio-Signature: {SECRET}",
        f"X-Telegram-Bot-Api-Secret-Token: {SECRET}",
        f"X-CSRF-Token: {SECRET}",
    ],
)
def test_secrets_in_text(text: str) -> None:
    clean = without_secrets(text)
    assert SECRET not in clean
    assert STRUCK in clean
    assert without_secrets(clean) == clean


def test_twilio_urls() -> None:
    url = "https://api.twilio.com/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json"
    clean = without_addresses(without_secrets(url + "?To=%2B12025550123"))
    assert "AC0123" not in clean
    assert "2025550" not in clean
    assert clean.startswith("https://api.twilio.com/2010-04-01/Accounts/")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("from ann@kettle.example now", "from …@kettle.example now"),
        ("<o'neil+x@mail.kettle.example>", "<…@mail.kettle.example>"),
        ("whatsapp:+12025550123", "whatsapp:+…23"),
        ("+44 7700 900123 called", "+…23 called"),
        ("at 2026-01-05 09:00:00, 12025550 events, 127.0.0.1:8080", None),
        ("a @decorator and 3 + 4", None),
    ],
)
def test_addresses_in_text(text: str, clean: str | None) -> None:
    assert without_addresses(text) == (text if clean is None else clean)


def redact(addresses: bool = True, **line: object) -> dict[str, object]:
    return dict(Redaction(addresses=addresses)(None, "info", line))


def test_secrets_by_the_name_of_the_field() -> None:
    assert redact(password="x", auth_token="y", headers={"Cookie": "z"}, token_id="tok_1") == {
        "password": STRUCK,
        "auth_token": STRUCK,
        "headers": {"Cookie": STRUCK},
        "token_id": "tok_1",
    }


def test_values_that_are_no_text() -> None:
    assert redact(n=3, ok=True, none=None, raw=b"abc", to=["ann@kettle.example"]) == {
        "n": 3,
        "ok": True,
        "none": None,
        "raw": "<3 bytes>",
        "to": ["…@kettle.example"],
    }
    assert redact(error=ValueError("no ann@kettle.example"))["error"] == "no …@kettle.example"
    assert redact(phone="02079460000")["phone"] == "…00"


def test_debugging_shows_addresses_and_no_secrets() -> None:
    assert redact(False, to="ann@kettle.example", password="x") == {
        "to": "ann@kettle.example",
        "password": STRUCK,
    }


@given(st.text(max_size=300))
def test_any_text_can_be_cleaned(text: str) -> None:
    once = without_addresses(without_secrets(text))
    assert without_secrets(once) == once or STRUCK in once


@pytest.mark.parametrize("piece", ["password", "a", "+1", "a@", "://", "a:b", "token ", "x."])
def test_long_text_costs_no_more_than_its_length(piece: str) -> None:
    """Patterns that look back and forth would take minutes for this."""
    line = redact(text=piece * 100_000)
    assert len(str(line["text"])) < 200_000

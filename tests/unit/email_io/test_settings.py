"""An e-mail account, and the form in which addresses are compared."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from channels.email.settings import EmailAccount
from config.mailbox import normal
from triggerhub.domain.errors import Invalid


def test_addresses_are_kept_in_their_normal_form() -> None:
    account = EmailAccount(name="Support", addresses=("Support@Demo.Example", "kf@例子.example"))
    assert account.addresses == ("support@demo.example", "kf@xn--fsqu00a.example")


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("support", "plain mailbox"),
        ("a b@demo.example", "plain mailbox"),
        ("Demo <support@demo.example>", "plain mailbox"),
        ("support@demo.example\r\nBcc: a@b.example", "plain mailbox"),
        ("客服@demo.example", "plain mailbox"),
        ("support@", "domain"),
        (".support@demo.example", "plain mailbox"),
        ("support+x@demo.example", "leave out the"),
        ("a" * 22 + "@demo.example", "signed reply"),
    ],
)
def test_a_bad_address_is_explained(address: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        EmailAccount(name="Support", addresses=(address,))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "addresses": ["a@b.example"]},
        {"name": "x", "addresses": []},
        {"name": "x", "addresses": ["a@b.example", "A@B.example"]},
        {"name": "x", "addresses": ["a@b.example"], "adresses": []},
        {"name": "x", "addresses": ["a@b.example"], "sender_name": "a\nb"},
    ],
)
def test_other_faults(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EmailAccount.model_validate(fields)


def test_what_is_wrong_with_a_declared_one_is_said_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        EmailAccount.declared("Shop", ["a+b@shop.example", "客服@shop.example"], "Shop\n", [])
    said = str(refused.value)
    assert said.startswith(
        "the mailbox 'Shop': addresses, 'a+b@shop.example': leave out the + part"
    )
    assert "addresses, '客服@shop.example': write a plain mailbox" in said
    assert "sender_name, 'Shop\\n'" in said


def test_a_web_form_may_write_from_any_mailbox() -> None:
    account = EmailAccount.declared(
        "Shop", ["a@shop.example"], "", ["Web+Form@x.example", "a" * 40 + "@x.example"]
    )
    assert account.options() == {"forms": f"web+form@x.example {'a' * 40}@x.example"}


@pytest.mark.parametrize(
    ("written", "same"),
    [
        (" Anna@Customer.EXAMPLE. ", "anna@customer.example"),
        ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
        ("anna@faß.example", "anna@xn--fa-hia.example"),
        ("a.b+c@x.example", "a.b+c@x.example"),
        ("Jose\u0301@x.example", "jos\xe9@x.example"),
        ("anna@\U0001f600..\u200b", "anna@\U0001f600..\u200b"),
        ("postmaster", "postmaster"),
        ("", ""),
    ],
)
def test_normal_form(written: str, same: str) -> None:
    assert normal(written) == same


@given(st.text(max_size=60))
@example("\x85.")
@example(". .")
@example("例。")
def test_the_normal_form_of_anything_is_its_own(text: str) -> None:
    assert normal(normal(f"anna@{text}")) == normal(f"anna@{text}")

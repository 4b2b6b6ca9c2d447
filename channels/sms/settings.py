"""One configured Twilio account with the numbers that belong to it.

Owns what such an account consists of and what is wrong with a bad one; must not know where it is
kept. The seed file spells it ``[[sms.accounts]] name, numbers, account_sid, auth_token``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from channels.sms.parse import address_of
from triggerhub.domain.errors import Rejected
from triggerhub.domain.model.message import Account


def _number(value: str) -> str:
    address = address_of(value)
    if address is None or address.network != "sms" or address.kind == "name":
        raise ValueError("write a number in E.164, like +12025550100 (or a short code)")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("the same number stands there twice")
    return values


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text or text != text.strip() or not text.isascii():
        raise ValueError("a token is not blank, has no spaces around it and is ASCII")
    return value


Number = Annotated[str, AfterValidator(_number)]
Token = Annotated[SecretStr, AfterValidator(_token)]


class SmsAccount(BaseModel):
    """A channel account of type sms. Tokens never show in ``repr`` or dumps.

    ``numbers`` serve SMS and WhatsApp alike, so they are written without ``whatsapp:``.
    ``previous_auth_token`` is still accepted on webhooks while a token is being rotated; sending
    uses ``auth_token`` alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    numbers: Annotated[tuple[Number, ...], Field(min_length=1), AfterValidator(_distinct)]
    account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")]
    auth_token: Token
    previous_auth_token: Token | None = None
    messaging_service_sid: Annotated[str, Field(pattern=r"^MG[0-9a-fA-F]{32}$")] | None = None

    @classmethod
    def of(cls, account: Account) -> Self:
        """The settings behind a configured account; raises ``Rejected`` naming the bad fields."""
        try:
            return cls.model_validate(
                {
                    "name": account.name,
                    "numbers": account.addresses,
                    "account_sid": account.options.get("account_sid", ""),
                    "auth_token": account.secrets.get("auth_token", ""),
                    "previous_auth_token": account.secrets.get("previous_auth_token") or None,
                    "messaging_service_sid": account.options.get("messaging_service_sid") or None,
                }
            )
        except ValidationError as exc:
            fields = sorted({str(error["loc"][0]) for error in exc.errors(include_input=False)})
            # Without `from exc`: pydantic's text would quote the values, tokens among them.
            raise Rejected(
                f"the account {account.name!r} has a wrong {', '.join(fields)}",
                code="account_misconfigured",
            ) from None

    def options(self) -> dict[str, str]:
        """What of it is kept openly, for ``Account.options``."""
        service = self.messaging_service_sid
        return {
            "account_sid": self.account_sid,
            **({} if service is None else {"messaging_service_sid": service}),
        }

    def secrets(self) -> dict[str, str]:
        """What of it is kept encrypted, for ``Account.secrets``."""
        previous = self.previous_auth_token
        return {
            "auth_token": self.auth_token.get_secret_value(),
            **({} if previous is None else {"previous_auth_token": previous.get_secret_value()}),
        }

    def tokens(self) -> Iterator[str]:
        """Every token under which a webhook may be signed, the current one first."""
        yield self.auth_token.get_secret_value()
        if self.previous_auth_token is not None:
            yield self.previous_auth_token.get_secret_value()

    def owns(self, number: str) -> bool:
        """Whether a number (E.164 or short code, without network) is one of this account's."""
        return number in self.numbers

"""One configured Twilio account with the numbers that belong to it.

Owns what such an account consists of and what is wrong with a bad one; must not know where it is
kept. The seed file spells it ``[[sms.accounts]] name, numbers, account_sid, auth_token``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_SHORT_CODE = re.compile(r"[0-9]{3,8}\Z")


def _number(value: str) -> str:
    if not (_E164.match(value) or _SHORT_CODE.match(value)):
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

    def tokens(self) -> Iterator[str]:
        """Every token under which a webhook may be signed, the current one first."""
        yield self.auth_token.get_secret_value()
        if self.previous_auth_token is not None:
            yield self.previous_auth_token.get_secret_value()

    def owns(self, number: str) -> bool:
        """Whether a number (E.164 or short code, without network) is one of this account's."""
        return number in self.numbers

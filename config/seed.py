"""What a file may declare beyond process settings: accounts, queues and users of a hub.

Owns the spelling of the sections. The forms of addresses and numbers are checked here as far as a
person mistypes them; what a channel asks beyond that, the channel says itself.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)

from config.mailbox import distinct, own_mailbox

_MAILBOX = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\Z")
_NUMBER = re.compile(r"(?:\+[1-9][0-9]{6,14}|[0-9]{3,8})\Z")


def _mailbox(value: str) -> str:
    if not _MAILBOX.match(value):
        raise ValueError("it is not a mailbox")
    return value


def _own_mailbox(value: str) -> str:
    return own_mailbox(_mailbox(value))


def _number(value: str) -> str:
    if not _NUMBER.match(value):
        raise ValueError("it is neither a number in E.164 nor a short code")
    return value


def _zone(value: str) -> str:
    known = available_timezones()
    if known and value not in known:
        raise ValueError("it is not a time zone")
    return value


def _language(value: object) -> object:
    return "zh-CN" if value == "zh" else value


def _present(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("it is empty")
    return value


def _argon2(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("$argon2"):
        raise ValueError("it is not an argon2 hash")
    return value


LOGIN = r"^[^\s\x00-\x1f\x7f]{1,100}$"
NAME = r"^[^\x00-\x1f\x7f]{1,100}$"
ONE_LINE = r"^[^\x00-\x1f\x7f]*$"

Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=NAME,
        json_schema_extra={"right": "a name of 1 to 100 characters"},
    ),
]
Secret = Annotated[SecretStr, AfterValidator(_present)]
Language = Annotated[
    Literal["en", "zh-CN"],
    BeforeValidator(_language),
    Field(json_schema_extra={"right": "en or zh-CN"}),
]
Queue = Annotated[
    str | None, Field(json_schema_extra={"right": "the name of one of the [[queues]]"})
]


# What every company's agents can be (triggerhub.domain.model.agent).
COMMON_PRESENCES = ("offline", "available", "break", "meal", "meeting", "training", "busy")


def _own_presence(value: str) -> str:
    if value.casefold() in COMMON_PRESENCES:
        raise ValueError("every company has it already")
    return value


PresenceName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=NAME),
    AfterValidator(_own_presence),
]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HubSeed(Section):
    """`[hub]`: how the company is called and where it is at home."""

    name: Name = "Trigger Center"
    timezone: Annotated[
        str,
        AfterValidator(_zone),
        Field(json_schema_extra={"right": "a name such as Europe/Berlin or Asia/Shanghai"}),
    ] = "UTC"
    default_region: Annotated[
        str,
        Field(
            pattern=r"^[A-Z]{2}$",
            json_schema_extra={"right": "two letters, such as US: whose numbers lack a +"},
        ),
    ] = "US"
    language: Language = "en"
    presences: Annotated[
        tuple[PresenceName, ...],
        Field(
            max_length=20,
            json_schema_extra={
                "right": 'up to 20 of your own, of 1 to 40 characters, such as ["Coaching"]'
            },
        ),
    ] = ()


class QueueSeed(Section):
    """`[[queues]]`"""

    name: Name
    sla_seconds: Annotated[
        int,
        Field(ge=1, le=30 * 86_400, json_schema_extra={"right": "seconds until an answer, 1 up"}),
    ] = 3600
    offer_seconds: Annotated[
        int, Field(ge=5, le=3600, json_schema_extra={"right": "seconds to accept, 5 to 3600"})
    ] = 30
    auto_accept: Annotated[bool, Field(json_schema_extra={"right": "true or false"})] = False

    @property
    def sla(self) -> timedelta:
        return timedelta(seconds=self.sla_seconds)


class EmailAccountSeed(Section):
    """`[[email.accounts]]`: a mailbox. The first address is the one that answers come from."""

    name: Name
    addresses: Annotated[
        tuple[Annotated[str, AfterValidator(_own_mailbox)], ...],
        Field(
            min_length=1,
            json_schema_extra={"right": 'a list of mailboxes, such as ["support@company.example"]'},
        ),
        AfterValidator(distinct),
    ]
    sender_name: Annotated[
        str,
        Field(
            max_length=100,
            pattern=ONE_LINE,
            json_schema_extra={"right": "what customers see beside the address, on one line"},
        ),
    ] = ""
    forms: Annotated[
        tuple[Annotated[str, AfterValidator(_mailbox)], ...],
        Field(
            json_schema_extra={
                "right": "a list of mailboxes that web forms write from: who wrote is in Reply-To"
            }
        ),
    ] = ()
    queue: Queue = None


class SmsAccountSeed(Section):
    """`[[sms.accounts]]`: numbers of one Twilio account, for SMS and WhatsApp."""

    name: Name
    numbers: Annotated[
        tuple[Annotated[str, AfterValidator(_number)], ...],
        Field(
            min_length=1,
            json_schema_extra={
                "right": 'a list of numbers in E.164 or short codes, such as ["+12025550100"]'
            },
        ),
    ]
    account_sid: Annotated[
        str,
        Field(
            pattern=r"^AC[0-9a-fA-F]{32}$",
            json_schema_extra={"right": "AC and 32 hexadecimal digits, from Twilio's console"},
        ),
    ]
    auth_token: Annotated[
        Secret, Field(json_schema_extra={"right": "the account's auth token, in quotes"})
    ]
    previous_auth_token: Annotated[
        Secret | None,
        Field(json_schema_extra={"right": "the token before it, while it is rotated"}),
    ] = None
    messaging_service_sid: Annotated[
        str | None,
        Field(
            pattern=r"^MG[0-9a-fA-F]{32}$",
            json_schema_extra={"right": "MG and 32 hexadecimal digits"},
        ),
    ] = None
    queue: Queue = None


Pieces = Annotated[
    int | None,
    Field(ge=0, le=100, json_schema_extra={"right": "pieces of work at a time, 0 to 100"}),
]


class CapacitySeed(Section):
    """`capacity` of one of the `[[users]]`; 0: nothing of this channel is offered to them."""

    email: Pieces = None
    sms: Pieces = None
    whatsapp: Pieces = None

    def by_channel(self) -> dict[str, int]:
        """Those that are given."""
        given = {"email": self.email, "sms": self.sms, "whatsapp": self.whatsapp}
        return {channel: pieces for channel, pieces in given.items() if pieces is not None}


class UserSeed(Section):
    """`[[users]]`: a person who signs in, with a password or its argon2 hash, one of them."""

    login: Annotated[
        str,
        Field(
            pattern=LOGIN,
            json_schema_extra={"right": "1 to 100 characters without spaces"},
        ),
    ]
    name: Name
    role: Annotated[
        Literal["agent", "supervisor", "admin"],
        Field(json_schema_extra={"right": "agent, supervisor or admin"}),
    ] = "agent"
    password: Annotated[
        Secret | None, Field(json_schema_extra={"right": "a password in quotes"})
    ] = None
    password_hash: Annotated[
        SecretStr | None,
        AfterValidator(lambda v: v and _argon2(v)),
        Field(json_schema_extra={"right": "an argon2 hash, $argon2id$…"}),
    ] = None
    queues: Annotated[
        tuple[str, ...], Field(json_schema_extra={"right": "a list of names of [[queues]]"})
    ] = ()
    language: Language = "en"
    capacity: Annotated[
        CapacitySeed | None,
        Field(
            json_schema_extra={
                "right": "pieces of work at a time by channel, such as { sms = 3 }; others have 1"
            }
        ),
    ] = None
    disabled: Annotated[
        bool | None,
        Field(json_schema_extra={"right": "true or false; unset, what a command said holds"}),
    ] = None


class EmailSeed(Section):
    accounts: tuple[EmailAccountSeed, ...] = ()


class SmsSeed(Section):
    accounts: tuple[SmsAccountSeed, ...] = ()


class Seed(Section):
    """The seed sections of a file. An account goes to the queue that its `queue` names."""

    hub: HubSeed | None = None
    queues: tuple[QueueSeed, ...] = ()
    email: EmailSeed = EmailSeed()
    sms: SmsSeed = SmsSeed()
    users: tuple[UserSeed, ...] = ()
